import type { Interval } from "../../stats/interval.ts";
import { EMPTY_SUMS, meanOf, mergeSums } from "../../stats/power-sums.ts";
import type { MeasuredArm } from "./measured-arm.ts";
import { inUnit, type Metric, utilitySums } from "./metric.ts";
import { meanIntervalIn } from "./parameter-impact.ts";

/** One of the seed's ranges of temperature. */
export interface TemperatureBin {
  readonly name: "low" | "medium" | "high" | "above_one";
  readonly sampleSize: number;
  /** In the metric's unit; undefined without outcomes. */
  readonly mean: number | undefined;
  readonly interval: Interval | undefined;
}

/** The bin of a temperature: the seed's ranges with their gaps closed half-way (seed decision X15). */
export function binOfTemperature(temperature: number): TemperatureBin["name"] {
  if (temperature < 0.35) return "low";
  if (temperature < 0.75) return "medium";
  return temperature <= 1 ? "high" : "above_one";
}

/** The seed's four bins, always all of them, in ascending order. */
export function temperatureBins(arms: readonly MeasuredArm[], metric: Metric): TemperatureBin[] {
  const names = ["low", "medium", "high", "above_one"] as const;
  return names.map((name) => {
    const sums = arms
      .filter(
        ({ settings: { temperature } }) =>
          temperature !== undefined && binOfTemperature(temperature) === name,
      )
      .reduce((total, arm) => mergeSums(total, utilitySums(arm.cell, metric)), EMPTY_SUMS);
    const utility = meanOf(sums);
    if (utility === undefined) return { name, sampleSize: 0, mean: undefined, interval: undefined };
    return {
      name,
      sampleSize: sums.n,
      mean: inUnit(metric, utility),
      interval: meanIntervalIn(metric, sums),
    };
  });
}
