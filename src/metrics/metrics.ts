import { Counter, Registry } from "prom-client";
import { isKnownModel } from "../domain/config/registry.ts";
import type { Engine } from "../engine/engine.ts";
import { type ConfigMetrics, createConfigMetrics } from "./config-metrics.ts";
import { createDaemonMetrics, type DaemonReads, type RpcCall } from "./daemon-metrics.ts";
import { createFileMetrics, type FileReads } from "./file-metrics.ts";
import { createFindingMetrics, type FindingMetrics } from "./finding-metrics.ts";
import { createImpactMetrics, type ImpactMetrics } from "./impact-metrics.ts";
import { createOutcomeMetrics, type OutcomeMetrics } from "./outcome-metrics.ts";
import { Pairs } from "./pairs.ts";
import { createWatchMetrics, type WatchReads } from "./watch-metrics.ts";

/** Every instrument of the daemon, on a registry of its own. */
export interface Metrics {
  readonly config: ConfigMetrics;
  readonly outcomes: OutcomeMetrics;
  readonly findings: FindingMetrics;
  readonly impact: ImpactMetrics;
  readonly call: (call: RpcCall) => void;
  /** The page in the Prometheus text format. */
  page(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface MetricsReads extends DaemonReads {
  readonly watches: () => WatchReads;
  /** Undefined where no operator files are read. */
  readonly files: () => FileReads | undefined;
}

export function createMetrics(engine: Engine, reads: MetricsReads): Metrics {
  const registry = new Registry();
  const overflow = new Counter({
    name: "attuned_metric_label_overflow_total",
    help: 'Times that a (model, phase) pair was folded into "other" because there are too many pairs.',
    registers: [registry],
  });
  const pairs = new Pairs(
    (model) => isKnownModel(engine.state.config, model),
    () => overflow.inc(),
  );
  for (const [, { model, phase }] of engine.cells.arms.scopes()) pairs.labels(model, phase);
  createWatchMetrics(registry, reads.watches);
  createFileMetrics(registry, reads.files);
  return {
    config: createConfigMetrics(registry, pairs, () => engine.state.config),
    outcomes: createOutcomeMetrics(registry, pairs),
    impact: createImpactMetrics(registry),
    findings: createFindingMetrics(registry, pairs, () => engine.state.findings),
    call: createDaemonMetrics(registry, reads),
    page: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
