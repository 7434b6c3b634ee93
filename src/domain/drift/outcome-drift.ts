import type { Arm } from "../outcome/outcome.ts";
import type { DriftFinding } from "./drift.ts";
import { capOf, type MetricWatch, type WatchedMetric } from "./metric-watch.ts";

/** Units and scales in which a watched metric is told. */
const TOLD: Readonly<
  Record<
    WatchedMetric,
    {
      readonly scale: number;
      readonly unit: string;
      readonly isHeavy: boolean;
      readonly good: "up" | "down";
    }
  >
> = {
  quality: { scale: 100, unit: "points", isHeavy: false, good: "up" },
  success: { scale: 1, unit: "of calls", isHeavy: false, good: "up" },
  latency: { scale: 1, unit: "ms", isHeavy: true, good: "down" },
  cost: { scale: 1e-9, unit: "USD", isHeavy: true, good: "down" },
};

/** Whether only a bounded functional of the metric is watched. */
export function isHeavyMetric(metric: WatchedMetric): boolean {
  return TOLD[metric].isHeavy;
}

/** The drift that an alarm of a watch means; undefined without one. */
export function outcomeDrift(
  arm: Arm,
  metric: WatchedMetric,
  watch: MetricWatch,
): DriftFinding | undefined {
  const { alarm, design } = watch;
  if (!alarm || !design) return undefined;
  const { scale, unit, isHeavy, good } = TOLD[metric];
  const inUnit = (mean: number) => rounded(mean * scale * (isHeavy ? capOf(watch) : 1));
  const [before, now] = [inUnit(alarm.before), inUnit(alarm.now)];
  const moved = `${metric} went ${alarm.direction}, from ${before} to about ${now} ${unit}`;
  const advice =
    alarm.direction === good
      ? "an improvement from elsewhere: look whether the provider or the tasks changed"
      : "look whether the provider, the prompts or the tasks changed, before touching settings";
  return {
    kind: "outcome",
    scope: arm.scope,
    parameter: metric,
    metric,
    configId: arm.configId,
    served: now,
    optimum: [],
    optimumValues: [String(before)],
    magnitude: Math.min(1, rounded(Math.abs(alarm.now - alarm.before))),
    threshold: rounded(design.tolerance),
    evidence: "observational",
    sampleSize: watch.reference[0]?.n ?? 0,
    sinceMs: alarm.sinceMs,
    message: `${moved}, although the settings did not change; ${advice}`,
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
