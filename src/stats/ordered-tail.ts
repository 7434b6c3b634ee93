import { assertStatistic } from "./assert.ts";
import { assertLevel } from "./confidence-sequence.ts";
import {
  type DifferenceEvidence,
  evidenceIntervalSteps,
  independentEvidence,
  reaches,
} from "./difference.ts";
import type { Interval } from "./interval.ts";
import { EMPTY_SUMS, meanOf, mergeSums, type PowerSums, varianceOf } from "./power-sums.ts";
import { finish, type Steps } from "./steps.ts";

/** The levels at one end of an ordered parameter that are, taken together, shown to be worse than the rest: of no one of them. */
export interface OrderedTail {
  readonly side: "lower" | "upper";
  /** Indices of its levels, ascending. */
  readonly members: readonly number[];
  /** By how much the mean of the rest is higher than the mean of the tail; excludes zero. */
  readonly shortfall: Interval;
  readonly sampleSize: number;
}

/** How far a level must look worse on its own to be counted to a tail, in standard errors. */
const LOOKS_WORSE = 1.96;

/**
 * The tails of an ordered parameter where outcomes fall off: how much worse the end of the scale is as a whole.
 *
 * A tail is the longest run of levels from an end in which each lies more than 1.96 standard errors below the pooled rest. That
 * choice looks at the data, and may: the intervals of all 2(K-1) possible tails of K levels hold together, at every look, with
 * probability 1 - alpha (a union over e-processes of their difference), so whichever is chosen, its interval holds. A tail is returned only
 * where its interval excludes zero. It is a statement about the pool. A good level next to a bad one is drawn into its tail in 2.5 % of
 * looks, and in a fifth of the worlds at some look: which levels are worse is for `findClaimedEnds` to say.
 *
 * Levels ascend and hold outcomes in 0..1, more being better. Fewer than two levels: none. Observational: says where, not why.
 */
export function findOrderedTails(
  levels: readonly PowerSums[],
  design: { readonly alpha: number },
): OrderedTail[] {
  const poolAt = (side: readonly number[]) =>
    pool(side.map((index) => levels[index] ?? EMPTY_SUMS));
  const compare = (rest: readonly number[], tail: readonly number[]) =>
    independentEvidence(poolAt(rest), poolAt(tail));
  return finish(orderedTailSteps(levels, compare, design));
}

/** The same in steps, with the evidence about the mean of some levels together minus that of others. */
export function* orderedTailSteps(
  levels: readonly PowerSums[],
  compare: (rest: readonly number[], tail: readonly number[]) => DifferenceEvidence,
  design: { readonly alpha: number },
): Steps<OrderedTail[]> {
  assertLevel(design.alpha);
  assertStatistic(
    levels.every((sums) => sums.n > 0),
    "every level has outcomes",
  );
  if (levels.length < 2) return [];
  const alpha = design.alpha / (2 * (levels.length - 1));
  const tails: OrderedTail[] = [];
  for (const side of ["lower", "upper"] as const) {
    const ordered = side === "upper" ? levels.toReversed() : levels;
    const length = runThatLooksWorse(ordered);
    if (length === 0) continue;
    const first = side === "upper" ? levels.length - length : 0;
    const members = Array.from({ length }, (_, i) => first + i);
    const rest = [...levels.keys()].filter((index) => !members.includes(index));
    const evidence = compare(rest, members);
    const { logExceeds, logExceedsAtMost } = evidence;
    if (!reaches(logExceedsAtMost, logExceeds, { d: 0, threshold: Math.log(2 / alpha) })) continue;
    const shortfall = yield* evidenceIntervalSteps(evidence, alpha);
    if (shortfall.low <= 0) continue;
    tails.push({ side, members, shortfall, sampleSize: pool(ordered.slice(0, length)).n });
  }
  return tails;
}

/** The longest run from the start, of at most all levels but one, that lies below the pooled rest level by level. */
function runThatLooksWorse(ordered: readonly PowerSums[]): number {
  for (let length = ordered.length - 1; length > 0; length--) {
    const rest = pool(ordered.slice(length));
    if (ordered.slice(0, length).every((level) => looksWorse(level, rest))) return length;
  }
  return 0;
}

function looksWorse(level: PowerSums, rest: PowerSums): boolean {
  const gap = (meanOf(rest) ?? 0) - (meanOf(level) ?? 0);
  const error = Math.sqrt(
    (varianceOf(level) ?? 0.25) / level.n + (varianceOf(rest) ?? 0.25) / rest.n,
  );
  return gap > LOOKS_WORSE * error;
}

function pool(levels: readonly PowerSums[]): PowerSums {
  return levels.reduce(mergeSums, EMPTY_SUMS);
}
