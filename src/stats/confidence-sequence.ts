import { assertStatistic } from "./assert.ts";
import { type BetMixture, monotoneCap, scaleFreeBets } from "./bet-mixture.ts";
import { type IncrementSums, shiftIncrements } from "./increment-sums.ts";
import { boundaryOf, type Interval } from "./interval.ts";
import { type OrderFourForm, orderFourForm, orderFourLogWealth } from "./order-four.ts";
import { type PowerSums, shiftSums } from "./power-sums.ts";

/** To what an end of an interval is searched: far below any width that a sample can have. */
const TOLERANCE = 1e-10;

/** What is frozen when an experiment opens, as far as its interval needs it. */
export interface IncrementDesign {
  /** Chance of ever missing, both sides together, in (0, 1). */
  readonly alpha: number;
  /** C: the largest |u| over the declared boxes of propensity and centre. */
  readonly bound: number;
  /** The largest weight w that any unit may have. */
  readonly maxWeight: number;
  /** Bets; those above 0.68 / (bound + maxWeight) are capped there. */
  readonly mixture: BetMixture;
}

/**
 * The anytime-valid interval of a randomised effect, from the sums of the increments u and weights w.
 *
 * Inverts the two mirrored order-4 e-processes, each at alpha/2, with the constant
 * Cbar = bound + maxWeight in bets and kappa, which makes the set an interval and bisection exact
 * (statistics.md 1.3 as corrected by statistics-review.md section 2). Effects are looked for in
 * -1..1. Covers the effect at all looks together with probability 1 - alpha *if it is constant*.
 * No values: [-1, 1]. One value: [-1, 1] or nearly so. Errors: throws on a broken design.
 */
export function incrementInterval(sums: IncrementSums, design: IncrementDesign): Interval {
  const { alpha, bound, maxWeight, mixture } = design;
  assertLevel(alpha);
  const outer = bound + maxWeight;
  const cap = monotoneCap(outer);
  const bets = mixture.bets.map((bet) => Math.min(bet, cap));
  const form = orderFourForm({ bets, logWeights: mixture.logWeights }, outer);
  if (sums.n === 0) return { low: -1, high: 1 };
  assertStatistic(
    sums.w > 0 && sums.w <= sums.n * maxWeight * (1 + 1e-9),
    "the weights are within the design",
  );
  const threshold = Math.log(2 / alpha);
  const centre = Math.min(1, Math.max(-1, sums.u / sums.w));
  const inside = (m: number, side: 1 | -1) =>
    orderFourLogWealth(form, shiftIncrements(sums, m), side) < threshold;
  return {
    low: boundaryOf({ inside: centre, outside: -1, tolerance: TOLERANCE }, (m) => inside(m, 1)),
    high: boundaryOf({ inside: centre, outside: 1, tolerance: TOLERANCE }, (m) => inside(m, -1)),
  };
}

/** Settings of an interval for bounded outcomes that were merely seen. */
export interface MeanDesign {
  /** Chance of ever missing, both sides together, in (0, 1). */
  readonly alpha: number;
  /** Frozen bets; the scale-free mixture when absent. Bets above 0.68 are capped. */
  readonly mixture?: BetMixture;
}

/**
 * The anytime-valid interval of the mean of outcomes in 0..1, from their power sums.
 *
 * The same engine with z = Y - m, where |z| <= 1 for every candidate m, so that Cbar = 1. Assumes
 * that every outcome has the same mean given the earlier ones, and that what is summed does not
 * depend on the outcomes. It covers that mean at all looks together with probability 1 - alpha; it
 * says nothing of causes. Half width (Bernoulli .6, scale-free bets): 1.64 of the fixed 95 %
 * interval at n = 100, 1.78 at 10^4, 1.90 at 10^6. No values: [0, 1]. One value: very nearly [0, 1].
 */
export function meanInterval(sums: PowerSums, design: MeanDesign): Interval {
  assertLevel(design.alpha);
  const mean = boundedMean(sums);
  if (mean === undefined) return { low: 0, high: 1 };
  const form = outcomeForm(design.mixture);
  const threshold = Math.log(2 / design.alpha);
  const inside = (m: number, side: 1 | -1) => meanLogEvidence(form, sums, m, side) < threshold;
  return {
    low: boundaryOf({ inside: mean, outside: 0, tolerance: TOLERANCE }, (m) => inside(m, 1)),
    high: boundaryOf({ inside: mean, outside: 1, tolerance: TOLERANCE }, (m) => inside(m, -1)),
  };
}

/** The order-4 form for outcomes in 0..1 (bound 1), for the mixture or the scale-free one. */
export function outcomeForm(mixture?: BetMixture): OrderFourForm {
  const cap = monotoneCap(1);
  const { bets, logWeights } = mixture ?? scaleFreeBets(cap);
  return orderFourForm({ bets: bets.map((bet) => Math.min(bet, cap)), logWeights }, 1);
}

/**
 * log e-value that the mean of outcomes in 0..1 is above m (side 1) or below m (side -1); falls, and
 * respectively rises, in m. No values: 0.
 */
export function meanLogEvidence(
  form: OrderFourForm,
  sums: PowerSums,
  m: number,
  side: 1 | -1,
): number {
  return orderFourLogWealth(form, shiftSums(sums, m), side);
}

/** The mean of outcomes in 0..1; `undefined` for none. Errors: throws when they cannot be in 0..1. */
export function boundedMean(sums: PowerSums): number | undefined {
  if (sums.n === 0) return undefined;
  const slack = 1e-9 * sums.n;
  assertStatistic(
    sums.s1 >= -slack && sums.s2 <= sums.s1 + slack && sums.s1 <= sums.n + slack,
    "outcomes are scaled to 0..1",
  );
  return Math.min(1, Math.max(0, sums.s1 / sums.n));
}

/** Errors: throws when alpha is not strictly between 0 and 1. */
export function assertLevel(alpha: number): void {
  assertStatistic(alpha > 0 && alpha < 1, "alpha is in (0, 1)");
}
