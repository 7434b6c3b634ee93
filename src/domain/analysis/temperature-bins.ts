import { evidenceIntervalSteps } from "../../stats/difference.ts";
import type { Interval } from "../../stats/interval.ts";
import { meanOf } from "../../stats/power-sums.ts";
import type { Steps } from "../../stats/steps.ts";
import { type ComparableLevel, comparableLevels } from "./comparable-level.ts";
import { ALPHA } from "./level-comparison.ts";
import { countStrata, pairEvidence } from "./level-pairs.ts";
import type { MeasuredArm } from "./measured-arm.ts";
import { inUnit, type Metric } from "./metric.ts";
import { type AnalysisTime, meanIntervalIn } from "./parameter-impact.ts";

/** One of the seed's ranges of temperature. */
export interface TemperatureBin {
  readonly name: BinName;
  readonly sampleSize: number;
  /** In the metric's unit; undefined without outcomes. */
  readonly mean: number | undefined;
  readonly interval: Interval | undefined;
  /** Against the fullest bin; undefined for that one, and where the two share no stratum. */
  readonly difference: BinDifference | undefined;
}

/** In the metric's unit. */
export interface BinDifference {
  /** Within strata where there are several. */
  readonly estimate: number;
  readonly interval: Interval;
  /** Of the plain means; undefined where nothing is stratified. */
  readonly naive: number | undefined;
}

const BINS = ["low", "medium", "high", "above_one"] as const;
type BinName = (typeof BINS)[number];

/** The bin of a temperature: the seed's ranges with their gaps closed half-way (seed decision X15). */
export function binOfTemperature(temperature: number): BinName {
  if (temperature < 0.35) return "low";
  if (temperature < 0.75) return "medium";
  return temperature <= 1 ? "high" : "above_one";
}

/**
 * The seed's four bins, always all of them, in ascending order, with their plain means. Those are of all strata at once; the differences
 * to the fullest bin are within strata where there are several, and hold together, at all looks, with probability 1 - ALPHA.
 */
export function* temperatureBinSteps(
  arms: readonly MeasuredArm[],
  metric: Metric,
  { closedBefore }: AnalysisTime,
): Steps<TemperatureBin[]> {
  const levels = comparableLevels(
    BINS.map((name) => arms.filter(({ settings }) => nameOf(settings.temperature) === name)),
    metric,
  );
  const fullest = levels.reduce(
    (most, { sums }, index) => (sums.n > (levels[most]?.sums.n ?? 0) ? index : most),
    0,
  );
  const evidence = pairEvidence(levels, closedBefore);
  const bins: TemperatureBin[] = [];
  for (const [index, level] of levels.entries()) {
    const name = BINS[index] ?? "low";
    const utility = meanOf(level.sums);
    yield;
    if (utility === undefined) {
      bins.push({
        name,
        sampleSize: 0,
        mean: undefined,
        interval: undefined,
        difference: undefined,
      });
      continue;
    }
    const against = index === fullest ? undefined : evidence(index, fullest);
    const ends = against && (yield* evidenceIntervalSteps(against, ALPHA / (BINS.length - 1)));
    bins.push({
      name,
      sampleSize: level.sampleSize,
      mean: inUnit(metric, utility),
      interval: meanIntervalIn(metric, level.sums),
      difference:
        ends && against?.estimate !== undefined
          ? differenceOf(metric, { estimate: against.estimate, ends }, [level, levels[fullest]])
          : undefined,
    });
  }
  return bins;
}

function differenceOf(
  metric: Metric,
  { estimate, ends }: { readonly estimate: number; readonly ends: Interval },
  [own, other]: readonly [ComparableLevel, ComparableLevel | undefined],
): BinDifference {
  const scale = metric.better === "higher" ? metric.max : -metric.max;
  const sides = [scale * ends.low, scale * ends.high];
  const isStratified = other !== undefined && countStrata([own, other]) > 1;
  const naive = (meanOf(own.sums) ?? 0) - (other ? (meanOf(other.sums) ?? 0) : 0);
  return {
    estimate: scale * estimate,
    interval: { low: Math.min(...sides), high: Math.max(...sides) },
    naive: isStratified ? scale * naive : undefined,
  };
}

function nameOf(temperature: number | undefined): BinName | undefined {
  return temperature === undefined ? undefined : binOfTemperature(temperature);
}
