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

/** How many calls came in the scope in the last day, and how its primary metric varied. */
export async function scopeHistory(
  engine: Pick<Engine, "cells">,
  experiment: Pick<Experiment, "scope" | "metrics">,
  nowMs: number,
): Promise<ScopeHistory> {
  const hour = Math.floor(nowMs / HOUR_MS);
  const window = { from: hour - HISTORY_HOURS, until: hour + 1 };
  const metric = experiment.metrics[0]?.metric ?? "success";
  let outcomes = 0;
  let sums = EMPTY_SUMS;
  for (const { cell } of await engine.cells.read(scopeKey(experiment.scope), window)) {
    outcomes += cell.outcomes;
    if (!needsCap(metric)) sums = mergeSums(sums, boundedSums(cell, metric));
  }
  return { ratePerHour: outcomes / HISTORY_HOURS, variance: varianceOf(sums) };
}
