import type { DriftFinding } from "../../domain/drift/drift.ts";
import { sourceDrifts } from "../../domain/drift/source-drift.ts";
import type { Engine } from "../../engine/engine.ts";
import { labelFindings } from "../../engine/label-watch.ts";
import type { Task } from "../task.ts";
import { recordDrifts } from "./record-drifts.ts";

/**
 * Opens, continues and resolves drifts between the store and the operator's files, and between the label in use and the newest approved
 * version.
 */
export function createWatchSourceDrift(engine: Engine): Task {
  /** What was found of labels, and at which revision: versions and labels change by commits alone. */
  let known: { readonly revision: number; readonly findings: readonly DriftFinding[] } | undefined;
  return {
    name: "watch-source-drift",
    async run(pass) {
      const { config } = engine.state;
      if (known?.revision !== config.revision)
        known = { revision: config.revision, findings: await labelFindings(engine) };
      const findings = [...sourceDrifts(config, engine.dimensions), ...known.findings];
      return recordDrifts(engine, { kinds: ["source"], findings, along: [] }, pass);
    },
  };
}
