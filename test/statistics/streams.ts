import {
  type BettingState,
  effectInterval,
  emptyState,
  foldUnit,
  logEvidence,
} from "../../src/stats/betting.ts";
import { type BettingDesign, freezeDesign } from "../../src/stats/betting-design.ts";
import type { IncrementSums } from "../../src/stats/increment-sums.ts";
import type { PowerSums } from "../../src/stats/power-sums.ts";
import { normalQuantile } from "../../src/stats/special.ts";
import type { Random } from "./random.ts";

/** A way to draw one outcome in 0..1, with the effect that is added in arm 1. */
export interface OutcomeKind {
  readonly name: string;
  /** Mean and variance without an effect. */
  readonly mean: number;
  readonly variance: number;
  readonly momentsAt: (effect: number) => { readonly mean: number; readonly variance: number };
  readonly draw: (random: Random, effect: number) => number;
}

export function bernoulliKind(p: number): OutcomeKind {
  const momentsAt = (effect: number) => ({
    mean: p + effect,
    variance: (p + effect) * (1 - p - effect),
  });
  return {
    name: `Bernoulli ${p}`,
    ...momentsAt(0),
    momentsAt,
    draw: (random, effect) => random.bernoulli(p + effect),
  };
}

/** A judge's score: normal around .6 with sd .2, on a grid of tenths, cut off at 0 and 1. */
function scoreOf(normal: number, effect: number): number {
  return Math.min(1, Math.max(0, Math.round((0.6 + effect + 0.2 * normal) * 10) / 10));
}

function scoreMoments(effect: number): { mean: number; variance: number } {
  const points = 20_000;
  const scores = Array.from({ length: points }, (_, i) =>
    scoreOf(normalQuantile((i + 0.5) / points), effect),
  );
  const mean = scores.reduce((sum, x) => sum + x, 0) / points;
  return { mean, variance: scores.reduce((sum, x) => sum + (x - mean) ** 2, 0) / points };
}

export const scoreKind: OutcomeKind = {
  name: "score sd .2, ties",
  ...scoreMoments(0),
  momentsAt: scoreMoments,
  draw: (random, effect) => scoreOf(random.normal(), effect),
};

/** Half zeros, otherwise uniform. */
export const zeroInflatedKind: OutcomeKind = {
  name: "zero-inflated",
  mean: 0.25,
  variance: 1 / 6 - 1 / 16,
  momentsAt: (effect) => {
    const mean = (0.5 + effect) / 2;
    return { mean, variance: (0.5 + effect) / 3 - mean * mean };
  },
  draw: (random, effect) => (random.uniform() < 0.5 + effect ? random.uniform() : 0),
};

export const FIVE_KINDS: readonly OutcomeKind[] = [
  bernoulliKind(0.6),
  bernoulliKind(0.95),
  bernoulliKind(0.99),
  scoreKind,
  zeroInflatedKind,
];

/** A design for the incumbent `kind`, with the centre boxed around its history. */
export function designFor(
  kind: OutcomeKind,
  propensity = 0.5,
  designedEffect = 0.05,
): BettingDesign {
  return freezeDesign({
    plannedPropensity: propensity,
    propensity: { low: propensity, high: propensity },
    centre: { low: Math.max(0, kind.mean - 0.1), high: Math.min(1, kind.mean + 0.1) },
    outcomeVariance: kind.variance,
    designedEffect,
    harmTolerance: 0.01,
    worthwhileEffect: 0.02,
    margin: 0.01,
  });
}

/** The running mean of both arms with ten prior outcomes, clamped to the declared box. */
export class Centre {
  #sum: number;
  #count = 10;
  readonly #design: BettingDesign;

  constructor(design: BettingDesign, kind: OutcomeKind) {
    this.#design = design;
    this.#sum = 10 * kind.mean;
  }

