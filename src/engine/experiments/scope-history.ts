import { type MeasuredArm, pooledCell, ratePerDay } from "../../domain/analysis/measured-arm.ts";
import { worstCaseSums } from "../../domain/analysis/metric.ts";
import { scoredShare, scoringOf } from "../../domain/analysis/scoring.ts";
import { scopeKey } from "../../domain/config/scope.ts";
import { type Experiment, MILLION } from "../../domain/experiment/experiment.ts";
import {
  betterOf,
  isScore,
  type MetricRule,
  needsCap,
  scaleOf,
} from "../../domain/experiment/metric-rule.ts";
import type { ScopeHistory } from "../../domain/experiment/time-to-answer.ts";
import { boundedSums, type Cell } from "../../domain/outcome/cell.ts";
import { type PowerSums, varianceOf } from "../../stats/power-sums.ts";
import { HOUR_MS } from "../cells.ts";
import type { Engine } from "../engine.ts";

/** What the forecast looks back on, in hours: a week, as rates do. */
const HISTORY_HOURS = 7 * 24;

/** How many calls come in the scope at present, and how its metrics varied in the last week, counted as inference counts them. */
export async function scopeHistory(
  engine: Pick<Engine, "cells">,
  experiment: Pick<Experiment, "scope" | "metrics" | "scoreFractionPpm">,
  nowMs: number,
): Promise<ScopeHistory & { readonly variances: readonly (number | null)[] }> {
  const nowHour = Math.floor(nowMs / HOUR_MS);
  const window = { from: nowHour + 1 - HISTORY_HOURS, until: nowHour + 1 };
  const read = await engine.cells.readHours(scopeKey(experiment.scope), window);
  const arms = read.map(({ live, byHour }): MeasuredArm => {
    const cells = [...byHour.values()].map((cell) => ({ cell }));
    return { settings: live.arm.settings, cell: pooledCell(cells), hours: byHour };
  });
  const cell = pooledCell(arms);
  const requested = experiment.scoreFractionPpm / MILLION;
  const variances = experiment.metrics.map((rule) => varianceIn(cell, rule, requested) ?? null);
  return {
    ratePerHour: ratePerDay(arms, ({ outcomes }) => outcomes, nowHour) / 24,
    variance: variances[0] ?? undefined,
    variances,
  };
}

/** The variance of a metric; undefined below two values, and for metrics that are counted up to a cap of their own. */
function varianceIn(cell: Cell, rule: MetricRule, requested: number): number | undefined {
  if (needsCap(rule.metric)) return undefined;
  return varianceOf(
    isScore(rule.metric) ? scoredSums(cell, rule, requested) : boundedSums(cell, rule.metric),
  );
}

/**
 * The sums of a score as `outcomeValue` counts outcomes: a failed call without one has the worst. Where that also holds for a call that
 * reports none by its deadline, those count too that lack one although it is requested.
 */
function scoredSums(cell: Cell, rule: MetricRule, requested: number): PowerSums {
  const { metric: name } = rule;
  const share = scoredShare(scoringOf(cell, name));
  const most = rule.missing === "failure" ? Math.max(share, requested) : share;
  const metric = {
    ...{ name, max: scaleOf(rule), better: betterOf(name), unit: "", about: "", isScored: true },
  };
  return worstCaseSums(cell, metric, { share, most }).lowest;
}
