import { evidenceIntervalSteps, independentEvidence } from "../../stats/difference.ts";
import type { Interval } from "../../stats/interval.ts";
import { EMPTY_SUMS, meanOf, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import type { Steps } from "../../stats/steps.ts";
import { ALPHA } from "./level-comparison.ts";
import { inUnit, type Metric } from "./metric.ts";
import { meanIntervalIn, SAMPLES_PER_LEVEL_MIN } from "./parameter-impact.ts";

/** Utilities of one stratum before and after a change. */
export interface ChangedStratum {
  readonly before: PowerSums;
  readonly after: PowerSums;
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
}

/**
 * A metric before and after a change. Nothing was drawn: whatever else changed at that time is in the difference too.
 *
 * The difference is the mean of the strata's differences, weighted by n_b n_a / (n_b + n_a); its interval the same mean of the strata's
 * intervals, each at ALPHA over the number of strata, so that it holds at all looks whatever the weights become.
 */
export function* changeImpactSteps(
  strata: readonly ChangedStratum[],
  metric: Metric,
): Steps<ChangeImpact> {
  const before = strata.reduce((sums, stratum) => mergeSums(sums, stratum.before), EMPTY_SUMS);
  const after = strata.reduce((sums, stratum) => mergeSums(sums, stratum.after), EMPTY_SUMS);
  const shared = strata.filter((stratum) => stratum.before.n > 0 && stratum.after.n > 0);
  let [weights, low, high, estimate] = [0, 0, 0, 0];
  for (const stratum of shared) {
    const evidence = independentEvidence(stratum.after, stratum.before);
    const interval = yield* evidenceIntervalSteps(evidence, ALPHA / shared.length);
    const weight = (stratum.before.n * stratum.after.n) / (stratum.before.n + stratum.after.n);
    weights += weight;
    low += weight * interval.low;
    high += weight * interval.high;
    estimate += weight * (evidence.estimate ?? 0);
  }
  const lack = (sums: PowerSums) => Math.max(0, SAMPLES_PER_LEVEL_MIN - sums.n);
  const samplesNeeded = lack(before) + lack(after);
  const scale = metric.better === "higher" ? metric.max : -metric.max;
  const ends = [(scale * low) / weights, (scale * high) / weights];
  const [meanBefore, meanAfter] = [meanOf(before), meanOf(after)];
  return {
    metric,
    before: sideOf(before, metric),
    after: sideOf(after, metric),
    difference: weights > 0 ? (scale * estimate) / weights : undefined,
    interval: weights > 0 ? { low: Math.min(...ends), high: Math.max(...ends) } : undefined,
    naiveDifference:
      meanBefore === undefined || meanAfter === undefined
        ? undefined
        : scale * (meanAfter - meanBefore),
    verdict:
      samplesNeeded > 0 || weights === 0
        ? "insufficient_data"
        : low > 0
          ? "better"
          : high < 0
            ? "worse"
            : "not_shown",
    samplesNeeded,
  };
}

function sideOf(sums: PowerSums, metric: Metric): ChangeSide {
  const utility = meanOf(sums);
  return {
    sampleSize: sums.n,
    mean: utility === undefined ? undefined : inUnit(metric, utility),
    interval: utility === undefined ? undefined : meanIntervalIn(metric, sums),
  };
}
