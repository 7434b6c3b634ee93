import { assertStatistic } from "./assert.ts";
import type { Interval } from "./interval.ts";

/** What is known of a released unit; everything but the outcome was frozen at its assignment. */
export interface RandomisedUnit {
  /** 1: challenger, 0: control. */
  readonly arm: 0 | 1;
  /** In 0..1; a missing one was imputed by a constant that does not depend on the arm. */
  readonly outcome: number;
  /** P(arm = 1) at the assignment, among these two arms. */
  readonly propensity: number;
  /** The centre c, in 0..1: any number fixed before the outcome. */
  readonly centre: number;
}

/** The boxes that propensity and centre are declared to stay in. */
export interface DeclaredBoxes {
  readonly propensity: Interval;
  readonly centre: Interval;
}

/**
 * The centred, propensity-scored increment of one unit: u = (A - pi)(Y - c)/h, with mean w times the
 * effect given the past, w = pi (1 - pi)/h, for any centre fixed in advance (statistics.md 1.1;
 * residual-on-residual score of Robinson 1988). `scale` is h, frozen per experiment.
 */
export function incrementOf(unit: RandomisedUnit, scale: number): { u: number; w: number } {
  const { arm, outcome, propensity, centre } = unit;
  return {
    u: ((arm - propensity) * (outcome - centre)) / scale,
    w: (propensity * (1 - propensity)) / scale,
  };
}

/** The exact range of u for one propensity and centre, over both arms and all outcomes in 0..1. */
export function incrementRange(
  at: Pick<RandomisedUnit, "propensity" | "centre">,
  scale: number,
): Interval {
  const { propensity: p, centre: c } = at;
  return {
    low: -Math.max((1 - p) * c, p * (1 - c)) / scale,
    high: Math.max((1 - p) * (1 - c), p * c) / scale,
  };
}

/** The ranges of u and w over the declared boxes: u is bilinear, so its ends are at corners. */
export function declaredRanges(
  boxes: DeclaredBoxes,
  scale: number,
): { readonly u: Interval; readonly w: Interval } {
  const { propensity, centre } = boxes;
  assertStatistic(
    propensity.low > 0 && propensity.high < 1 && propensity.low <= propensity.high,
    "the declared propensities are in (0, 1)",
  );
  assertStatistic(
    centre.low >= 0 && centre.high <= 1 && centre.low <= centre.high,
    "the declared centres are in 0..1",
  );
  let [low, high] = [0, 0];
  for (const p of [propensity.low, propensity.high]) {
    for (const c of [centre.low, centre.high]) {
      const range = incrementRange({ propensity: p, centre: c }, scale);
      low = Math.min(low, range.low);
      high = Math.max(high, range.high);
    }
  }
  const weights = [propensity.low, propensity.high].map((p) => (p * (1 - p)) / scale);
  const peak = propensity.low <= 0.5 && propensity.high >= 0.5 ? 0.25 / scale : 0;
  return { u: { low, high }, w: { low: Math.min(...weights), high: Math.max(...weights, peak) } };
}
