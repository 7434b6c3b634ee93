import { assertStatistic } from "./assert.ts";
import { assertLevel } from "./confidence-sequence.ts";
import { normalQuantile } from "./special.ts";

/** Fitted once to simulations (statistics.md, section 2.1). */
const FITTED_OFFSET = 0.35;

/** The formula holds from a quarter of the designed effect to four times of it. */
const DESIGN_SPAN = 4;

/** The question a forecast is for. */
export interface ForecastQuestion {
  /** Variance of the increment u: for two equal arms 2 (var_1 + var_0); see `BettingDesign`. */
  readonly incrementVariance: number;
  readonly alpha: number;
  /** Two where either direction decides, each at alpha/2. */
  readonly sides: 1 | 2;
  /** Chance of having decided by then: 0.5, 0.8, 0.95. */
  readonly chance: number;
}

/** The units needed, or why there is no number. */
export type Forecast =
  | { readonly kind: "units"; readonly units: number }
  | { readonly kind: "effect_too_small"; readonly smallestEffect: number }
  | { readonly kind: "effect_beyond_design"; readonly largestEffect: number };

/**
 * Units of both arms together until a decision, for a supposed effect:
 * n = (sig2_u/D^2)(z + sqrt(z^2 + 2 (ln(sides/alpha) + 0.35)))^2 (statistics.md 2.1). Predicted over
 * actual was 0.9 to 1.13 in simulations. Refused outside a quarter to four times the designed
 * effect: below it the frozen bets are too large to win, below an eighth they never do. Divide by the
 * rate of units times the share in the experiment for a time; where allocation moved, by the mean w.
 */
export function unitsNeeded(
  question: ForecastQuestion & { readonly effect: number; readonly designedEffect: number },
): Forecast {
  const { effect, designedEffect, incrementVariance } = question;
  assertQuestion(question);
  assertStatistic(effect > 0 && designedEffect > 0, "effects are positive");
  const smallestEffect = designedEffect / DESIGN_SPAN;
  const largestEffect = designedEffect * DESIGN_SPAN;
  if (effect < smallestEffect * (1 - 1e-12)) return { kind: "effect_too_small", smallestEffect };
  if (effect > largestEffect * (1 + 1e-12)) return { kind: "effect_beyond_design", largestEffect };
  return { kind: "units", units: (incrementVariance / effect ** 2) * stretch(question) ** 2 };
}

/**
 * The smallest effect that n units would show with the given chance; never below a quarter of the
 * designed effect, which the bets cannot show. No units: Infinity.
 */
export function smallestDetectableEffect(
  question: ForecastQuestion & { readonly units: number; readonly designedEffect: number },
): number {
  assertQuestion(question);
  if (question.units <= 0) return Number.POSITIVE_INFINITY;
  const effect = Math.sqrt(question.incrementVariance / question.units) * stretch(question);
  return Math.max(effect, question.designedEffect / DESIGN_SPAN);
}

/**
 * The size per arm of a fixed, once-looked test of two shares: the yardstick, not a plan. Formula of
 * R's power.prop.test (.5 against .75 at power .9: 76.7).
 */
export function fixedSampleSize(test: {
  readonly p0: number;
  readonly p1: number;
  readonly alpha: number;
  readonly power: number;
}): number {
  const { p0, p1, alpha, power } = test;
  assertLevel(alpha);
  assertStatistic(p0 !== p1, "the shares differ");
  const pooled = (p0 + p1) / 2;
  const atNull = normalQuantile(1 - alpha / 2) * Math.sqrt(2 * pooled * (1 - pooled));
  const atEffect = normalQuantile(power) * Math.sqrt(p0 * (1 - p0) + p1 * (1 - p1));
  return ((atNull + atEffect) / (p1 - p0)) ** 2;
}

function stretch({ alpha, sides, chance }: ForecastQuestion): number {
  const z = normalQuantile(chance);
  return z + Math.sqrt(z * z + 2 * (Math.log(sides / alpha) + FITTED_OFFSET));
}

function assertQuestion({ alpha, incrementVariance }: ForecastQuestion): void {
  assertLevel(alpha);
  assertStatistic(incrementVariance > 0, "the variance is positive");
}
