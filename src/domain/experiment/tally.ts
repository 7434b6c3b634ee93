import { addValue, EMPTY_SUMS, type PowerSums } from "../../stats/power-sums.ts";
import type { Experiment } from "./experiment.ts";
import type { MetricRule } from "./metric-rule.ts";
import type { EnrolledUnit, SettledValue } from "./unit.ts";
import { settle } from "./unit.ts";

/** What the released units of an arm say of one metric. */
export interface MetricTally {
  /** Of the reported and the imputed values, on the scale of 0 to 1. */
  readonly sums: PowerSums;
  readonly reported: number;
  readonly imputed: number;
  readonly censored: number;
}

export interface ArmTally {
  readonly assigned: number;
  /** Units with at least one outcome that counts. */
  readonly reported: number;
  readonly released: number;
  /** Outcomes that came after their unit's window or deadline. */
  readonly lateOutcomes: number;
  /** Outcomes of units whose assignment a crash took: they count as observational. */
  readonly voidOutcomes: number;
  /** Scores that came after the values of their unit were final. */
  readonly frozenScores: number;
  readonly metrics: readonly MetricTally[];
}

/** How far the units are final for one metric, in its own order of release. Never goes back. */
export interface MetricRelease {
  /** Units up to this sequence. */
  readonly through: number;
  /** Every unit that was assigned before this time, and none after. */
  readonly cutMs: number;
}

/** Everything that an experiment's results say, in the order of its arms. */
export interface ExperimentTally {
  readonly arms: readonly ArmTally[];
  /** Units up to this sequence are counted as assigned. */
  readonly assignedThrough: number;
  /** Every unit assigned before this time is released, and none after. Never goes back. */
  readonly cutMs: number;
  /** By metric: ahead of the release of whole units, because each metric has an attribution window of its own. */
  readonly releases: readonly MetricRelease[];
}

/** A unit whose values can no longer change, as it goes into the log that inference reads. */
export interface ReleasedUnit {
  readonly unit: EnrolledUnit;
  readonly values: readonly SettledValue[];
}

/** Units that the mean before the start counts as (statistics.md 1.1). */
const CENTRE_PRIOR_UNITS = 10;

const EMPTY_METRIC: MetricTally = { sums: EMPTY_SUMS, reported: 0, imputed: 0, censored: 0 };

export function emptyTally(experiment: Pick<Experiment, "arms" | "metrics">): ExperimentTally {
  const arm: ArmTally = {
    assigned: 0,
    reported: 0,
    released: 0,
    lateOutcomes: 0,
    voidOutcomes: 0,
    frozenScores: 0,
    metrics: experiment.metrics.map(() => EMPTY_METRIC),
  };
  return {
    arms: experiment.arms.map(() => arm),
    assignedThrough: -1,
    cutMs: 0,
    releases: experiment.metrics.map(() => ({ through: -1, cutMs: 0 })),
  };
}

/** Counts one unit as assigned; one that is counted already changes nothing. */
export function withAssigned(tally: ExperimentTally, unit: EnrolledUnit): ExperimentTally {
  if (unit.sequence <= tally.assignedThrough) return tally;
  const counted = withArm(tally, unit.arm, (arm) => ({ ...arm, assigned: arm.assigned + 1 }));
  return { ...counted, assignedThrough: unit.sequence };
}

/** Counts what an outcome or a score of an arm was. */
export function withOutcome(
  tally: ExperimentTally,
  arm: number,
  as: "reported" | "lateOutcomes" | "voidOutcomes" | "frozenScores",
): ExperimentTally {
  return withArm(tally, arm, (own) => ({ ...own, [as]: own[as] + 1 }));
}

/** Settles a unit and counts it. Units are given in the order of assignment. */
export function withReleased(
  tally: ExperimentTally,
  unit: EnrolledUnit,
  experiment: Pick<Experiment, "metrics">,
): { tally: ExperimentTally; released: ReleasedUnit } {
  const values = experiment.metrics.map((rule, index) => settle(unit, index, rule));
  const next = withArm(tally, unit.arm, (arm) => ({
    ...arm,
    released: arm.released + 1,
    metrics: arm.metrics.map((metric, index) => withValue(metric, values[index])),
  }));
  return { tally: next, released: { unit, values } };
}

/**
 * The centre for units assigned from now on: the mean of what is released, over all arms, with ten units of `before`, the mean in the
 * scope before the start. It uses earlier outcomes only, so that any increment around it keeps its mean (statistics.md 1.1).
 */
export function centreOf(tally: ExperimentTally, metric: number, before = 0.5): number {
  let [n, sum] = [CENTRE_PRIOR_UNITS, CENTRE_PRIOR_UNITS * before];
  for (const arm of tally.arms) {
    n += arm.metrics[metric]?.sums.n ?? 0;
    sum += arm.metrics[metric]?.sums.s1 ?? 0;
  }
  return Math.min(1, Math.max(0, sum / n));
}

/**
 * What the units of each arm say of one metric, those included whose other metrics are not final yet. `ahead` are these, in the order
 * of assignment: guards need not wait for the longest attribution window.
 */
export function ownRelease(
  tally: ExperimentTally,
  metric: { readonly index: number; readonly rule: MetricRule },
  ahead: readonly EnrolledUnit[],
): (MetricTally & { readonly released: number })[] {
  const { index, rule } = metric;
  const released = tally.arms.map((arm) => arm.released);
  const metrics = tally.arms.map((arm) => arm.metrics[index] ?? EMPTY_METRIC);
  for (const unit of ahead) {
    released[unit.arm] = (released[unit.arm] ?? 0) + 1;
    metrics[unit.arm] = withValue(metrics[unit.arm] ?? EMPTY_METRIC, settle(unit, index, rule));
  }
  return metrics.map((own, arm) => ({ ...own, released: released[arm] ?? 0 }));
}

function withValue(metric: MetricTally, value: SettledValue | undefined): MetricTally {
  switch (value?.kind) {
    case "reported":
      return { ...metric, reported: metric.reported + 1, sums: addValue(metric.sums, value.value) };
    case "imputed":
      return { ...metric, imputed: metric.imputed + 1, sums: addValue(metric.sums, value.value) };
    case "censored":
      return { ...metric, censored: metric.censored + 1 };
    default:
      return metric;
  }
}

function withArm(
  tally: ExperimentTally,
  index: number,
  change: (arm: ArmTally) => ArmTally,
): ExperimentTally {
  return { ...tally, arms: tally.arms.map((arm, at) => (at === index ? change(arm) : arm)) };
}
