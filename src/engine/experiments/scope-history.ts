import { scopeKey } from "../../domain/config/scope.ts";
import type { Experiment } from "../../domain/experiment/experiment.ts";
import { needsCap } from "../../domain/experiment/metric-rule.ts";
import type { ScopeHistory } from "../../domain/experiment/time-to-answer.ts";
import { boundedSums } from "../../domain/outcome/cell.ts";
import { EMPTY_SUMS, mergeSums, varianceOf } from "../../stats/power-sums.ts";
import { HOUR_MS } from "../cells.ts";
import type { Engine } from "../engine.ts";

/** What the forecast looks back on, in hours. */
const HISTORY_HOURS = 24;

/** How many calls came in the scope in the last day, and how its metrics varied. */
export async function scopeHistory(
  engine: Pick<Engine, "cells">,
  experiment: Pick<Experiment, "scope" | "metrics">,
  nowMs: number,
): Promise<ScopeHistory & { readonly variances: readonly (number | null)[] }> {
  const hour = Math.floor(nowMs / HOUR_MS);
  const window = { from: hour - HISTORY_HOURS, until: hour + 1 };
  const cells = (await engine.cells.read(scopeKey(experiment.scope), window)).map(
    ({ cell }) => cell,
  );
  const variances = experiment.metrics.map(({ metric }) => {
    if (needsCap(metric)) return null;
    const sums = cells.reduce((all, cell) => mergeSums(all, boundedSums(cell, metric)), EMPTY_SUMS);
    return varianceOf(sums) ?? null;
  });
  const outcomes = cells.reduce((sum, cell) => sum + cell.outcomes, 0);
  return {
    ratePerHour: outcomes / HISTORY_HOURS,
    variance: variances[0] ?? undefined,
    variances,
  };
}
