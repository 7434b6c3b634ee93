import { assertStatistic } from "./assert.ts";
import { assertLevel } from "./confidence-sequence.ts";
import { type DifferenceEvidence, reaches } from "./difference.ts";
import { type Interval, outerBoundarySteps } from "./interval.ts";
import { logSumExp } from "./log-sum-exp.ts";
import { finish, type Steps } from "./steps.ts";

/** How one level stands to the best level. */
export interface LevelStanding {
  /** The value of the parameter at this level. */
  readonly value: number;
  /** False where the level was shown to be worse than the best one. */
  readonly isMember: boolean;
  /** By how much the best level, whichever it is, is better: above zero where it was shown, from zero up where not. Absent where not asked. */
  readonly shortfall: Interval | undefined;
}

/** The levels not shown to be worse than the best, and the stretches they span. */
export interface OptimumSet {
  /** In the order of the values given. */
  readonly levels: readonly LevelStanding[];
  /** From the first to the last of each run of adjacent members. */
  readonly ranges: readonly Interval[];
}

interface OptimumDesign {
  readonly alpha: number;
  /** Whether a level's shortfall is wanted although it is not shown; of none where absent. */
  readonly isBounded?: (index: number) => boolean;
}

/** To what the ends of a shortfall are searched. */
const TOLERANCE = 1e-4;

/**
 * The optimum set of an ordered parameter: every level not shown to be worse than the best.
 *
 * Level i is left out when the mean over the other levels j of the e-processes of "j is better than
 * i" passes 2K/alpha, for K levels. Where i is among the best, each of them is an e-process, so their
 * mean is one under any dependence: the chance that any level among the best is ever left out, at
 * any look, is at most alpha/2, for a plateau of any length. The other half of alpha is for the upper
 * ends of the shortfalls (a union over all K(K-1) ordered pairs), so that all statements of the
 * answer hold together with probability 1 - alpha: simultaneous intervals of the distance to the best
 * (Hsu 1981, "multiple comparisons with the best", with e-values in place of quantiles).
 *
 * `compare(i, j)` gives the evidence about mean(i) - mean(j), larger being better: independent,
 * stratified or paired. Pass only levels that have outcomes, in ascending order; a level without
 * any cannot be shown worse and would be a member. One level: it is the set. None: empty. Members have a shortfall where
 * `isBounded` says so: it is dear, and only says how much is not known.
 */
export function findOptimumSet(
  values: readonly number[],
  compare: (i: number, j: number) => DifferenceEvidence,
  design: OptimumDesign,
): OptimumSet {
  return finish(optimumSetSteps(values, compare, design));
}

/** The same in steps of a few pairs each. */
export function* optimumSetSteps(
  values: readonly number[],
  compare: (i: number, j: number) => DifferenceEvidence,
  design: OptimumDesign,
): Steps<OptimumSet> {
  assertLevel(design.alpha);
  assertStatistic(
    values.every((value, i) => i === 0 || value > (values[i - 1] ?? value)),
    "levels ascend",
  );
  const count = values.length;
  const levels: LevelStanding[] = [];
  for (const [i, value] of values.entries()) {
    const better: DifferenceEvidence[] = [];
    for (let j = 0; j < count; j++) {
      if (j !== i) better.push(compare(j, i));
      yield;
    }
    const isBounded = design.isBounded?.(i) ?? false;
    levels.push({
      value,
      ...(yield* standingSteps(better, { count, alpha: design.alpha, isBounded })),
    });
    yield;
  }
  return { levels, ranges: rangesOf(levels) };
}

/** The distance of a value to the nearest stretch of an optimum set; 0 inside, `undefined` without. */
export function distanceToOptimum(set: Pick<OptimumSet, "ranges">, value: number) {
  let nearest: number | undefined;
  for (const { low, high } of set.ranges) {
    const distance = Math.max(0, low - value, value - high);
    if (nearest === undefined || distance < nearest) nearest = distance;
  }
  return nearest;
}

