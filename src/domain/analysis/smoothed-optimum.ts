import type { Interval } from "../../stats/interval.ts";
import { smoothLevels } from "../../stats/smoother.ts";
import type { LevelReport, ParameterImpact } from "./parameter-impact.ts";

/** How much the mean of 0..1 is expected to change from 0 to 0.3 of temperature, a step of the usual grid, in standard deviations. */
const STEP = 0.05;
const STEP_WIDTH = 0.3;
/** How far levels lie around their common mean. */
const SPREAD = 0.3;
/** Of a yes or no; assumed, so that little data moves little. */
const VARIANCE_MAX = 0.25;
const VARIANCE_MIN = 1e-4;

/** A level as the smoother sees it, in the metric's unit. */
export interface SmoothedLevel {
  readonly value: number;
  readonly mean: number;
  readonly deviation: number;
}

/** Where to look first within what the evidence leaves open. */
export interface SmoothedOptimum {
  readonly point: number;
  /** Adjacent members of the optimum around the point, whose smoothed means are within a standard deviation of the best. */
  readonly range: Interval;
  /** The levels that are judged, ascending. */
  readonly levels: readonly SmoothedLevel[];
}

/**
 * The best level of an ordered parameter by a first-order random walk over its levels (`smoothLevels`): neighbours share what they know,
 * so that one lucky level does not stand out. It proposes, and the evidence disposes: only levels of the optimum set are chosen, and the
 * range stays within its run around the point. Levels of several strata, or that were compared within hours, enter with that difference,
 * and with the outcomes that it rests on; one that shares none with the best enters with none.
 *
 * `variance` is that of single outcomes on the scale of 0 to 1. Undefined without enough data, or for a parameter without an order.
 */
export function smoothedOptimum(
  impact: ParameterImpact,
  variance: number | undefined,
): SmoothedOptimum | undefined {
  const { metric, parameter } = impact;
  const judged = impact.levels.filter((level) => level.isOptimal !== undefined || level.isInDoubt);
  const best = judged.find(({ value }) => value === impact.best);
  if (parameter.isNominal || !best) return undefined;
  const sign = metric.better === "higher" ? 1 : -1;
  const seen = judged.map((level) => observationOf(level, best, metric.max));
  const total = seen.reduce((sum, { n }) => sum + n, 0);
  const weighted = seen.reduce((sum, { n, mean }) => sum + n * mean, 0);
  const smoothed = smoothLevels(seen, {
    outcomeVariance: Math.min(VARIANCE_MAX, Math.max(VARIANCE_MIN, variance ?? VARIANCE_MAX)),
    step: judged
      .slice(1)
      .map(({ value }, index) => stepTo(value - (judged[index]?.value ?? value))),
    centre: total > 0 ? weighted / total : 0.5,
    spread: SPREAD,
  });
  const utility = (index: number) => sign * (smoothed.mean[index] ?? 0);
  const isMember = (index: number) => judged[index]?.isOptimal === true;
  const members = [...judged.keys()].filter(isMember);
  const point = members.reduce<number | undefined>(
    (top, index) => (top === undefined || utility(index) > utility(top) ? index : top),
    undefined,
  );
  if (point === undefined) return undefined;
  const least = utility(point) - (smoothed.sd[point] ?? 0);
  const isNear = (index: number) => isMember(index) && utility(index) >= least;
  let [low, high] = [point, point];
  while (isNear(low - 1)) low -= 1;
  while (isNear(high + 1)) high += 1;
  const valueAt = (index: number) => judged[index]?.value ?? 0;
  return {
    point: valueAt(point),
    range: { low: valueAt(low), high: valueAt(high) },
    levels: judged.map(({ value }, index) => ({
      value,
      mean: (smoothed.mean[index] ?? 0) * metric.max,
      deviation: (smoothed.sd[index] ?? 0) * metric.max,
    })),
  };
}

/** What is known of a level, on the scale of 0 to 1. */
function observationOf(level: LevelReport, best: LevelReport, max: number) {
  if (level.difference === undefined) return { n: 0, mean: best.mean / max };
  return { n: level.compared, mean: (best.mean + level.difference) / max };
}

/** A random walk's standard deviation grows with the root of the way. */
function stepTo(distance: number): number {
  return STEP * Math.sqrt(Math.max(distance, 1e-6) / STEP_WIDTH);
}
