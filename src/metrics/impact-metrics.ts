import { Gauge, type Registry } from "prom-client";
import type { ImpactCorrelation } from "../domain/analysis/impact-correlations.ts";

export interface ImpactMetrics {
  /** Takes the newest correlations in place of those before. */
  measured(correlations: readonly ImpactCorrelation[]): void;
}

/** What GetImpactMetrics answers over all outcomes, as of the last pass of the loop; a pair that does not vary is NaN. */
export function createImpactMetrics(registry: Registry): ImpactMetrics {
  const gauge = new Gauge({
    name: "attuned_impact_correlation",
    help: "How strongly a setting and an outcome go together: Pearson correlation, for model eta squared. Not an effect.",
    labelNames: ["x", "y"] as const,
    registers: [registry],
  });
  return {
    measured(correlations) {
      for (const { x, y, value } of correlations) gauge.set({ x, y }, value ?? Number.NaN);
    },
  };
}
