import { assertStatistic } from "./assert.ts";
import { type BettingState, logEvidence } from "./betting.ts";
import { type BettingDesign, freezeDesign } from "./betting-design.ts";
import type { Interval } from "./interval.ts";
import { logSumExp } from "./log-sum-exp.ts";
import { logGamma } from "./special.ts";

/** Evidence against an intended ratio at which automation stops: 1000 to 1. */
export const RATIO_ALARM = 1000;

/** The prior counts one hundred: departures of about a tenth are expected. */
const CONCENTRATION = 100;

/**
 * log Bayes factor of counts against their intended shares, an e-process at every look:
 * lgamma(A) - lgamma(A+N) + sum [lgamma(a_i+n_i) - lgamma(a_i)] - sum n_i log p_i, A = sum a_i.
 * For *fixed* shares, on released units in the order of assignment; where allocation moves, use
 * `reportingDesign`. Shares that are 0 must have no counts and are skipped. No counts: 0.
 * `prior` is a_i, by default 100 p_i. Source: Lindon & Malek, NeurIPS 2022.
 */
export function logRatioEvidence(
  counts: readonly number[],
  shares: readonly number[],
  prior: readonly number[] = shares.map((share) => CONCENTRATION * share),
): number {
  assertStatistic(
    counts.length === shares.length && prior.length === shares.length,
    "every count has a share",
  );
  let [total, mass, result, sum] = [0, 0, 0, 0];
  for (const [i, count] of counts.entries()) {
    const [share = 0, weight = 0] = [shares[i], prior[i]];
    sum += share;
    if (share === 0) {
      assertStatistic(count === 0, "an arm that is never served has no counts");
      continue;
    }
    total += count;
    mass += weight;
    result += logGamma(weight + count) - logGamma(weight) - count * Math.log(share);
  }
  assertStatistic(Math.abs(sum - 1) < 1e-9, "shares add up to one");
  return result + logGamma(mass) - logGamma(mass + total);
}

/**
 * The engine for "reported or not": fold every released unit with outcome 1 where the report came in
 * time and 0 where not. It stays powerful where allocation moves, which a product of Bayes factors
 * per epoch does not (statistics-review.md, section 6: .99 against .01). `expectedRate` is the share
 * of units that usually report, in 0..1.
 */
export function reportingDesign(choice: {
  readonly propensity: Interval;
  readonly plannedPropensity: number;
  readonly expectedRate: number;
}): BettingDesign {
  const { propensity, plannedPropensity, expectedRate: rate } = choice;
  return freezeDesign({
    propensity,
    plannedPropensity,
    centre: { low: 0, high: 1 },
    outcomeVariance: Math.max(0.01, rate * (1 - rate)),
    designedEffect: 0.05,
    harmTolerance: 0.01,
    worthwhileEffect: 0.02,
    margin: 0.01,
  });
}

/** log evidence that the arms report at different rates, either way: each side has half the wealth. */
export function reportingLogEvidence(state: BettingState): number {
  const sides = [logEvidence(state, "superiority"), logEvidence(state, "worse")];
  return logSumExp(sides) - Math.log(2);
}

/**
 * Worst-case bounds (Manski) of a difference when a share of either arm's outcomes is missing: the
 * missing of the challenger count 0 and those of the control 1 at the low end, the opposite at the
 * high end. `difference` is of the outcomes with missing ones counted 0 in both arms.
 */
export function worstCaseDifference(missing: {
  readonly difference: number;
  readonly challengerShare: number;
  readonly controlShare: number;
}): Interval {
  return {
    low: missing.difference - missing.controlShare,
    high: missing.difference + missing.challengerShare,
  };
}

/**
 * Whether outcomes that are missing may simply be left out: fewer than one in a hundred in either
 * arm, and the reporting check is quiet. Otherwise a claim "among rated calls" is no ground to act
 * (statistics-review.md, section 3). `logEvidence` is that of `reportingLogEvidence`.
 */
export function mayLeaveOutMissing(missing: {
  readonly challengerShare: number;
  readonly controlShare: number;
  readonly logEvidence: number;
}): boolean {
  const { challengerShare, controlShare, logEvidence: found } = missing;
  return Math.max(challengerShare, controlShare) < 0.01 && found < Math.log(RATIO_ALARM);
}
