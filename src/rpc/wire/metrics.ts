import { create } from "@bufbuild/protobuf";
import { ALPHA } from "../../domain/analysis/level-comparison.ts";
import { scoreMetric, utilitySums } from "../../domain/analysis/metric.ts";
import { scoredShare, scoringOf } from "../../domain/analysis/scoring.ts";
import { scopeAttributes } from "../../domain/config/scope.ts";
import { shownNumber } from "../../domain/kernel/precision.ts";
import { boundedSums, type Cell, totalsMean } from "../../domain/outcome/cell.ts";
import { type Distributions, NO_DISTRIBUTIONS } from "../../domain/outcome/distributions.ts";
import type { Arm } from "../../domain/outcome/outcome.ts";
import {
  type QuantileSketch,
  quantileOf,
  sketchSize,
} from "../../domain/outcome/quantile-sketch.ts";
import { scoreScale } from "../../domain/outcome/score.ts";
import { OVERFLOW_CONFIG_ID } from "../../engine/arms.ts";
import {
  type ConfigurationMetrics,
  ConfigurationMetricsSchema,
} from "../../gen/attuned/v1/metrics_pb.ts";
import { meanInterval } from "../../stats/confidence-sequence.ts";
import { meanOf, type PowerSums, scaleSums, shiftSums } from "../../stats/power-sums.ts";
import { phaseToWire } from "./phase.ts";
import { settingsToWire } from "./settings.ts";

/** What a cell says of its arm, in the seed's seven fields and more. */
export function metricsToWire(
  arm: Arm,
  cell: Cell,
  dimensions: readonly string[],
  distributions: Distributions = NO_DISTRIBUTIONS,
): ConfigurationMetrics {
  const quality = meanOf(sumsOf(cell, "quality"));
  const rated = meanOf(boundedSums(cell, "quality"));
  const successRate = meanOf(boundedSums(cell, "success"));
  const avgLatency = totalsMean(cell.latencyMs);
  const avgTokens = totalsMean(cell.tokens);
  const cost = totalsMean(cell.costNanoUsd);
  const metrics = Object.keys(cell.bounded);
  const scores = metrics.filter((name) => name !== "quality" && name !== "success");
  return create(ConfigurationMetricsSchema, {
    configId: arm.configId,
    settings: settingsToWire(arm.settings),
    ...(quality === undefined
      ? {}
      : { avgQuality: shownNumber(quality * scoreScale("quality").max) }),
    ...(rated === undefined
      ? {}
      : {
          ratedQuality: shownNumber(rated * scoreScale("quality").max),
          unscoredShare: 1 - scoredShare(scoringOf(cell, "quality")),
        }),
    ...(avgLatency === undefined ? {} : { avgLatency: shownNumber(avgLatency) }),
    ...(avgTokens === undefined ? {} : { avgTokens: shownNumber(avgTokens) }),
    ...(successRate === undefined ? {} : { successRate: shownNumber(successRate) }),
    ...(cost === undefined ? {} : { costPerRequest: shownNumber(cost / 1e9) }),
    sampleSize: BigInt(cell.outcomes),
    intervals: Object.fromEntries(
      metrics.map((name) => [name === "success" ? "success_rate" : name, interval(cell, name)]),
    ),
    scores: Object.fromEntries(
      scores.map((name) => [
        name,
        shownNumber((meanOf(sumsOf(cell, name)) ?? 0) * scoreScale(name).max),
      ]),
    ),
    statuses: Object.fromEntries(
      Object.entries(cell.statuses).map(([status, count]) => [status, BigInt(count)]),
    ),
    model: arm.scope.model,
    phase: phaseToWire(arm.scope.phase),
    attributes: scopeAttributes(arm.scope, dimensions),
    ...(cell.costNanoUsd.n === 0
      ? {}
      : { derivedCostShare: cell.costDerived / cell.costNanoUsd.n }),
    priceDate: cell.priceDate,
    ...percentiles("latencyPercentiles", distributions.latencyMs, 1),
    ...percentiles("tokenPercentiles", distributions.tokens, 1),
    ...percentiles("costPercentiles", distributions.costNanoUsd, 1e-9),
    lateCount: BigInt(cell.late),
    skewedCount: BigInt(cell.skewed),
    duplicateCount: BigInt(cell.duplicates),
    rejectedCount: BigInt(cell.rejected),
    missingCounts: missingCounts(cell),
    correctedCount: BigInt(cell.corrected),
    overflow: arm.configId === OVERFLOW_CONFIG_ID,
  });
}

/** Percentiles under their field's name, where there are values. The sketch is in a unit of its own. */
function percentiles<F extends string>(
  field: F,
  sketch: QuantileSketch,
  unit: number,
): Partial<Record<F, { p50: number; p95: number; p99: number }>> {
  if (sketchSize(sketch) === 0) return {};
  const at = (share: number) => (quantileOf(sketch, share) ?? 0) * unit;
  const values = { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  return { [field]: values } as Record<F, typeof values>;
}

/** How many outcomes lack a value, where any does. */
function missingCounts(cell: Cell): Record<string, bigint> {
  const present = {
    latency: cell.latencyMs.n,
    tokens: cell.tokens.n,
    cost: cell.costNanoUsd.n,
    quality: boundedSums(cell, "quality").n,
  };
  return Object.fromEntries(
    Object.entries(present)
      .filter(([, count]) => count < cell.outcomes)
      .map(([metric, count]) => [metric, BigInt(cell.outcomes - count)]),
  );
}

function interval(cell: Cell, name: string) {
  const { low, high } = meanInterval(sumsOf(cell, name), { alpha: ALPHA });
  const { max } = name === "success" ? { max: 1 } : scoreScale(name);
  return { low: low * max, high: high * max };
}

/** Sums of success or of a score in 0..1 as analyses count them, in the direction of the metric; none where no call carries it. */
function sumsOf(cell: Cell, name: string): PowerSums {
  const own = boundedSums(cell, name);
  if (name === "success" || own.n === 0) return own;
  const metric = scoreMetric(name);
  const utilities = utilitySums(cell, metric);
  return metric.better === "higher" ? utilities : scaleSums(shiftSums(utilities, 1), -1);
}
