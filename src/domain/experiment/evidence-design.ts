import { type BettingDesign, freezeDesign } from "../../stats/betting-design.ts";
import type { Interval } from "../../stats/interval.ts";
import { reportingDesign } from "../../stats/ratio-check.ts";
import { type Experiment, MILLION } from "./experiment.ts";
import { betterOf, type MetricRule } from "./metric-rule.ts";

/** Chance of ever being wrong of one statement of an experiment outside the seasons, both directions together. */
export const EXPERIMENT_ALPHA = 0.05;

/** Assumed for want of outcomes: the largest variance of yes or no, and that of a judge's scores with a deviation of 0.2. */
const SUCCESS_VARIANCE = 0.25;
const SCORE_VARIANCE = 0.04;
/** Below it a metric that never varied would promise an answer at once. */
const VARIANCE_MIN = 0.0025;
/** A loss of a point of a hundred is no harm that a guard stops for. */
const HARM_TOLERANCE = 0.01;
/** A gain below this share of the designed effect is not worthwhile; a loss below it is no inferiority. */
const WORTHWHILE_SHARE = 0.4;
/** How far from the mean before the start the guard's centre may go (statistics-review.md, section 1). */
const GUARD_CENTRE_REACH = 0.1;
const WHOLE: Interval = { low: 0, high: 1 };
/** Share of the units that is expected to report, and the centre of that check: fixed before any unit. */
export const EXPECTED_REPORTING = 0.9;

/** What the evidence of one challenger is frozen to: a function of the experiment as it was started, so that it is the same after a restart. */
export interface ChallengerDesign {
  /** Index of the arm. */
  readonly arm: number;
  /** Its share among itself and control. */
  readonly propensity: number;
  /** In the order of the experiment's metrics. */
  readonly metrics: readonly BettingDesign[];
  /** For "reported or not" of the primary metric. */
  readonly reporting: BettingDesign;
}

/** What designs are made from; nothing of it changes after the start. */
export type DesignedExperiment = Pick<
  Experiment,
  "arms" | "metrics" | "designedEffect" | "outcomeVariances" | "outcomeMeans"
>;

/** The designs of all challengers, in the order of their arms. */
export function challengerDesigns(experiment: DesignedExperiment): ChallengerDesign[] {
  const { arms, metrics, designedEffect } = experiment;
  const [control = 0] = arms.map(({ weightPpm }) => weightPpm / MILLION);
  return arms.slice(1).map(({ weightPpm }, index) => {
    const share = weightPpm / MILLION;
    const plannedPropensity = share / (share + control);
    const propensity = { low: plannedPropensity, high: plannedPropensity };
    return {
      arm: index + 1,
      propensity: plannedPropensity,
      metrics: metrics.map((rule, metric) =>
        freezeDesign({
          plannedPropensity,
          propensity,
          centre: WHOLE,
          guardCentre: guardCentre(rule, experiment.outcomeMeans?.[metric]),
          outcomeVariance: plannedVariance(rule, experiment.outcomeVariances?.[metric]),
          designedEffect,
          harmTolerance: HARM_TOLERANCE,
          worthwhileEffect: WORTHWHILE_SHARE * designedEffect,
          margin: WORTHWHILE_SHARE * designedEffect,
        }),
      ),
      reporting: reportingDesign({
        propensity,
        plannedPropensity,
        expectedRate: EXPECTED_REPORTING,
      }),
    };
  });
}

/** Where the guard of a metric holds the centre, turned so that more is better: near what the scope showed before, else anywhere. */
function guardCentre({ metric }: MetricRule, observed: number | null | undefined): Interval {
  if (observed === null || observed === undefined) return WHOLE;
  const mean = betterOf(metric) === "higher" ? observed : 1 - observed;
  return {
    low: Math.max(0, mean - GUARD_CENTRE_REACH),
    high: Math.min(1, mean + GUARD_CENTRE_REACH),
  };
}

/** The variance that a metric is planned with: what was observed before the start, else what such metrics have. */
export function plannedVariance(
  { metric }: Pick<MetricRule, "metric">,
  observed: number | null | undefined,
): number {
  const assumed = metric === "success" ? SUCCESS_VARIANCE : SCORE_VARIANCE;
  return Math.max(VARIANCE_MIN, observed ?? assumed);
}
