import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ConfigurationChange } from "../domain/config/change.ts";
import type { Phase } from "../domain/config/phase.ts";
import { baseLayers, type ConfigState } from "../domain/config/registry.ts";
import type { Resolution } from "../engine/lookups.ts";
import type { Pairs } from "./pairs.ts";

const PAIR = ["model", "phase"] as const;

export interface ConfigMetrics {
  resolved(resolution: Resolution): void;
  changed(changes: readonly ConfigurationChange[]): void;
  contextTight(): void;
}

/** What is served, how often it is asked for and how it changes. */
export function createConfigMetrics(
  registry: Registry,
  pairs: Pairs,
  state: () => ConfigState,
): ConfigMetrics {
  const registers = [registry];
  const resolutions = new Counter({
    name: "attuned_resolutions_total",
    help: "Lookups answered.",
    labelNames: PAIR,
    registers,
  });
  const temperature = new Histogram({
    name: "attuned_resolved_temperature",
    help: "Temperature of the settings answered.",
    labelNames: PAIR,
    buckets: [0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 1, 1.2, 1.5, 2],
    registers,
  });
  const changes = new Counter({
    name: "attuned_config_changes_total",
    help: "Parameters of configs that became others, since the start.",
    labelNames: PAIR,
    registers,
  });
  const tight = new Counter({
    name: "attuned_context_tight_total",
    help: "Renderings whose prompt and answer do not go well into the context window.",
    registers,
  });
  const lastChangeMs = new Map<string, number>();
  const lastOf = (model: string, phase: Phase): number | undefined =>
    lastChangeMs.get(`${phase} ${model}`) ?? state().stored.get(model)?.atMs;
  stateGauges(registry, pairs, { state, lastChangeMs: lastOf });
  return {
    contextTight: () => tight.inc(),
    resolved({ arm, phase, settings }) {
      const labels = pairs.labels(arm.scope.model, phase);
      resolutions.inc(labels);
      if (settings.temperature !== undefined) temperature.observe(labels, settings.temperature);
    },
    changed(list) {
      for (const change of list) {
        if (!change.phase) continue;
        changes.inc(pairs.labels(change.model, change.phase));
        lastChangeMs.set(`${change.phase} ${change.model}`, change.atMs);
      }
    },
  };
}

/** What is in force, read at each scrape. */
function stateGauges(
  registry: Registry,
  pairs: Pairs,
  reads: {
    readonly state: () => ConfigState;
    readonly lastChangeMs: (model: string, phase: Phase) => number | undefined;
  },
): void {
  const registers = [registry];
  new Gauge({
    name: "attuned_config_info",
    help: "The config served, with the revision and the highest layer that contribute to it; the value is 1.",
    labelNames: [...PAIR, "revision", "source"] as const,
    registers,
    collect() {
      this.reset();
      for (const { model, labels } of pairs.all()) {
        const top = baseLayers(reads.state(), model).at(-1);
        this.set(
          { ...labels, revision: String(top?.revision ?? 0), source: top?.layer ?? "builtin" },
          1,
        );
      }
    },
  });
  new Gauge({
    name: "attuned_config_last_change_timestamp_seconds",
    help: "When a parameter last became another, in seconds since 1970; absent where none ever did.",
    labelNames: PAIR,
    registers,
    collect() {
      this.reset();
      for (const { model, phase, labels } of pairs.all()) {
        const atMs = reads.lastChangeMs(model, phase);
        if (atMs !== undefined) this.set(labels, atMs / 1000);
      }
    },
  });
  new Gauge({
    name: "attuned_catalog_timestamp_seconds",
    help: "Day of the newest source of the model catalog, in seconds since 1970.",
    registers,
    collect() {
      this.set(reads.state().catalog.info.generatedAtMs / 1000);
    },
  });
  new Gauge({
    name: "attuned_catalog_models",
    help: "Models of the catalog.",
    labelNames: ["lifecycle"] as const,
    registers,
    collect() {
      this.reset();
      for (const [lifecycle, count] of reads.state().catalog.info.countByLifecycle)
        this.set({ lifecycle }, count);
    },
  });
  new Gauge({
    name: "attuned_config_revision",
    help: "Revision of the store.",
    registers,
    collect() {
      this.set(reads.state().revision);
    },
  });
}
