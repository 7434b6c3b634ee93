import { assertStatistic } from "./assert.ts";
import { meanInterval } from "./confidence-sequence.ts";
import { EMPTY_SUMS, mergeSums, type PowerSums } from "./power-sums.ts";

/** Calls that used more than the bin before and at most `upTo` of something: tokens, time, retries. */
export interface UsageBin {
  readonly upTo: number;
  /** Of their outcomes in 0..1, more being better. */
  readonly sums: PowerSums;
}

/** What a limit on the use would leave at least, and cost at most, of the mean outcome in 0..1. */
export interface StructuralBound {
  readonly limit: number;
  /** Share of all calls that used no more. */
  readonly shareWithin: number;
  readonly lossAtMost: number;
  /** Upper end of the anytime-valid interval of that. */
  readonly lossHigh: number;
  readonly keptAtLeast: number;
  /** Lower end of the interval of that. */
  readonly keptLow: number;
}

/**
 * The bound of what lower limits would have left: with Y in 0..1 and U the use of a call,
 *   E[Y under the limit L] >= E[Y 1{U <= L}],
 * because a call that used no more than L goes as it went, and a longer one is worth nothing at worst (statistics.md 4.3 as restated in
 * statistics-review.md, section 7: an upper bound of the loss, no estimate of it; known at the edges of bins only). It is of the limit
 * min(own limit, L) for each call, and holds where (i) a call does not go by its limit, (ii) outcome and use are of the same unit,
 * (iii) `all` are all calls that the limit will apply to. Calls of `all` that no bin holds count as lost. Continuing or repeating a cut
 * call can only raise what is left.
 *
 * Each interval is at alpha, at all looks together; see `lowestLimit` for why no correction for many limits is needed.
 * Bins ascend. Errors: throws where they hold more than `all`.
 */
export function structuralBounds(
  bins: readonly UsageBin[],
  of: { readonly all: PowerSums; readonly alpha: number },
): StructuralBound[] {
  const { all, alpha } = of;
  if (all.n === 0) return [];
  let within = EMPTY_SUMS;
  return bins.map(({ upTo, sums }, index) => {
    assertStatistic(upTo > (bins[index - 1]?.upTo ?? -1), "bins ascend");
    within = mergeSums(within, sums);
    assertStatistic(within.n <= all.n, "bins hold no more calls than there are");
    // A call beyond the limit counts as 0 on one side and with its outcome on the other: sums without its powers, over all calls.
    const kept: PowerSums = { ...within, n: all.n };
    const lost: PowerSums = {
      n: all.n,
      s1: Math.max(0, all.s1 - within.s1),
      s2: Math.max(0, all.s2 - within.s2),
      s3: Math.max(0, all.s3 - within.s3),
      s4: Math.max(0, all.s4 - within.s4),
    };
    return {
      limit: upTo,
      shareWithin: within.n / all.n,
      lossAtMost: lost.s1 / all.n,
      lossHigh: meanInterval(lost, { alpha }).high,
      keptAtLeast: kept.s1 / all.n,
      keptLow: meanInterval(kept, { alpha }).low,
    };
  });
}

/**
 * The lowest limit that holds, looked for from the highest down to the first that does not: losses grow as limits fall, so that a wrong
 * answer needs the one test at the highest limit that is truly too low to be wrong, whatever the number of limits (a fixed sequence).
 * Undefined where the highest does not hold.
 */
export function lowestLimit(
  bounds: readonly StructuralBound[],
  holds: (bound: StructuralBound) => boolean,
): StructuralBound | undefined {
  let lowest: StructuralBound | undefined;
  for (const bound of bounds.toReversed()) {
    if (!holds(bound)) break;
    lowest = bound;
  }
  return lowest;
}
