import { sourceDrifts } from "../../domain/drift/source-drift.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Task } from "../task.ts";
import { recordDrifts } from "./record-drifts.ts";

/** Opens, continues and resolves drifts between the store and the operator's files. */
export function createWatchSourceDrift(engine: Engine): Task {
  return {
    name: "watch-source-drift",
    run(pass) {
      const findings = sourceDrifts(engine.state.config, engine.dimensions);
      return recordDrifts(engine, { kinds: ["source"], findings, along: [] }, pass);
    },
  };
}
