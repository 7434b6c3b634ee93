import type { MeasuredArm } from "../../src/domain/analysis/measured-arm.ts";
import { metricOf } from "../../src/domain/analysis/metric.ts";
import { parameterOf } from "../../src/domain/analysis/parameter.ts";
import {
  analyseParameter,
  type ParameterImpact,
} from "../../src/domain/analysis/parameter-impact.ts";
import { EMPTY_CELL } from "../../src/domain/outcome/cell.ts";
import { addValue, EMPTY_SUMS, type PowerSums } from "../../src/stats/power-sums.ts";
import { type Random, shuffled } from "./random.ts";
import type { TemperatureRow } from "./shared-data.ts";

/** An arm for each temperature, from the sums of its quality. */
export function temperatureArms(levels: ReadonlyMap<number, PowerSums>): MeasuredArm[] {
  return [...levels].map(([temperature, quality]) => ({
    settings: { temperature },
    cell: { ...EMPTY_CELL, bounded: { quality } },
  }));
}

/** What the product says of quality by temperature, from the sums of each level. */
export function impactOf(levels: ReadonlyMap<number, PowerSums>): ParameterImpact {
  const [parameter, metric] = [parameterOf("temperature"), metricOf("quality")];
  if (!parameter || !metric) throw new Error("temperature and quality are known");
  return analyseParameter(temperatureArms(levels), parameter, metric);
}

/** In how many random orders of the rows the product ever claims a level to be worse, at equally spaced looks. */
export function ordersWithClaims(
  rows: readonly TemperatureRow[],
  how: { readonly orders: number; readonly looks: number; readonly random: Random },
): number {
  let found = 0;
  for (let order = 0; order < how.orders; order++) {
    const levels = new Map<number, PowerSums>();
    const mixed = shuffled(rows, how.random);
    let isClaimed = false;
    for (const [index, row] of mixed.entries()) {
      const { temperature } = row.settings;
      const sums = levels.get(temperature) ?? EMPTY_SUMS;
      levels.set(temperature, addValue(sums, row.scores.quality / 100));
      const isLook = (index + 1) % Math.ceil(mixed.length / how.looks) === 0;
      if (isLook || index === mixed.length - 1) isClaimed ||= impactOf(levels).isDistinguishable;
      if (isClaimed) break;
    }
    if (isClaimed) found += 1;
  }
  return found;
}
