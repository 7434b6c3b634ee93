import { assertStatistic } from "./assert.ts";

/**
 * The improvement to expect of a claim: the estimate shrunk towards zero, D / (1 + se^2/tau^2). At the
 * time of a claim the raw estimate is too high by a fifth to four fifths (statistics.md, section 2).
 * `scale` is tau, the size that effects usually have (0.05).
 */
export function shrunkEffect(claim: {
  readonly estimate: number;
  readonly standardError: number;
  readonly scale: number;
}): number {
  const { estimate, standardError, scale } = claim;
  assertStatistic(scale > 0 && standardError >= 0, "the scale is positive");
  return estimate / (1 + (standardError / scale) ** 2);
}

/**
 * Confidence of randomised evidence: one minus the anytime p-value, 1 - min(1, 1/max E), from the
 * largest log e-value so far. In 0..1; 0 without evidence. It is no probability of being better.
 */
export function anytimeConfidence(peakLogEvidence: number): number {
  return peakLogEvidence > 0 ? -Math.expm1(-peakLogEvidence) : 0;
}

/**
 * Net benefit of one call on the 0..1 scale: quality - cost/worth - slowPenalty (if slow), where cost
 * is capped, mapped so that the worst possible call is 0 and the best 1 (statistics.md, section 7).
 * `quality` in 0..1, 0 for a failed call; costs in one unit; `worth` is what one whole unit of
 * quality is worth in it.
 */
export function netBenefit(
  call: { readonly quality: number; readonly cost: number; readonly isSlow: boolean },
  prices: { readonly costCap: number; readonly worth: number; readonly slowPenalty: number },
): number {
  const { costCap, worth, slowPenalty } = prices;
  assertStatistic(call.quality >= 0 && call.quality <= 1, "quality is in 0..1");
  assertStatistic(call.cost >= 0 && costCap >= 0, "costs are not negative");
  assertStatistic(worth > 0 && slowPenalty >= 0, "the worth is positive");
  const worst = costCap / worth + slowPenalty;
  const cost = Math.min(call.cost, costCap) / worth + (call.isSlow ? slowPenalty : 0);
  return (call.quality - cost + worst) / (1 + worst);
}

/**
 * How strong a hidden cause would have to be to explain a risk ratio away: RR + sqrt(RR (RR - 1)),
 * of 1/RR below 1 (VanderWeele & Ding 2017). At least 1; 1 for no association.
 */
export function hiddenCauseStrength(riskRatio: number): number {
  assertStatistic(riskRatio > 0, "a risk ratio is positive");
  const ratio = riskRatio < 1 ? 1 / riskRatio : riskRatio;
  return ratio + Math.sqrt(ratio * (ratio - 1));
}
