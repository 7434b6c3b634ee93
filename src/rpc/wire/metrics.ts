import { create } from "@bufbuild/protobuf";
import { ALPHA } from "../../domain/analysis/parameter-impact.ts";
import { scopeAttributes } from "../../domain/config/scope.ts";
import { boundedSums, type Cell, totalsMean } from "../../domain/outcome/cell.ts";
import type { Arm } from "../../domain/outcome/outcome.ts";
import { scoreScale } from "../../domain/outcome/score.ts";
import {
  type ConfigurationMetrics,
  ConfigurationMetricsSchema,
} from "../../gen/attuned/v1/metrics_pb.ts";
import { meanInterval } from "../../stats/confidence-sequence.ts";
import { meanOf } from "../../stats/power-sums.ts";
import { phaseToWire } from "./phase.ts";
import { settingsToWire } from "./settings.ts";

/** What a cell says of its arm, in the seed's seven fields and more. */
export function metricsToWire(
  arm: Arm,
  cell: Cell,
  dimensions: readonly string[],
): ConfigurationMetrics {
  const quality = meanOf(boundedSums(cell, "quality"));
  const successRate = meanOf(boundedSums(cell, "success"));
  const avgLatency = totalsMean(cell.latencyMs);
  const avgTokens = totalsMean(cell.tokens);
  const cost = totalsMean(cell.costNanoUsd);
  const metrics = Object.keys(cell.bounded);
  const scores = metrics.filter((name) => name !== "quality" && name !== "success");
  return create(ConfigurationMetricsSchema, {
    configId: arm.configId,
    settings: settingsToWire(arm.settings),
    ...(quality === undefined ? {} : { avgQuality: quality * scoreScale("quality").max }),
    ...(avgLatency === undefined ? {} : { avgLatency }),
    ...(avgTokens === undefined ? {} : { avgTokens }),
    ...(successRate === undefined ? {} : { successRate }),
    ...(cost === undefined ? {} : { costPerRequest: cost / 1e9 }),
    sampleSize: BigInt(cell.outcomes),
    intervals: Object.fromEntries(
      metrics.map((name) => [name === "success" ? "success_rate" : name, interval(cell, name)]),
    ),
    scores: Object.fromEntries(
      scores.map((name) => [name, (meanOf(boundedSums(cell, name)) ?? 0) * scoreScale(name).max]),
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
  });
}

function interval(cell: Cell, name: string) {
  const { low, high } = meanInterval(boundedSums(cell, name), { alpha: ALPHA });
  const { max } = name === "success" ? { max: 1 } : scoreScale(name);
  return { low: low * max, high: high * max };
}
