import type { Experiment } from "./experiment.ts";
import { isScore, type MetricRule, worstValue } from "./metric-rule.ts";

/** What one enrolled unit is, and what was reported of it so far. The parts up to `centres` never change after the draw. */
export interface EnrolledUnit {
  readonly experimentId: string;
  readonly boot: number;
  /** Place in the order of assignment, unique in the store. */
  readonly sequence: number;
  /** What the unit is remembered by; empty for a lookup that is a unit of its own. */
  readonly key: string;
  readonly arm: number;
  readonly propensityPpm: number;
  readonly epoch: number;
  readonly assignedAtMs: number;
  readonly scoreRequested: boolean;
  /** Per metric a number in 0..1 that was fixed before any outcome of the unit: the centre c of the increment. */
  readonly centres: readonly number[];
  /** Outcomes that count. */
  readonly reports: number;
  /** Per metric: values that count, and their sum on the scale of 0 to 1. */
  readonly counts: readonly number[];
  readonly sums: readonly number[];
  /** Scores of the unit as a whole, from 0 to 1, by the index of their metric: such a score is the unit's value. */
  readonly scores: Readonly<Record<number, number>>;
}

/** One object for all units that were not scored as a whole, because most of the table are such. */
export const NO_SCORES: EnrolledUnit["scores"] = {};

/** One outcome of a unit, as far as experiments look at it. */
export interface UnitReport {
  readonly decidedAtMs: number;
  readonly receivedAtMs: number;
  /** Per metric what it says, from 0 to 1. */
  readonly values: readonly (number | undefined)[];
}

/** What a unit counts for one metric once nothing can change it any more. */
export type SettledValue =
  | { readonly kind: "reported" | "imputed"; readonly value: number }
  | { readonly kind: "censored" | "ignored" | "not_requested" };

type Timing = Pick<Experiment, "unitWindowMs" | "metrics">;

/** The last moment at which a report for a metric counts. A lookup that is its own unit has no window to wait for. */
export function deadlineMs(unit: EnrolledUnit, rule: MetricRule, timing: Timing): number {
  return unit.assignedAtMs + windowMs(unit, timing) + rule.ttlMs;
}

/**
 * The unit with one more report; the same unit where the report came too late: decided after the unit's window, or received after
 * the deadline of every metric. What a session reports averages into one observation; of a lookup that is its own unit the first
 * report of a metric counts.
 */
export function withReport(unit: EnrolledUnit, report: UnitReport, timing: Timing): EnrolledUnit {
  if (report.decidedAtMs > unit.assignedAtMs + windowMs(unit, timing)) return unit;
  const isInTime = timing.metrics.map(
    (rule) => report.receivedAtMs <= deadlineMs(unit, rule, timing),
  );
  if (!isInTime.includes(true)) return unit;
  const counts = [...unit.counts];
  const sums = [...unit.sums];
  for (const [index, value] of report.values.entries()) {
    const count = counts[index] ?? 0;
    const isTaken = unit.key === "" && count > 0;
    if (value === undefined || !isInTime[index] || isTaken) continue;
    counts[index] = count + 1;
    sums[index] = (sums[index] ?? 0) + value;
  }
  return { ...unit, reports: unit.reports + 1, counts, sums };
}

/**
 * The unit after a score came or was corrected; the same unit after the metric's deadline, when its value is frozen. `previous` is
 * what was counted for the same target before. A score `ofUnit` is of the unit as a whole and counts instead of those of its outcomes.
 */
export function withScore(
  unit: EnrolledUnit,
  score: {
    readonly metric: number;
    readonly value: number;
    readonly previous: number | undefined;
    readonly ofUnit: boolean;
    readonly receivedAtMs: number;
  },
  timing: Timing,
): EnrolledUnit {
  const rule = timing.metrics[score.metric];
  if (!rule || score.receivedAtMs > deadlineMs(unit, rule, timing)) return unit;
  if (score.ofUnit) return { ...unit, scores: { ...unit.scores, [score.metric]: score.value } };
  const counts = [...unit.counts];
  const sums = [...unit.sums];
  counts[score.metric] = (counts[score.metric] ?? 0) + (score.previous === undefined ? 1 : 0);
  sums[score.metric] = (sums[score.metric] ?? 0) + score.value - (score.previous ?? 0);
  return { ...unit, counts, sums };
}

/** What a unit counts for a metric after its deadline. What is imputed depends on the metric alone, never on the arm. */
export function settle(unit: EnrolledUnit, index: number, rule: MetricRule): SettledValue {
  if (isScore(rule.metric) && !unit.scoreRequested) return { kind: "not_requested" };
  const whole = unit.scores[index];
  if (whole !== undefined) return { kind: "reported", value: whole };
  const count = unit.counts[index] ?? 0;
  if (count > 0) {
    const mean = (unit.sums[index] ?? 0) / count;
    return { kind: "reported", value: Math.min(1, Math.max(0, mean)) };
  }
  if (rule.missing === "failure") return { kind: "imputed", value: worstValue(rule.metric) };
  return { kind: rule.missing === "censor" ? "censored" : "ignored" };
}

function windowMs(unit: EnrolledUnit, timing: Timing): number {
  return unit.key === "" ? 0 : timing.unitWindowMs;
}
