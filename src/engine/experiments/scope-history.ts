import { type MeasuredArm, pooledCell, ratePerDay } from "../../domain/analysis/measured-arm.ts";
import { scoreMetric, worstCaseSums } from "../../domain/analysis/metric.ts";
import { scoredShare, scoringOf } from "../../domain/analysis/scoring.ts";
import { scopeKey } from "../../domain/config/scope.ts";
import {
  type Experiment,
  MILLION,
  type OutcomeHistory,
} from "../../domain/experiment/experiment.ts";
import {
  betterOf,
  isScore,
  type MetricRule,
  needsCap,
} from "../../domain/experiment/metric-rule.ts";
import type { ScopeHistory } from "../../domain/experiment/time-to-answer.ts";
import { boundedSums, type Cell } from "../../domain/outcome/cell.ts";
import { meanOf, type PowerSums, varianceOf } from "../../stats/power-sums.ts";
import { HOUR_MS } from "../cells.ts";
import type { Engine } from "../engine.ts";

/** What the forecast looks back on, in hours: a week, as rates do. */
const HISTORY_HOURS = 7 * 24;

/** Outcomes below which their mean is none to hold a guard by: of yes or no it is .11 off, about as far as the guard's centre may go. */
const MEAN_OUTCOMES_MIN = 20;

/** How many calls come in the scope at present, and how its metrics were in the last week, counted as inference counts them. */
export async function scopeHistory(
  engine: Pick<Engine, "cells">,
  experiment: Pick<Experiment, "scope" | "metrics" | "scoreFractionPpm">,
  nowMs: number,
): Promise<ScopeHistory & { readonly outcomes: OutcomeHistory }> {
  const nowHour = Math.floor(nowMs / HOUR_MS);
  const window = { from: nowHour + 1 - HISTORY_HOURS, until: nowHour + 1 };
  const read = await engine.cells.readHours(scopeKey(experiment.scope), window);
  const arms = read.map(({ live, byHour }): MeasuredArm => {
    const cells = [...byHour.values()].map((cell) => ({ cell }));
    return { settings: live.arm.settings, cell: pooledCell(cells), hours: byHour };
  });
  const cell = pooledCell(arms);
  const requested = experiment.scoreFractionPpm / MILLION;
  const sums = experiment.metrics.map((rule) => sumsIn(cell, rule, requested));
  const outcomeVariances = sums.map((own) => (own && varianceOf(own)) ?? null);
  const outcomeMeans = experiment.metrics.map((rule, index) => meanIn(rule, sums[index]) ?? null);
  return {
    ratePerHour: ratePerDay(arms, ({ outcomes }) => outcomes, nowHour) / 24,
    variance: outcomeVariances[0] ?? undefined,
    outcomes: { outcomeVariances, outcomeMeans },
  };
}

/** The mean of a metric on its scale of 0 to 1; undefined where too little is known. */
function meanIn(rule: MetricRule, sums: PowerSums | undefined): number | undefined {
  if (!sums || sums.n < MEAN_OUTCOMES_MIN) return undefined;
  const mean = Math.min(1, Math.max(0, meanOf(sums) ?? 0));
  return betterOf(rule.metric) === "higher" ? mean : 1 - mean;
}

/** The sums of a metric, turned so that more is better; undefined for metrics that are counted up to a cap of their own. */
function sumsIn(cell: Cell, rule: MetricRule, requested: number): PowerSums | undefined {
  if (needsCap(rule.metric)) return undefined;
  return isScore(rule.metric) ? scoredSums(cell, rule, requested) : boundedSums(cell, rule.metric);
}

/**
 * The sums of a score as `outcomeValue` counts outcomes: a failed call without one has the worst. Where that also holds for a call that
 * reports none by its deadline, those count too that lack one although it is requested.
 */
function scoredSums(cell: Cell, rule: MetricRule, requested: number): PowerSums {
  const { metric: name } = rule;
  const share = scoredShare(scoringOf(cell, name));
  const most = rule.missing === "failure" ? Math.max(share, requested) : share;
  return worstCaseSums(cell, scoreMetric(name), { share, most }).lowest;
}
