import type { DriftKind } from "../../domain/drift/drift.ts";
import type { DriftWatch } from "../../engine/drift-watch.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Task } from "../task.ts";
import { recordDrifts } from "./record-drifts.ts";

const KINDS: readonly DriftKind[] = ["outcome", "application", "model"];

/**
 * Opens, continues and resolves what is seen of single outcomes: metrics that move while the settings stay, settings applied otherwise
 * than told, and providers that answer with another model. What was found is written with the state that found it.
 */
export function createWatchOutcomeDrift(engine: Engine, watch: DriftWatch): Task {
  return {
    name: "watch-outcome-drift",
    async run(pass) {
      const { findings, ops, saved } = await watch.fold(pass.nowMs, pass.slices);
      const decisions = await recordDrifts(engine, { kinds: KINDS, findings, along: ops }, pass);
      saved();
      return decisions;
    },
  };
}