  value(): number {
    const { low, high } = this.#design.centre;
    return Math.min(high, Math.max(low, this.#sum / this.#count));
  }

  add(outcome: number): void {
    this.#sum += outcome;
    this.#count += 1;
  }
}

/** What one stream saw. */
export interface StreamResult {
  /** Units until |log E| of either mirror passed log(2/alpha); undefined if never. */
  readonly decidedAfter: number | undefined;
  readonly decidedBetter: boolean;
  /** Whether a naive t-test at 5 % ever fired, from the tenth unit on. */
  readonly naiveEver: boolean;
  readonly state: BettingState;
}

/** One stream of per-unit randomised outcomes, looked at after every one. */
export function runStream(
  kind: OutcomeKind,
  design: BettingDesign,
  random: Random,
  run: {
    readonly units: number;
    readonly effect: number;
    readonly alpha: number;
    readonly propensity?: number;
    readonly stopAtDecision?: boolean;
  },
): StreamResult {
  const { units, effect, alpha, propensity = 0.5, stopAtDecision = false } = run;
  const centre = new Centre(design, kind);
  const naive = new NaiveTest();
  const threshold = Math.log(2 / alpha);
  let state = emptyState(design);
  let decidedAfter: number | undefined;
  let decidedBetter = false;
  for (let index = 0; index < units; index++) {
    const arm = random.bernoulli(propensity);
    const outcome = kind.draw(random, arm === 1 ? effect : 0);
    state = foldUnit(design, state, { index, arm, outcome, propensity, centre: centre.value() });
    centre.add(outcome);
    naive.add(arm, outcome);
    if (decidedAfter === undefined) {
      const better = logEvidence(state, "superiority") >= threshold;
      if (better || logEvidence(state, "worse") >= threshold) {
        decidedAfter = index + 1;
        decidedBetter = better;
        if (stopAtDecision) break;
      }
    }
  }
  return { decidedAfter, decidedBetter, naiveEver: naive.fired, state };
}

/** Whether the effect is outside the interval of a state. */
export function misses(design: BettingDesign, state: BettingState, effect: number): boolean {
  const { low, high } = effectInterval(design, state, { alpha: 0.05 });
  return effect < low || effect > high;
}

/** The sums of increments with the given power sums, all of weight one: a fixed, planned propensity. */
export function plannedIncrements({ n, s1, s2, s3, s4 }: PowerSums): IncrementSums {
  const [u, w] = [
    { u: s1, uu: s2, uuu: s3, uuuu: s4 },
    { w: n, ww: n, www: n, wwww: n },
  ];
  return { n, ...u, ...w, uw: s1, uww: s1, uwww: s1, uuw: s2, uuww: s2, uuuw: s3 };
}

/** How many numbers a record holds, at any depth. */
export function numbersIn(value: unknown): number {
  if (typeof value === "number") return 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, each) => sum + numbersIn(each), 0);
}

/** The repeated two-sample t-test that everyone runs: fires at |t| > 1.96. */
class NaiveTest {
  fired = false;
  readonly #n = [0, 0];
  readonly #sum = [0, 0];
  readonly #squares = [0, 0];

  add(arm: 0 | 1, outcome: number): void {
    this.#n[arm] = (this.#n[arm] ?? 0) + 1;
    this.#sum[arm] = (this.#sum[arm] ?? 0) + outcome;
    this.#squares[arm] = (this.#squares[arm] ?? 0) + outcome * outcome;
    if (this.fired) return;
    const [n0 = 0, n1 = 0] = this.#n;
    if (n0 < 5 || n1 < 5) return;
    const [m0, m1] = [(this.#sum[0] ?? 0) / n0, (this.#sum[1] ?? 0) / n1];
    const v0 = ((this.#squares[0] ?? 0) / n0 - m0 * m0) / (n0 - 1);
    const v1 = ((this.#squares[1] ?? 0) / n1 - m1 * m1) / (n1 - 1);
    this.fired = Math.abs(m1 - m0) > 1.96 * Math.sqrt(v0 + v1);
  }
}

/** The q-quantile of values, those undefined counting as infinite. */
export function quantileOf(values: readonly (number | undefined)[], q: number): number {
  const sorted = values
    .map((value) => value ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** The largest count that a share p of n streams reaches by chance, at two standard deviations. */
export function binomialBound(n: number, p: number): number {
  return (p + 2 * Math.sqrt((p * (1 - p)) / n)) * n;
}
