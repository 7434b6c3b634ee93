import { assertStatistic } from "./assert.ts";

/**
 * A frozen mixture of constant bets: `bets[j]` is staked with the share exp(logWeights[j]) of the
 * wealth. It must be fixed before the first outcome; a poor choice costs time, never validity.
 */
export interface BetMixture {
  readonly bets: readonly number[];
  readonly logWeights: readonly number[];
}

/** How many halvings the scale-free mixture goes down: it serves samples of 10 up to about 10^9. */
const SCALE_FREE_HALVINGS = 16;

/** v <= 0.6924 keeps the order-4 form monotone; 0.68 leaves room (statistics-review.md, section 2). */
const MONOTONE_CAP = 0.68;

/** Equal shares on the given bets. Errors: throws when there is none or one is not positive. */
export function equalBets(bets: readonly number[]): BetMixture {
  assertStatistic(bets.length > 0, "a mixture needs a bet");
  assertStatistic(
    bets.every((bet) => bet > 0 && Number.isFinite(bet)),
    "bets are positive",
  );
  return { bets, logWeights: bets.map(() => -Math.log(bets.length)) };
}

/**
 * Bets designed for one effect: (effect / variance) * 2^j for j = -2..2 with equal shares, capped
 * (statistics.md, section 1.2). `effect` and `variance` are of the increment that is bet on, frozen
 * before the data. An effect below effect/8 can never be shown with them (the floor of the width).
 */
export function designedBets(design: {
  readonly effect: number;
  readonly variance: number;
  readonly cap: number;
  readonly exponents?: readonly number[];
}): BetMixture {
  const { effect, variance, cap, exponents = [-2, -1, 0, 1, 2] } = design;
  assertStatistic(effect > 0 && variance > 0 && cap > 0, "effect, variance and cap are positive");
  return equalBets(exponents.map((j) => Math.min((effect / variance) * 2 ** j, cap)));
}

/**
 * Bets that need no guess of effect or variance: cap, cap/2, ... over sixteen halvings, with shares
 * falling as 1/(j+1). They cost about 2 in log wealth against the best bet in hindsight, have no
 * floor of the width below about 10^9 values, and are what observational cells are shown with.
 */
export function scaleFreeBets(cap: number): BetMixture {
  assertStatistic(cap > 0, "the cap is positive");
  const bets: number[] = [];
  const shares: number[] = [];
  for (let j = 0; j < SCALE_FREE_HALVINGS; j++) {
    bets.push(cap * 2 ** -j);
    shares.push(1 / (j + 1));
  }
  const total = shares.reduce((sum, share) => sum + share, 0);
  return { bets, logWeights: shares.map((share) => Math.log(share / total)) };
}

/** The largest bet with which the order-4 form is monotone, for |x| <= bound. */
export function monotoneCap(bound: number): number {
  assertStatistic(bound > 0, "the bound is positive");
  return MONOTONE_CAP / bound;
}