function* standingSteps(
  better: readonly DifferenceEvidence[],
  how: { readonly count: number; readonly alpha: number; readonly isBounded: boolean },
): Steps<Omit<LevelStanding, "value">> {
  const { count, alpha } = how;
  if (better.length === 0) return { isMember: true, shortfall: { low: 0, high: 0 } };
  const threshold = Math.log((2 * count) / alpha);
  const isMember = !(yield* meanReachesSteps(better, 0, threshold));
  if (isMember && !how.isBounded) return { isMember, shortfall: undefined };
  yield;
  const largest = better.reduce((most, { estimate = 0 }) => Math.max(most, estimate), 0);
  const low = isMember
    ? 0
    : yield* outerBoundarySteps(
        { inside: largest, outside: 0, tolerance: TOLERANCE },
        {
          surely: (d) => logMeanAtMost(better, d) < threshold,
          *holds(d) {
            return !(yield* meanReachesSteps(better, d, threshold));
          },
        },
      );
  const high = yield* largestPossibleSteps(better, {
    largest,
    threshold: Math.log((2 * count * (count - 1)) / alpha),
  });
  return { isMember, shortfall: { low, high } };
}

/** The largest difference that some other level may have, each at the threshold: where the last of them is ruled out. */
function* largestPossibleSteps(
  better: readonly DifferenceEvidence[],
  from: { readonly largest: number; readonly threshold: number },
): Steps<number> {
  const { threshold } = from;
  let { largest: high } = from;
  for (const evidence of better.toSorted((a, b) => (b.estimate ?? 0) - (a.estimate ?? 0))) {
    const { logBelow, logBelowAtMost } = evidence;
    function* holds(d: number): Steps<boolean> {
      yield;
      return !reaches(logBelowAtMost, logBelow, { d, threshold });
    }
    if (!(yield* holds(high))) continue;
    const surely = (d: number) => logBelowAtMost !== undefined && logBelowAtMost(d) < threshold;
    high = yield* outerBoundarySteps(
      { inside: high, outside: 1, tolerance: TOLERANCE },
      { surely, holds },
    );
  }
  return high;
}

/** An upper bound of the log of the mean e-value that some other level is better by more than d. */
function logMeanAtMost(better: readonly DifferenceEvidence[], d: number): number {
  const terms = better
    .filter(({ estimate }) => estimate !== undefined && estimate > d)
    .map(({ logExceedsAtMost }) => logExceedsAtMost?.(d) ?? Number.POSITIVE_INFINITY);
  return logSumExp(terms) - Math.log(better.length);
}

/**
 * Whether the log of the mean e-value that some other level is better by more than d reaches a threshold. An e-value of a level that
 * was observed no better is left out of the sum, which can only lower it. The likeliest ones are computed first, and as few as decide.
 */
function* meanReachesSteps(
  better: readonly DifferenceEvidence[],
  d: number,
  threshold: number,
): Steps<boolean> {
  yield;
  const wanted = threshold + Math.log(better.length);
  const terms = better
    .filter(({ estimate }) => estimate !== undefined && estimate > d)
    .map((evidence) => ({ evidence, atMost: evidence.logExceedsAtMost?.(d) ?? Infinity }))
    .toSorted((a, b) => b.atMost - a.atMost);
  let sum = Number.NEGATIVE_INFINITY;
  for (const [place, { evidence }] of terms.entries()) {
    const most = logSumExp([sum, ...terms.slice(place).map(({ atMost }) => atMost)]);
    if (most < wanted) return false;
    sum = logSumExp([sum, evidence.logExceeds(d, wanted)]);
    if (sum >= wanted) return true;
    yield;
  }
  return false;
}

function rangesOf(levels: readonly LevelStanding[]): Interval[] {
  const ranges: Interval[] = [];
  let low: number | undefined;
  for (const [i, level] of levels.entries()) {
    if (!level.isMember) continue;
    low ??= level.value;
    if (levels[i + 1]?.isMember !== true) {
      ranges.push({ low, high: level.value });
      low = undefined;
    }
  }
  return ranges;
}
