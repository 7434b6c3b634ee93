import { create } from "@bufbuild/protobuf";
import type { Insight } from "../../domain/analysis/insight.ts";
import { insightsOf } from "../../domain/analysis/insight.ts";
import type { Metric } from "../../domain/analysis/metric.ts";
import { MODEL_PARAMETER } from "../../domain/analysis/parameter.ts";
import {
  type LevelReport,
  type ParameterImpact,
  rangeAround,
  type TailReport,
} from "../../domain/analysis/parameter-impact.ts";
import type { BinDifference, TemperatureBin } from "../../domain/analysis/temperature-bins.ts";
import type { TimeToAnswer } from "../../domain/analysis/time-to-answer.ts";
import type { Scope } from "../../domain/config/scope.ts";
import { scopeAttributes } from "../../domain/config/scope.ts";
import {
  AnalysisStatus,
  InsightSchema,
  ParameterBinSchema,
  ParameterGroupSchema,
  ParameterTailSchema,
  TimeToAnswerSchema,
  type Insight as WireInsight,
} from "../../gen/attuned/v1/analysis_pb.ts";
import type { Interval } from "../../stats/interval.ts";
import { evidenceToWire } from "./evidence.ts";
import { phaseToWire } from "./phase.ts";

export function statusToWire({
  status,
}: {
  readonly status: ParameterImpact["status"];
}): AnalysisStatus {
  return status === "ok" ? AnalysisStatus.OK : AnalysisStatus.INSUFFICIENT_DATA;
}

/** What every answer about a parameter has. */
export function impactToWire(impact: ParameterImpact, scope: Scope, dimensions: readonly string[]) {
  const around = impact.best === undefined ? undefined : rangeAround(impact.optimum, impact.best);
  return {
    status: statusToWire(impact),
    groups: impact.levels.map((level) => levelToWire(level, impact)),
    ...(around ? { optimalRange: { low: around.low, high: around.high } } : {}),
    optimum: impact.optimum.map(({ low, high }) => ({ low, high })),
    tails: impact.tails.map((tail) => tailToWire(tail, impact.metric)),
    evidence: evidenceToWire(impact.evidence),
    insights: insightsOf(impact, scope).map((insight) => insightToWire(insight, dimensions)),
    sampleSize: BigInt(impact.sampleSize),
    samplesNeeded: BigInt(impact.samplesNeeded),
  };
}

/** The rest of it, for answers that name metric and parameter. */
export function describedImpactToWire(
  impact: ParameterImpact,
  scope: Scope,
  dimensions: readonly string[],
) {
  const { correlation, correlationRatio, metric, parameter, strata } = impact;
  return {
    ...impactToWire(impact, scope, dimensions),
    ...(correlation === undefined ? {} : { correlation }),
    ...(correlationRatio === undefined ? {} : { correlationRatio }),
    metric: metric.name,
    parameter: parameter.name,
    about: metric.about,
    strata,
    comparison:
      strata > 1
        ? `within ${strata} strata and closed hours that both levels have; the plain means are beside`
        : comparisonInTime(impact),
    timeToAnswer: timeToAnswerToWire(impact.timeToAnswer),
    optimumValues: [...impact.optimumNames],
  };
}

/** How the levels of a single stratum were compared. */
function comparisonInTime({ levels }: ParameterImpact): string {
  const has = (basis: LevelReport["timeBasis"]) =>
    levels.some(({ timeBasis }) => timeBasis === basis);
  const within = "within closed hours that both levels have; the plain means are beside";
  const over = "compared over time: whatever else changed is in the difference";
  if (has("within_hours"))
    return has("over_time") ? `${within}; where they share few, ${over}` : within;
  return has("over_time")
    ? `as separate samples, ${over}`
    : "as separate samples over the whole time";
}

function levelToWire(level: LevelReport, { parameter, strata, metric }: ParameterImpact) {
  const { shortfall, difference } = level;
  return create(ParameterGroupSchema, {
    ...(parameter === MODEL_PARAMETER ? { name: level.name } : { value: level.value }),
    sampleSize: BigInt(level.sampleSize),
    mean: level.mean,
    low: level.interval.low,
    high: level.interval.high,
    ...(difference === undefined ? {} : { difference }),
    ...(shortfall ? differenceOf(shortfall, metric) : {}),
    ...(level.isOptimal === undefined ? {} : { optimal: level.isOptimal }),
    ...(level.isInDoubt ? { inDoubt: true } : {}),
    ...(level.ratedMean === undefined ? {} : { ratedMean: level.ratedMean }),
    ...(level.unscoredShare === undefined ? {} : { unscoredShare: level.unscoredShare }),
    ...(strata > 1 || level.timeBasis === "within_hours"
      ? { naiveDifference: level.naiveDifference }
      : {}),
    ...(level.timeBasis === "over_time" ? { overTime: true } : {}),
    compared: BigInt(level.compared),
  });
}

function tailToWire(tail: TailReport, metric: Metric) {
  return create(ParameterTailSchema, {
    above: tail.side === "upper",
    values: [...tail.values],
    sampleSize: BigInt(tail.sampleSize),
    ...differenceOf(tail.shortfall, metric),
  });
}

export function binToWire(bin: TemperatureBin) {
  return create(ParameterBinSchema, {
    name: bin.name,
    sampleSize: BigInt(bin.sampleSize),
    ...(bin.mean === undefined ? {} : { mean: bin.mean }),
    ...(bin.interval ? { low: bin.interval.low, high: bin.interval.high } : {}),
    ...(bin.difference ? binDifferenceToWire(bin.difference) : {}),
  });
}

function binDifferenceToWire({ estimate, interval, naive }: BinDifference) {
  return {
    difference: estimate,
    differenceLow: interval.low,
    differenceHigh: interval.high,
    ...(naive === undefined ? {} : { naiveDifference: naive }),
  };
}

export function insightToWire(insight: Insight, dimensions: readonly string[]): WireInsight {
  return create(InsightSchema, {
    code: insight.code,
    text: insight.text,
    evidence: evidenceToWire(insight.evidence),
    model: insight.scope.model,
    phase: phaseToWire(insight.scope.phase),
    parameter: insight.parameter,
    metric: insight.metric,
    attributes: scopeAttributes(insight.scope, dimensions),
  });
}

export function timeToAnswerToWire(time: TimeToAnswer) {
  const { outcomes, perDay, days, difference, chance, smallestDifference, text } = time;
  return create(TimeToAnswerSchema, {
    outcomesNeeded: BigInt(Number.isFinite(outcomes) ? outcomes : 0),
    outcomesPerDay: perDay,
    ...(days === undefined ? {} : { days }),
    difference,
    chance,
    ...(smallestDifference === undefined ? {} : { smallestDifference }),
    text,
  });
}

/** The best is better by x to y: the difference of this to the best is -y to -x, in a metric where less is better x to y. */
function differenceOf(shortfall: Interval, { better }: Metric) {
  return better === "lower"
    ? { differenceLow: shortfall.low, differenceHigh: shortfall.high }
    : { differenceLow: negated(shortfall.high), differenceHigh: negated(shortfall.low) };
}

/** Without the zero that has a sign. */
function negated(value: number): number {
  return value === 0 ? 0 : -value;
}
