import { assertStatistic } from "./assert.ts";

/** What is known of the mean outcome at one level of an ordered parameter. */
export interface LevelObservation {
  readonly n: number;
  /** Any number where n is 0. */
  readonly mean: number;
}

/** The prior: neighbours differ by `step` (sd), levels by `spread` around `centre`. */
export interface SmootherPrior {
  readonly outcomeVariance: number;
  /** One for all neighbours of an even grid, or one for each level and the next: a random walk's grows with the root of their distance. */
  readonly step: number | readonly number[];
  readonly centre: number;
  readonly spread: number;
}

/** The posterior of the means of all levels, jointly normal. */
export interface SmoothedLevels {
  readonly mean: readonly number[];
  readonly sd: readonly number[];
  /** Maps independent standard normal numbers, one a level, to a joint draw of the means. */
  readonly draw: (normals: readonly number[]) => number[];
}

/**
 * First-order random-walk smoother of ordered arms: precision Q = diag(n/sig2 + 1/spread^2)
 * + D' diag(1/step^2) D, right side n mean/sig2 + centre/spread^2, solved as a tridiagonal system in O(K)
 * (Rue & Held, Gaussian Markov Random Fields, 2005, section 3.3). First differences, since plateaus
 * with a cliff are what is seen. It *proposes* where to look; only the engine decides.
 * No levels: empty. One level: the usual normal posterior. Errors: throws on a variance not positive.
 */
export function smoothLevels(
  levels: readonly LevelObservation[],
  prior: SmootherPrior,
): SmoothedLevels {
  const { outcomeVariance, step, centre, spread } = prior;
  const count = levels.length;
  const steps =
    typeof step === "number" ? new Array<number>(Math.max(1, count - 1)).fill(step) : step;
  assertStatistic(
    outcomeVariance > 0 && spread > 0 && steps.every((own) => own > 0),
    "variances are positive",
  );
  assertStatistic(steps.length >= count - 1, "every level but the last has a step to the next");
  const coupling = steps.map((own) => 1 / own ** 2);
  const pull = 1 / spread ** 2;
  const diagonal: number[] = [];
  const right: number[] = [];
  for (const [i, { n, mean }] of levels.entries()) {
    const before = i > 0 ? (coupling[i - 1] ?? 0) : 0;
    const after = i < count - 1 ? (coupling[i] ?? 0) : 0;
    diagonal.push(n / outcomeVariance + pull + before + after);
    right.push((n > 0 ? (n * mean) / outcomeVariance : 0) + centre * pull);
  }
  const factor = choleskyOf(diagonal, coupling);
  const mean = backward(factor, forward(factor, right));
  return {
    mean,
    sd: variancesOf(factor).map(Math.sqrt),
    draw: (normals) => {
      assertStatistic(normals.length === count, "one normal number for every level");
      return backward(factor, normals).map((x, i) => x + (mean[i] ?? 0));
    },
  };
}

/** Q = L L' with L bidiagonal. */
interface Factor {
  readonly main: readonly number[];
  readonly below: readonly number[];
}

function choleskyOf(diagonal: readonly number[], coupling: readonly number[]): Factor {
  const main: number[] = [];
  const below: number[] = [];
  for (const [i, value] of diagonal.entries()) {
    const previous = main[main.length - 1];
    const down = previous === undefined ? 0 : -(coupling[i - 1] ?? 0) / previous;
    if (previous !== undefined) below.push(down);
    main.push(Math.sqrt(value - down * down));
  }
  return { main, below };
}

function forward({ main, below }: Factor, right: readonly number[]): number[] {
  const solved: number[] = [];
  for (const [i, value] of right.entries()) {
    const carried = i > 0 ? (below[i - 1] ?? 0) * (solved[i - 1] ?? 0) : 0;
    solved.push((value - carried) / (main[i] ?? 1));
  }
  return solved;
}

function backward({ main, below }: Factor, right: readonly number[]): number[] {
  const solved = new Array<number>(right.length).fill(0);
  for (let i = right.length - 1; i >= 0; i--) {
    const carried = (below[i] ?? 0) * (solved[i + 1] ?? 0);
    solved[i] = ((right[i] ?? 0) - carried) / (main[i] ?? 1);
  }
  return solved;
}

/** The diagonal of the inverse of Q, from the last level back (Takahashi's recursion). */
function variancesOf({ main, below }: Factor): number[] {
  const variances = new Array<number>(main.length).fill(0);
  for (let i = main.length - 1; i >= 0; i--) {
    const pivot = main[i] ?? 1;
    const ratio = (below[i] ?? 0) / pivot;
    variances[i] = 1 / pivot ** 2 + ratio ** 2 * (variances[i + 1] ?? 0);
  }
  return variances;
}
