import type { MeasuredArm } from "../../domain/analysis/measured-arm.ts";
import { METRIC_NAMES, type Metric, metricFor } from "../../domain/analysis/metric.ts";
import type { AnalysisTime } from "../../domain/analysis/parameter-impact.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import { timeAt } from "../../engine/arm-measures.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Clock } from "../../platform/clock.ts";

/** What every analysis needs. */
export interface AnalysisContext {
  readonly engine: Engine;
  readonly clock: Clock;
}

/** Which hours are closed now; who asks wants every interval. */
export function analysisTime({ clock }: AnalysisContext): AnalysisTime {
  return { ...timeAt(clock.nowMs()), isDetailed: true };
}

/** The metrics of a request over what was measured, quality where none is named. Errors: METRIC_INVALID. */
export function requiredMetric(name: string, arms: readonly MeasuredArm[]): Metric {
  const metric = metricFor(
    name === "" ? "quality" : name,
    arms.map(({ cell }) => cell),
  );
  if (metric) return metric;
  const known = METRIC_NAMES.join(", ");
  throw new Fault("METRIC_INVALID", `metric must be one of ${known}, is ${JSON.stringify(name)}`, {
    violations: [{ field: "metric", message: `must be one of ${known}` }],
  });
}

/** Errors: THRESHOLD_INVALID where a number is not within its range. */
export function requireWithin(
  field: string,
  value: number | undefined,
  range: { readonly min: number; readonly max: number },
): void {
  const { min, max } = range;
  if (value === undefined || (value >= min && value <= max)) return;
  const message = `must be at least ${min} and at most ${max}, is ${value}`;
  throw new Fault("THRESHOLD_INVALID", `${field} ${message}`, {
    violations: [{ field, message }],
  });
}
