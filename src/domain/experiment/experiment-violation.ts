import { settingsViolations } from "../config/validate.ts";
import type { Violation } from "../kernel/fault.ts";
import { SCORE_NAME_LENGTH_MAX } from "../kernel/limits.ts";
import { hasControlCharacter } from "../kernel/text.ts";
import {
  ARMS_MAX,
  EXPERIMENT_METRICS_MAX,
  EXPERIMENT_NAME_LENGTH_MAX,
  METRIC_TTL_MS_MAX,
  PERIOD_MS_MAX,
  UNIT_WINDOW_MS_MAX,
} from "./bounds.ts";
import { type Experiment, MILLION, releaseAfterMs } from "./experiment.ts";
import { type MetricRule, needsCap } from "./metric-rule.ts";

/** The parts of an experiment that a caller chooses. */
export type ExperimentPlan = Pick<
  Experiment,
  | "name"
  | "scope"
  | "arms"
  | "metrics"
  | "unitWindowMs"
  | "periodMs"
  | "scoreFractionPpm"
  | "designedEffect"
>;

/** What is wrong with a name, in words; undefined where nothing is. */
export function experimentNameViolation(name: string): string | undefined {
  if (name.trim() === "") return "must not be empty";
  if (name.length > EXPERIMENT_NAME_LENGTH_MAX)
    return `must have at most ${EXPERIMENT_NAME_LENGTH_MAX} characters`;
  return hasControlCharacter(name) ? "must not hold control characters" : undefined;
}

/** Every broken rule of a plan. */
export function experimentViolations(plan: ExperimentPlan): Violation[] {
  const violations: Violation[] = [];
  const rule = (field: string, isKept: boolean, message: string) => {
    if (!isKept) violations.push({ field, message });
  };
  const name = experimentNameViolation(plan.name);
  if (name) violations.push({ field: "name", message: name });
  violations.push(...armViolations(plan), ...metricViolations(plan.metrics));
  rule(
    "unitWindowSeconds",
    plan.unitWindowMs >= 0 && plan.unitWindowMs <= UNIT_WINDOW_MS_MAX,
    `must be at least 0 and at most ${UNIT_WINDOW_MS_MAX / 1000}`,
  );
  rule(
    "scoreFraction",
    plan.scoreFractionPpm >= 0 && plan.scoreFractionPpm <= MILLION,
    "must be at least 0 and at most 1",
  );
  rule(
    "designedEffect",
    plan.designedEffect >= 0.001 && plan.designedEffect <= 0.5,
    "must be at least 0.001 and at most 0.5, on the metric's scale of 0 to 1",
  );
  if (violations.length > 0) return violations;
  const leastMs = releaseAfterMs(plan);
  rule(
    "periodSeconds",
    plan.periodMs >= leastMs && plan.periodMs <= PERIOD_MS_MAX,
    `must be at least the window plus the longest attribution window, ${leastMs / 1000}, and at most ${PERIOD_MS_MAX / 1000}`,
  );
  return violations;
}

function armViolations({ arms }: ExperimentPlan): Violation[] {
  const violations: Violation[] = [];
  if (arms.length < 2 || arms.length > ARMS_MAX) {
    violations.push({
      field: "arms",
      message: `must be control and 1 to ${ARMS_MAX - 1} challengers`,
    });
  }
  if (new Set(arms.map(({ name }) => name)).size < arms.length)
    violations.push({ field: "arms", message: "must have different names" });
  for (const [index, arm] of arms.entries()) {
    const path = `arms[${index}]`;
    const name = experimentNameViolation(arm.name);
    if (name) violations.push({ field: `${path}.name`, message: name });
    const isChanging = Object.keys(arm.changes).length > 0;
    if (index === 0 && isChanging)
      violations.push({ field: `${path}.changes`, message: "must be empty: arm 0 is control" });
    if (index > 0 && !isChanging)
      violations.push({ field: `${path}.changes`, message: "must change a setting of the phase" });
    if (arm.weightPpm < 1)
      violations.push({ field: `${path}.weight`, message: "must be at least a millionth" });
    violations.push(...settingsViolations(arm.changes, `${path}.changes`));
  }
  if (arms.reduce((sum, { weightPpm }) => sum + weightPpm, 0) !== MILLION)
    violations.push({ field: "arms", message: "must have weights that add up to 1" });
  return violations;
}

function metricViolations(metrics: readonly MetricRule[]): Violation[] {
  const violations: Violation[] = [];
  if (metrics.length < 1 || metrics.length > EXPERIMENT_METRICS_MAX) {
    violations.push({
      field: "metrics",
      message: `must be 1 to ${EXPERIMENT_METRICS_MAX}, the first one primary`,
    });
  }
  if (new Set(metrics.map(({ metric }) => metric)).size < metrics.length)
    violations.push({ field: "metrics", message: "must name each metric once" });
  if (metrics[0] && metrics[0].missing !== "failure") {
    violations.push({
      field: "metrics[0].missing",
      message: "must be FAILURE: a primary metric that leaves units out is no basis for a decision",
    });
  }
  for (const [index, { metric, ttlMs, cap }] of metrics.entries()) {
    const path = `metrics[${index}]`;
    if (!/^[a-zA-Z][a-zA-Z0-9_.-]*$/.test(metric) || metric.length > SCORE_NAME_LENGTH_MAX) {
      violations.push({
        field: `${path}.metric`,
        message: "must be success, latency, cost, quality or another score's name",
      });
    }
    if (!(ttlMs > 0 && ttlMs <= METRIC_TTL_MS_MAX)) {
      violations.push({
        field: `${path}.ttlSeconds`,
        message: `must be more than 0 and at most ${METRIC_TTL_MS_MAX / 1000}`,
      });
    }
    if (
      needsCap(metric) !== (cap !== undefined) ||
      (cap !== undefined && !(cap > 0 && cap < 1e9))
    ) {
      violations.push({
        field: `${path}.cap`,
        message:
          "must be set for latency (in milliseconds) and cost (in US dollars), and only there",
      });
    }
  }
  return violations;
}
