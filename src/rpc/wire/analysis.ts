import { create } from "@bufbuild/protobuf";
import type { Insight } from "../../domain/analysis/insight.ts";
import type {
  LevelReport,
  ParameterImpact,
  TailReport,
} from "../../domain/analysis/parameter-impact.ts";
import type { TemperatureBin } from "../../domain/analysis/temperature-bins.ts";
import { scopeAttributes } from "../../domain/config/scope.ts";
import {
  AnalysisStatus,
  InsightSchema,
  ParameterBinSchema,
  ParameterGroupSchema,
  ParameterTailSchema,
  type Insight as WireInsight,
} from "../../gen/attuned/v1/analysis_pb.ts";
import type { Interval } from "../../stats/interval.ts";
import { evidenceToWire } from "./evidence.ts";
import { phaseToWire } from "./phase.ts";

export function statusToWire(impact: ParameterImpact): AnalysisStatus {
  return impact.status === "ok" ? AnalysisStatus.OK : AnalysisStatus.INSUFFICIENT_DATA;
}

export function levelToWire(level: LevelReport) {
  const { shortfall } = level;
  return create(ParameterGroupSchema, {
    value: level.value,
    sampleSize: BigInt(level.sampleSize),
    mean: level.mean,
    low: level.interval.low,
    high: level.interval.high,
    difference: level.difference,
    ...(shortfall ? differenceOf(shortfall) : {}),
    ...(level.isOptimal === undefined ? {} : { optimal: level.isOptimal }),
  });
}

export function tailToWire(tail: TailReport) {
  return create(ParameterTailSchema, {
    above: tail.side === "upper",
    values: [...tail.values],
    sampleSize: BigInt(tail.sampleSize),
    ...differenceOf(tail.shortfall),
  });
}

export function binToWire(bin: TemperatureBin) {
  return create(ParameterBinSchema, {
    name: bin.name,
    sampleSize: BigInt(bin.sampleSize),
    ...(bin.mean === undefined ? {} : { mean: bin.mean }),
    ...(bin.interval ? { low: bin.interval.low, high: bin.interval.high } : {}),
  });
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

/** The best is better by x to y: the difference of this to the best is -y to -x. */
function differenceOf(shortfall: Interval) {
  return { differenceLow: -shortfall.high, differenceHigh: -shortfall.low };
}
