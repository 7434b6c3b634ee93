import { assertStatistic } from "./assert.ts";
import { assertLevel } from "./confidence-sequence.ts";
import { normalQuantile } from "./special.ts";

/** Fitted once to simulations (statistics.md, section 2.1). */
const FITTED_OFFSET = 0.35;

/** The share of each of the five bets that the offset was fitted with. */
const FREE_SHARE = 1 / 5;

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
  /** The frozen bets in equal shares, where the cap may have cut them; else five free ones. */
  readonly bets?: readonly number[];
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
 * effect: below it the frozen bets are too large to win, below an eighth they never do. With `bets`,
 * two things that the cap changes are counted: bets cut to the same size hold more of the wealth, and
 * a cap below the best bet D/sig2_u slows the growth by r (2 - r), r = cap/best. Divide by the
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
  const { share, growth } = betsAt(question.bets, effect / incrementVariance);
  const spread = stretch(question, share) ** 2;
  return { kind: "units", units: ((incrementVariance / effect ** 2) * spread) / growth };
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
  const effect =
    Math.sqrt(question.incrementVariance / question.units) * stretch(question, FREE_SHARE);
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

function stretch({ alpha, sides, chance }: ForecastQuestion, share: number): number {
  const z = normalQuantile(chance);
  const offset = FITTED_OFFSET - Math.log(share / FREE_SHARE) / 2;
  return z + Math.sqrt(z * z + 2 * (Math.log(sides / alpha) + offset));
}

/** The share of the wealth at the bet nearest to the best one, and how much of its growth it has. */
function betsAt(bets: readonly number[] | undefined, best: number) {
  if (bets === undefined || bets.length === 0) return { share: FREE_SHARE, growth: 1 };
  const largest = Math.max(...bets);
  const reach = Math.min(1, largest / best);
  const distance = (bet: number) => Math.abs(Math.log(bet / best));
  const nearest = bets.reduce(
    (near, bet) => (distance(bet) < distance(near) ? bet : near),
    largest,
  );
  const equal = bets.filter((bet) => Math.abs(bet - nearest) <= 1e-9 * nearest).length;
  return { share: equal / bets.length, growth: reach * (2 - reach) };
}

function assertQuestion({ alpha, incrementVariance }: ForecastQuestion): void {
  assertLevel(alpha);
  assertStatistic(incrementVariance > 0, "the variance is positive");
}
