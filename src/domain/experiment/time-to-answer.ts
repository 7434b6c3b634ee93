import { freezeDesign } from "../../stats/betting-design.ts";
import { smallestDetectableEffect, unitsNeeded } from "../../stats/forecast.ts";
import { plannedVariance } from "./evidence-design.ts";
import { type Experiment, MILLION } from "./experiment.ts";
import { isScore } from "./metric-rule.ts";
import { FIRST_CLAIM_ALPHA } from "./season.ts";

/** How long until an answer, if the effect is the designed one and the rate stays. */
export interface TimeToAnswer {
  /** Units of the whole experiment until a claim, with a chance of one half and of eight in ten. */
  readonly unitsHalf: number;
  readonly unitsLikely: number;
  /** Units that come an hour at most: outcomes of the scope an hour. 0 where none came. */
  readonly ratePerHour: number;
  /** Hours for `unitsLikely`; undefined where nothing comes. */
  readonly hoursLikely: number | undefined;
  /** Variance of the primary metric that it is computed with, on its scale of 0 to 1. */
  readonly variance: number;
  /** Whether that variance was observed, or assumed for want of outcomes. */
  readonly isVarianceObserved: boolean;
}

/** What the scope showed so far. */
export interface ScopeHistory {
  readonly ratePerHour: number;
  /** Variance of the primary metric; undefined below two values. */
  readonly variance: number | undefined;
}

/** A randomised comparison of control with one challenger, as it is planned. */
export interface PlannedTest {
  /** Of the metric, on its scale of 0 to 1. */
  readonly variance: number;
  readonly designedEffect: number;
  /** The share of the challenger among the two. */
  readonly propensity: number;
}

/**
 * Units of both arms until the first claim of a season, with a chance, if the effect is the designed one: the bets are those that the
 * test is frozen with, and the threshold is the one that makes a winner (statistics.md 2.1).
 */
export function unitsUntilClaim(test: PlannedTest, chance: number): number {
  const { incrementVariance, bets } = betsOf(test);
  const { designedEffect } = test;
  const effect = designedEffect;
  const needed = unitsNeeded({ ...CLAIM, incrementVariance, chance, bets, effect, designedEffect });
  return needed.kind === "units" ? needed.units : Number.POSITIVE_INFINITY;
}

/** The smallest effect that so many units of both arms would be claimed for, with a chance; at most 1, the whole scale. */
export function smallestClaimableEffect(
  test: PlannedTest,
  { units, chance }: { readonly units: number; readonly chance: number },
): number {
  const { incrementVariance } = betsOf(test);
  const { designedEffect } = test;
  const question = { ...CLAIM, incrementVariance, chance, units, designedEffect };
  return Math.min(1, smallestDetectableEffect(question));
}

const CLAIM = { alpha: FIRST_CLAIM_ALPHA, sides: 1 } as const;

function betsOf({ variance, designedEffect, propensity }: PlannedTest) {
  const { incrementVariance, tests } = freezeDesign({
    plannedPropensity: propensity,
    propensity: { low: propensity, high: propensity },
    centre: { low: 0, high: 1 },
    outcomeVariance: variance,
    designedEffect,
    harmTolerance: 0,
    worthwhileEffect: 0,
    margin: 0,
  });
  return { incrementVariance, bets: tests.superiority.bets };
}

/**
 * The forecast of an experiment: until a claim, for the challenger with the smallest share. For scores only units whose score is
 * requested count. One unit per outcome is assumed, so sessions of many calls take longer.
 */
export function timeToAnswer(
  experiment: Pick<Experiment, "arms" | "metrics" | "designedEffect" | "scoreFractionPpm">,
  history: ScopeHistory,
): TimeToAnswer {
  const primary = experiment.metrics[0]?.metric ?? "success";
  const variance = plannedVariance({ metric: primary }, history.variance);
  const [control, ...challengers] = experiment.arms.map(({ weightPpm }) => weightPpm / MILLION);
  const share = Math.min(...challengers);
  const pair = (control ?? 0) + share;
  const { designedEffect } = experiment;
  const test = { variance, designedEffect, propensity: share / pair };
  const counted = isScore(primary) ? experiment.scoreFractionPpm / MILLION : 1;
  const unitsAt = (chance: number) => Math.ceil(unitsUntilClaim(test, chance) / pair / counted);
  const unitsLikely = unitsAt(0.8);
  const { ratePerHour } = history;
  return {
    unitsHalf: unitsAt(0.5),
    unitsLikely,
    ratePerHour,
    hoursLikely: ratePerHour > 0 ? unitsLikely / ratePerHour : undefined,
    variance,
    isVarianceObserved: history.variance !== undefined,
  };
}

/** What is left of a forecast once some units are released. */
export function remainingTime(forecast: TimeToAnswer, released: number): TimeToAnswer {
  const left = (units: number) => Math.max(0, units - released);
  const unitsLikely = left(forecast.unitsLikely);
  const { ratePerHour } = forecast;
  return {
    ...forecast,
    unitsHalf: left(forecast.unitsHalf),
    unitsLikely,
    hoursLikely: ratePerHour > 0 ? unitsLikely / ratePerHour : undefined,
  };
}
