import { freezeDesign } from "../../stats/betting-design.ts";
import { unitsNeeded } from "../../stats/forecast.ts";
import { EXPERIMENT_ALPHA, plannedVariance } from "./evidence-design.ts";
import { type Experiment, MILLION } from "./experiment.ts";
import { isScore } from "./metric-rule.ts";

/** How long until an answer, if the effect is the designed one and the rate stays. */
export interface TimeToAnswer {
  /** Units of the whole experiment until a decision, with a chance of one half and of eight in ten. */
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

/**
 * The forecast of an experiment: both directions, five in a hundred, for the challenger with the smallest share
 * (statistics.md 2.1). For scores only units whose score is requested count. One unit per outcome is assumed, so sessions of
 * many calls take longer.
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
  const propensity = share / pair;
  const { designedEffect } = experiment;
  const design = freezeDesign({
    plannedPropensity: propensity,
    propensity: { low: propensity, high: propensity },
    centre: { low: 0, high: 1 },
    outcomeVariance: variance,
    designedEffect,
    harmTolerance: 0,
    worthwhileEffect: 0,
    margin: 0,
  });
  const counted = isScore(primary) ? experiment.scoreFractionPpm / MILLION : 1;
  const unitsAt = (chance: number) => {
    const needed = unitsNeeded({
      incrementVariance: design.incrementVariance,
      alpha: EXPERIMENT_ALPHA,
      sides: 2,
      chance,
      bets: design.tests.superiority.bets,
      effect: designedEffect,
      designedEffect,
    });
    const units = needed.kind === "units" ? needed.units : Number.POSITIVE_INFINITY;
    return Math.ceil(units / pair / counted);
  };
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
