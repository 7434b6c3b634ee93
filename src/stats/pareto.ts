import { assertStatistic } from "./assert.ts";
import type { Interval } from "./interval.ts";

/** Intervals, holding together, of what j has more than i: quality up is good, cost up is bad. */
export interface TradeOff {
  readonly quality: Interval;
  readonly cost: Interval;
}

/** Whether a choice stands, or which other is shown cheaper and not worse by more than the margin. */
export type ParetoStanding =
  | { readonly kind: "on_front" }
  | { readonly kind: "dominated"; readonly by: number };

/**
 * The Pareto front by dominance of intervals: i is dominated where some j has
 * low(quality_j - quality_i) > -margin and high(cost_j - cost_i) < 0 (statistics.md, section 7).
 * `compare(j, i)` gives j minus i; the caller makes the intervals simultaneous. What is not shown
 * stays on the front, so with little data everything does. None: empty.
 */
export function paretoFront(
  count: number,
  compare: (j: number, i: number) => TradeOff,
  design: { readonly margin: number },
): ParetoStanding[] {
  assertStatistic(design.margin >= 0, "the margin is not negative");
  return Array.from({ length: count }, (_, i): ParetoStanding => {
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      const { quality, cost } = compare(j, i);
      if (quality.low > -design.margin && cost.high < 0) return { kind: "dominated", by: j };
    }
    return { kind: "on_front" };
  });
}
