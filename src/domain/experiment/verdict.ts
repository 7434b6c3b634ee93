import { effectEstimate, effectInterval, effectStandardError } from "../../stats/betting.ts";
import { type BettingDesign, intervalFloor } from "../../stats/betting-design.ts";
import { smallestDetectableEffect } from "../../stats/forecast.ts";
import { anytimeConfidence, shrunkEffect } from "../../stats/improvement.ts";
import type { Interval } from "../../stats/interval.ts";
import { logRatioEvidence, RATIO_ALARM } from "../../stats/ratio-check.ts";
import type { Evidence } from "../analysis/evidence.ts";
import type { ExperimentEvidence, MetricEvidence } from "./evidence.ts";
import { challengerDesigns, EXPERIMENT_ALPHA } from "./evidence-design.ts";
import { type Experiment, MILLION } from "./experiment.ts";
import { betterOf, scaleOf } from "./metric-rule.ts";
import { claimOf, type Seasons } from "./season.ts";

/**
 * `claimed`: better, counted among all comparisons of its season; only this makes a winner. `better` and `worse`: shown by this comparison
 * alone. `harmful`: worse by more than a point of a hundred. `futile`: no worthwhile gain. `not_worse`: no worthwhile loss.
 */
export type Decision =
  | "undecided"
  | "claimed"
  | "better"
  | "worse"
  | "harmful"
  | "futile"
  | "not_worse";

/** The chance of having shown an effect that `smallestEffect` is told for. */
const CHANCE = 0.8;

/** How a challenger stands to control in one metric. Effects are challenger minus control, in the metric's own unit. */
export interface Comparison {
  readonly experimentId: string;
  readonly arm: number;
  readonly name: string;
  readonly metric: string;
  readonly isPrimary: boolean;
  /** Released units of both arms that count. */
  readonly units: number;
  readonly effect: number | undefined;
  /** At 1 - EXPERIMENT_ALPHA, at all looks together, if the effect is constant. */
  readonly interval: Interval;
  /** The effect to expect of the challenger: at the time of a claim the observed one is too large. */
  readonly expectedEffect: number | undefined;
  readonly decision: Decision;
  /** One minus the anytime p-value of the direction that is observed. */
  readonly confidence: number;
  /** The effect that so many units would show four times of five; undefined before any. */
  readonly smallestEffect: number | undefined;
  /** Randomised, or observational where units that said nothing are left out: arms may differ in what they report. */
  readonly evidence: Evidence;
  readonly text: string;
}

/** Whether the arms are what they were meant to be. */
export interface ExperimentChecks {
  /** Released units come in the planned shares. */
  readonly isRatioKept: boolean;
  readonly ratioLogEvidence: number;
  /** By challenger: whether it and control report the primary metric at one rate. */
  readonly reporting: readonly {
    readonly arm: number;
    readonly isAlike: boolean;
    readonly logEvidence: number;
  }[];
}

export interface ExperimentVerdict {
  /** By challenger, the primary metric first. */
  readonly comparisons: readonly Comparison[];
  readonly checks: ExperimentChecks;
  /** The arm that is claimed to be better and harms no other metric; undefined where none is. */
  readonly winner: Winner | undefined;
}

export interface Winner {
  readonly arm: number;
  readonly claimedAtMs: number;
  readonly units: number;
  readonly confidence: number;
}

/** What the evidence of an experiment says. */
export function verdictOf(
  experiment: Experiment,
  evidence: ExperimentEvidence,
  seasons: Seasons,
): ExperimentVerdict {
  const designs = challengerDesigns(experiment);
  const comparisons = evidence.challengers.flatMap((challenger, index) =>
    challenger.metrics.flatMap((metric, place): Comparison[] => {
      const design = designs[index]?.metrics[place];
      return design
        ? [comparisonOf(experiment, { arm: challenger.arm, metric, place, design, seasons })]
        : [];
    }),
  );
  const checks = checksOf(experiment, evidence);
  return { comparisons, checks, winner: winnerOf(experiment, { comparisons, checks, seasons }) };
}

