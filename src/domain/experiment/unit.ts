import type { OutcomeStanding } from "../outcome/correction.ts";
import type { Outcome } from "../outcome/outcome.ts";
import { REPORTS_PER_LOOKUP_MAX } from "./bounds.ts";
import type { Experiment } from "./experiment.ts";
import { isFailed, isScore, type MetricRule, worstValue } from "./metric-rule.ts";

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
  /** Of a lookup that is a unit of its own: which of its reports counts, by the index of the metric; the first, 0, where none is named. */
  readonly holders: Readonly<Record<number, number>>;
}

/** One object for all units that were not scored as a whole, because most of the table are such. */
export const NO_SCORES: EnrolledUnit["scores"] = {};
/** One object for all units in which no later report took the place of the first. */
export const NO_HOLDERS: EnrolledUnit["holders"] = {};

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
 * report of a metric counts, and of its reports the first few.
 */
export function withReport(unit: EnrolledUnit, report: UnitReport, timing: Timing): EnrolledUnit {
  if (report.decidedAtMs > unit.assignedAtMs + windowMs(unit, timing)) return unit;
  if (isLookup(unit) && unit.reports >= REPORTS_PER_LOOKUP_MAX) return unit;
  const isInTime = timing.metrics.map(
    (rule) => report.receivedAtMs <= deadlineMs(unit, rule, timing),
  );
  if (!isInTime.includes(true)) return unit;
  let next = unit;
  for (const [metric, value] of report.values.entries()) {
    if (value === undefined || !isInTime[metric]) continue;
    next = isLookup(unit)
      ? withLookupValue(next, { metric, value, report: unit.reports })
      : withCallValue(next, { metric, value, previous: undefined });
  }
  return { ...next, reports: unit.reports + 1 };
}

/** How an outcome stands in its unit, which was `before` and is `after` it. */
export function standingOf(
  before: EnrolledUnit,
  after: EnrolledUnit,
  { status }: Pick<Outcome, "status">,
): OutcomeStanding {
  const report = isLookup(before) ? before.reports : 0;
  return { report: after === before ? undefined : report, isFailed: isFailed(status) };
}

/**
 * The unit after a score came or was corrected; the same unit where that changes nothing of it: after the metric's deadline, when its
 * value is frozen, and for an outcome that it does not count. `previous` is the score that counted for the same target before; without
 * one a score takes the place of the worst value that a failed call counts. A score without a standing is one of the unit as a whole
 * and counts instead of those of its outcomes.
 */
export function withScore(
  unit: EnrolledUnit,
  score: {
    readonly metric: number;
    readonly value: number;
    readonly previous: number | undefined;
    readonly standing: OutcomeStanding | undefined;
    readonly receivedAtMs: number;
  },
  timing: Timing,
): EnrolledUnit {
  const { metric, value, standing } = score;
  const rule = timing.metrics[metric];
  if (!rule || score.receivedAtMs > deadlineMs(unit, rule, timing)) return unit;
  if (!standing) return { ...unit, scores: { ...unit.scores, [metric]: value } };
  const { report } = standing;
  if (report === undefined) return unit;
  if (isLookup(unit)) return withLookupValue(unit, { metric, value, report });
  const imputed = standing.isFailed ? worstValue(rule.metric) : undefined;
  return withCallValue(unit, { metric, value, previous: score.previous ?? imputed });
}

/** A session with one more value, or with one in place of another. */
function withCallValue(
  unit: EnrolledUnit,
  {
    metric,
    value,
    previous,
  }: {
    readonly metric: number;
    readonly value: number;
    readonly previous: number | undefined;
  },
): EnrolledUnit {
  const counts = [...unit.counts];
  const sums = [...unit.sums];
  counts[metric] = (counts[metric] ?? 0) + (previous === undefined ? 1 : 0);
  sums[metric] = (sums[metric] ?? 0) + value - (previous ?? 0);
  return { ...unit, counts, sums };
}

/** A lookup with the value of one of its reports: the first that has one holds the metric, and it alone can change it. */
function withLookupValue(
  unit: EnrolledUnit,
  {
    metric,
    value,
    report,
  }: { readonly metric: number; readonly value: number; readonly report: number },
): EnrolledUnit {
  const isHeld = (unit.counts[metric] ?? 0) > 0;
  if (isHeld && (unit.holders[metric] ?? 0) !== report) return unit;
  const counts = unit.counts.with(metric, 1);
  const sums = unit.sums.with(metric, value);
  const holders = report === 0 ? unit.holders : { ...unit.holders, [metric]: report };
  return { ...unit, counts, sums, holders };
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

/** Whether a unit is a single lookup. */
export function isLookup({ key }: Pick<EnrolledUnit, "key">): boolean {
  return key === "";
}

function windowMs(unit: EnrolledUnit, timing: Timing): number {
  return isLookup(unit) ? 0 : timing.unitWindowMs;
}
