import {
  type DifferenceEvidence,
  evidenceIntervalSteps,
  independentEvidence,
} from "../../stats/difference.ts";
import type { Interval } from "../../stats/interval.ts";
import { meanOf } from "../../stats/power-sums.ts";
import type { Steps } from "../../stats/steps.ts";
import {
  type ComparableLevel,
  comparableLevels,
  type LevelSums,
  sumsByStratum,
} from "./comparable-level.ts";
import { ALPHA } from "./level-comparison.ts";
import { type MeasuredArm, ratePerDay } from "./measured-arm.ts";
import { inUnit, type Metric, utilitySums } from "./metric.ts";
import { type AnalysisTime, meanIntervalIn, SAMPLES_PER_LEVEL_MIN } from "./parameter-impact.ts";
import { type TimeToAnswer, timeToAnswer } from "./time-to-answer.ts";

/** Arms before and after a change; their hours are those of their side. */
export interface ChangedArms {
  readonly before: readonly MeasuredArm[];
  readonly after: readonly MeasuredArm[];
}

/** A metric on one side of a change, in its unit. */
export interface ChangeSide {
  readonly sampleSize: number;
  readonly mean: number | undefined;
  readonly interval: Interval | undefined;
}

export interface ChangeImpact {
  readonly metric: Metric;
  readonly before: ChangeSide;
  readonly after: ChangeSide;
  /** After minus before, within strata; undefined without a stratum that has both. */
  readonly difference: number | undefined;
  readonly interval: Interval | undefined;
  /** The same of the plain means. */
  readonly naiveDifference: number | undefined;
  readonly verdict: "better" | "worse" | "not_shown" | "insufficient_data";
  readonly samplesNeeded: number;
  /** At the present rate of what came after the change. */
  readonly timeToAnswer: TimeToAnswer;
}

/**
 * A metric before and after a change. Nothing was drawn: whatever else changed at that time is in the difference too.
 *
 * The difference is the mean of the strata's differences, weighted by n_b n_a / (n_b + n_a); its interval the same mean of the strata's
 * intervals, each at ALPHA over the number of strata. As long as that number stays it holds at all looks, whatever the weights
 * become; each number of strata is a question of its own, with a guarantee of its own.
 */
export function* changeImpactSteps(
  arms: ChangedArms,
  metric: Metric,
  { nowHour }: Pick<AnalysisTime, "nowHour">,
): Steps<ChangeImpact> {
  const [before, after] = comparableLevels([arms.before, arms.after], metric);
  if (!before || !after) throw new RangeError("a change has two sides");
  const found = yield* withinStrataSteps(before, after);
  const lack = ({ sums }: LevelSums) => Math.max(0, Math.ceil(SAMPLES_PER_LEVEL_MIN - sums.n));
  const samplesNeeded = lack(before) + lack(after);
  const scale = metric.better === "higher" ? metric.max : -metric.max;
  const ends = found && [scale * found.interval.low, scale * found.interval.high];
  const [meanBefore, meanAfter] = [meanOf(before.sums), meanOf(after.sums)];
  return {
    metric,
    before: sideOf(before, metric),
    after: sideOf(after, metric),
    difference: found && scale * found.estimate,
    interval: ends && { low: Math.min(...ends), high: Math.max(...ends) },
    naiveDifference:
      meanBefore === undefined || meanAfter === undefined
        ? undefined
        : scale * (meanAfter - meanBefore),
    verdict: samplesNeeded > 0 || !found ? "insufficient_data" : verdictOf(found.interval),
    samplesNeeded,
    timeToAnswer: timeToAnswer({
      metric,
      levels: [before.sums, after.sums],
      lacking: samplesNeeded,
      perDay: ratePerDay(arms.after, (cell) => utilitySums(cell, metric).n, nowHour),
    }),
  };
}

/** After minus before, in utility; undefined where no stratum has both. */
function* withinStrataSteps(
  before: ComparableLevel,
  after: ComparableLevel,
): Steps<{ readonly estimate: number; readonly interval: Interval } | undefined> {
  const evidence = changeEvidence(before, after);
  let [weights, low, high, estimate] = [0, 0, 0, 0];
  for (const { weight, found } of evidence) {
    const interval = yield* evidenceIntervalSteps(found, ALPHA / evidence.length);
    weights += weight;
    low += weight * interval.low;
    high += weight * interval.high;
    estimate += weight * (found.estimate ?? 0);
  }
  if (weights === 0) return undefined;
  return {
    estimate: estimate / weights,
    interval: { low: low / weights, high: high / weights },
  };
}

/** The strata that have both sides, with what they weigh. Where the sides are scored unlike, calls without a score are against a claim. */
function changeEvidence(
  before: ComparableLevel,
  after: ComparableLevel,
): { readonly weight: number; readonly found: DifferenceEvidence }[] {
  const sides = (of: (level: ComparableLevel) => LevelSums) =>
    [sumsByStratum(of(before)), sumsByStratum(of(after))] as const;
  const plain = sides((level) => level);
  const lowest = sides((level) => level.worstCase?.lowest ?? level);
  const highest = sides((level) => level.worstCase?.highest ?? level);
  return [...plain[0]].flatMap(([stratum, b]) => {
    const a = plain[1].get(stratum);
    if (!a || a.n === 0 || b.n === 0) return [];
    const pair = (above: typeof plain, below: typeof plain) =>
      independentEvidence(above[1].get(stratum) ?? a, below[0].get(stratum) ?? b);
    const [least, most] = [pair(lowest, highest), pair(highest, lowest)];
    const found: DifferenceEvidence = {
      estimate: pair(plain, plain).estimate,
      logExceeds: least.logExceeds,
      logBelow: most.logBelow,
    };
    return [{ weight: (b.n * a.n) / (b.n + a.n), found }];
  });
}

function verdictOf({ low, high }: Interval): "better" | "worse" | "not_shown" {
  if (low > 0) return "better";
  return high < 0 ? "worse" : "not_shown";
}

function sideOf({ sums, sampleSize }: ComparableLevel, metric: Metric): ChangeSide {
  const utility = meanOf(sums);
  return {
    sampleSize,
    mean: utility === undefined ? undefined : inUnit(metric, utility),
    interval: utility === undefined ? undefined : meanIntervalIn(metric, sums),
  };
}