function comparisonOf(
  experiment: Experiment,
  about: {
    readonly arm: number;
    readonly metric: MetricEvidence;
    readonly place: number;
    readonly design: BettingDesign;
    readonly seasons: Seasons;
  },
): Comparison {
  const { arm, metric, place, design, seasons } = about;
  const { experimentId, metrics, arms, designedEffect } = experiment;
  const rule = metrics[place];
  if (!rule) throw new RangeError("evidence has the metrics of its experiment");
  const { state } = metric;
  const estimate = effectEstimate(state);
  const error = effectStandardError(state);
  const isClaimed = place === 0 && claimOf(seasons, experimentId, arm) !== undefined;
  const decision = isClaimed ? "claimed" : decisionOf(metric);
  const isWhole = metric.leftOut === 0 && rule.missing === "failure";
  const inUnit = (effect: number) =>
    scaleOf(rule) * (betterOf(rule.metric) === "higher" ? effect : -effect);
  const interval = effectInterval(design, state, { alpha: EXPERIMENT_ALPHA });
  const ends = [inUnit(interval.low), inUnit(interval.high)].toSorted((a, b) => a - b);
  const comparison = {
    experimentId,
    arm,
    name: arms[arm]?.name ?? "",
    metric: rule.metric,
    isPrimary: place === 0,
    units: state.units,
    effect: estimate === undefined ? undefined : inUnit(estimate),
    interval: { low: ends[0] ?? 0, high: ends[1] ?? 0 },
    expectedEffect:
      estimate === undefined || error === undefined
        ? undefined
        : inUnit(shrunkEffect({ estimate, standardError: error, scale: designedEffect })),
    decision,
    confidence: anytimeConfidence(
      Math.max(metric.peaks.superiority, metric.peaks.worse) - Math.log(2),
    ),
    smallestEffect:
      state.units === 0
        ? undefined
        : Math.abs(inUnit(smallestEffectOf(design, state.units, designedEffect))),
    evidence: isWhole ? ("randomised" as const) : ("observational" as const),
  };
  return { ...comparison, text: comparisonText(comparison, inUnit(intervalFloor(design))) };
}

/** What a metric's tests decided, each at a threshold of its own and for good. A gain is said before a loss is denied. */
function decisionOf({ peaks }: MetricEvidence): Decision {
  const twoSided = Math.log(2 / EXPERIMENT_ALPHA);
  const oneSided = Math.log(1 / EXPERIMENT_ALPHA);
  if (peaks.harm >= oneSided) return "harmful";
  if (peaks.worse >= twoSided) return "worse";
  if (peaks.superiority >= twoSided) return "better";
  if (peaks.futility >= oneSided) return "futile";
  return peaks.nonInferiority >= oneSided ? "not_worse" : "undecided";
}

function smallestEffectOf(design: BettingDesign, units: number, designedEffect: number): number {
  return smallestDetectableEffect({
    incrementVariance: design.incrementVariance,
    alpha: EXPERIMENT_ALPHA,
    sides: 2,
    chance: CHANCE,
    units,
    designedEffect,
  });
}

function checksOf(experiment: Experiment, evidence: ExperimentEvidence): ExperimentChecks {
  const ratioLogEvidence = logRatioEvidence(
    evidence.released,
    experiment.arms.map(({ weightPpm }) => weightPpm / MILLION),
  );
  const alarm = Math.log(RATIO_ALARM);
  return {
    ratioLogEvidence,
    isRatioKept: ratioLogEvidence < alarm,
    reporting: evidence.challengers.map(({ arm, reportingPeak }) => ({
      arm,
      logEvidence: reportingPeak,
      isAlike: reportingPeak < alarm,
    })),
  };
}

/** The claimed challenger of the largest effect, of those that report as control does and are shown to harm nothing. */
function winnerOf(
  experiment: Experiment,
  of: Pick<ExperimentVerdict, "comparisons" | "checks"> & { readonly seasons: Seasons },
): Winner | undefined {
  const { comparisons, checks, seasons } = of;
  if (!checks.isRatioKept) return undefined;
  const sign = betterOf(experiment.metrics[0]?.metric ?? "success") === "higher" ? 1 : -1;
  const [best] = comparisons
    .filter(
      ({ arm, isPrimary, decision }) =>
        isPrimary &&
        decision === "claimed" &&
        checks.reporting.some((check) => check.arm === arm && check.isAlike) &&
        !comparisons.some(
          (other) =>
            other.arm === arm && (other.decision === "harmful" || other.decision === "worse"),
        ),
    )
    .toSorted((a, b) => sign * ((b.effect ?? 0) - (a.effect ?? 0)));
  const claim = best && claimOf(seasons, experiment.experimentId, best.arm);
  return best && claim
    ? {
        arm: best.arm,
        claimedAtMs: claim.claimedAtMs,
        units: best.units,
        confidence: best.confidence,
      }
    : undefined;
}

const SAID: Readonly<Record<Decision, string>> = {
  undecided: "nothing is decided",
  claimed:
    "is better than control: were it not, the chance of ever announcing it would be small, and of the claims of a season at most 5 in 100 are expected to be wrong",
  better: "is better in this comparison alone; no claim yet, after accounting for the others",
  worse: "is worse than control",
  harmful: "is worse than control by more than a hundredth of the scale",
  futile: "has no worthwhile gain over control",
  not_worse: "is worse by no worthwhile amount",
};

function comparisonText(of: Omit<Comparison, "text">, floor: number): string {
  const { name, metric, units, effect, interval, decision, evidence } = of;
  if (effect === undefined) return `${name}: no unit is released yet`;
  const range = `${rounded(interval.low)} to ${rounded(interval.high)}`;
  const among =
    evidence === "randomised"
      ? ""
      : " Among the units that reported it only: no ground for a decision.";
  return `${name}, ${metric}: ${SAID[decision]}; on average over ${units} units ${rounded(effect)} (${range}, if the effect is constant; never told apart below ${rounded(Math.abs(floor))}).${among}`;
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)));
}
