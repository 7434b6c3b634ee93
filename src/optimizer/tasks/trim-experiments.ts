import type { Engine } from "../../engine/engine.ts";
import { trimExperiments } from "../../engine/experiments/experiment-retention.ts";
import type { Task } from "../task.ts";

/** Removes what is kept of ended experiments no longer. */
export function createTrimExperiments(engine: Engine): Task {
  let isFirst = true;
  return {
    name: "trim-experiments",
    async run({ nowMs }) {
      await trimExperiments(engine, { nowMs, isFirst });
      isFirst = false;
      return [];
    },
  };
}
