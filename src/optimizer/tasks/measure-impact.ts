import {
  type CorrelatedArm,
  type ImpactCorrelation,
  impactCorrelationSteps,
} from "../../domain/analysis/impact-correlations.ts";
import { scopeKey } from "../../domain/config/scope.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Task } from "../task.ts";

/** Computes the four correlations over all outcomes, where any came since the last time: for /metrics, which may not wait for the store. */
export function createMeasureImpact(
  engine: Engine,
  publish: (correlations: readonly ImpactCorrelation[]) => void,
): Task {
  /** What is known of the arms of each scope: some 400 bytes an arm, so that a pass reads only what changed. */
  const byScope = new Map<string, readonly CorrelatedArm[]>();
  return {
    name: "measure-impact",
    async run({ changedScopes, examine, slices }) {
      if (changedScopes.length === 0) return [];
      for (const scope of changedScopes) {
        const { correlated } = await examine(scope);
        byScope.set(scopeKey(scope), correlated);
        await slices.giveWay();
      }
      const { arms } = engine.cells;
      const known: CorrelatedArm[] = [];
      for (const [key] of arms.scopes()) known.push(...(byScope.get(key) ?? []));
      for (const key of byScope.keys()) if (!arms.scope(key)) byScope.delete(key);
      publish(await slices.run(impactCorrelationSteps(known)));
      return [];
    },
  };
}
