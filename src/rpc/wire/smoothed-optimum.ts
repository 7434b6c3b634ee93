import { type ParameterImpact, rangeAround } from "../../domain/analysis/parameter-impact.ts";
import { smoothedOptimum } from "../../domain/analysis/smoothed-optimum.ts";
import type { ParameterGroup } from "../../gen/attuned/v1/analysis_pb.ts";

/**
 * What a smoother over neighbouring levels proposes: the point, the range to look in first, and the smoothed means beside the groups.
 * The optimal range is that of the evidence around the point.
 */
export function smoothedToWire(
  impact: ParameterImpact,
  variance: number | undefined,
  groups: readonly ParameterGroup[],
) {
  const proposed = smoothedOptimum(impact, variance);
  if (!proposed) return {};
  const { point, range, levels } = proposed;
  const byValue = new Map(levels.map((level) => [level.value, level]));
  const around = rangeAround(impact.optimum, point);
  return {
    optimalTemperature: point,
    proposedRange: { low: range.low, high: range.high },
    ...(around ? { optimalRange: { low: around.low, high: around.high } } : {}),
    groups: groups.map((group) => {
      const level = group.value === undefined ? undefined : byValue.get(group.value);
      const told = level && { smoothed: level.mean, smoothedDeviation: level.deviation };
      return { ...group, ...told };
    }),
  };
}
