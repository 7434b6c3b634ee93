import {
  type ImpactCorrelation,
  impactCorrelations,
} from "../../domain/analysis/impact-correlations.ts";
import type { MeasuredArm } from "../../domain/analysis/measured-arm.ts";
import type { Engine } from "../../engine/engine.ts";
import { createSlicer } from "../../platform/slices.ts";
import type { Task } from "../task.ts";

/** Computes the four correlations over all outcomes, where any came since the last time: for /metrics, which may not wait for the store. */
export function createMeasureImpact(
  engine: Engine,
  publish: (correlations: readonly ImpactCorrelation[]) => void,
): Task {
  return {
    name: "measure-impact",
    async run({ changedScopes }) {
      if (changedScopes.length === 0) return [];
      const arms: MeasuredArm[] = [];
      const giveWay = createSlicer();
      for (const [key, { model }] of [...engine.cells.arms.scopes()]) {
        await giveWay();
        for (const { live, cell } of await engine.cells.readTotals(key))
          arms.push({ settings: live.arm.settings, model, cell });
      }
      publish(impactCorrelations(arms));
      return [];
    },
  };
}
