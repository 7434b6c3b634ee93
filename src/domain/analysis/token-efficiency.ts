import { meanInterval } from "../../stats/confidence-sequence.ts";
import type { Interval } from "../../stats/interval.ts";
import { rateLogEvidence } from "../../stats/mismatch.ts";
import { EMPTY_SUMS, meanOf, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import { binsOf, halfOctaveEdge, qualityBinName, tokensByOutputName } from "../outcome/binned.ts";
import type { Cell } from "../outcome/cell.ts";
import type { Evidence } from "./evidence.ts";
import { ALPHA } from "./level-comparison.ts";
import { type MeasuredArm, pooledCell, ratePerDay } from "./measured-arm.ts";
import { METRICS, type Metric } from "./metric.ts";
import { type TimeToAnswer, timeToAnswer } from "./time-to-answer.ts";

/** Calls that are needed before anything is said. */
const SAMPLES_MIN = 100;
/** Points of quality that a limit may cost before returns count as diminishing. */
export const TOLERATED_LOSS_DEFAULT = 2;
/** Of the present mean, where nobody says what quality is good enough. */
const ACCEPTABLE_SHARE = 0.9;
/** A limit that cuts more than this share of the answers is worth raising. */
const TRUNCATED_RATE_TOLERATED = 0.01;

/** Calls that used about as many output tokens. Quality is 0..100. */
export interface TokenGroup {
  readonly tokens: Interval;
  readonly sampleSize: number;
  readonly quality: number;
  readonly interval: Interval;
  /** Input and output tokens together. */
  readonly meanTokens: number;
}

/** What a limit of output tokens would leave at least, if every longer answer were worth nothing. Points of quality. */
export interface TokenLimit {
  readonly maxTokens: number;
  readonly shareWithin: number;
  readonly lossAtMost: number;
  readonly lossHigh: number;
  readonly qualityAtLeast: number;
  readonly qualityLow: number;
}

export interface TokenEfficiency {
  readonly status: "ok" | "insufficient_data";
  readonly sampleSize: number;
  readonly samplesNeeded: number;
  readonly groups: readonly TokenGroup[];
  readonly qualityPerToken: number | undefined;
  readonly limits: readonly TokenLimit[];
  readonly acceptableQuality: number | undefined;
  readonly minAcceptableTokens: number | undefined;
  readonly diminishingReturnsAt: number | undefined;
  readonly evidence: Evidence;
  /** What must hold for the bound; what is known not to hold comes first. */
  readonly conditions: readonly string[];
  /** Share of calls cut off at their limit; undefined without calls. */
  readonly truncatedShare: number | undefined;
  /** Whether more than a hundredth of the answers is shown to be cut off. */
  readonly isCutting: boolean;
  readonly timeToAnswer: TimeToAnswer;
}

/**
 * Quality against output tokens, and what a lower limit would cost at most.
 *
 * Generation does not see its limit, so of a call that ended within M it is known how it would have ended under the limit M: the same.
 * What the longer ones would be worth is not known, but not less than nothing. So the mean of quality times 1{tokens <= M} is a lower
 * bound of quality under the limit, and the rest an upper bound of the loss (statistics-review.md, section 7): a bound for capping each
 * call at min(its limit, M), at the edges of half octaves. Limits are tried from the highest down and the search stops at the first that
 * fails, so that no correction for many is needed; each interval is at ALPHA, at all looks together.
 *
 * It is no bound, and the answer is observational, where a model was told how long it may think or answer, or where several calls share
 * one quality.
 */
export function analyseTokenEfficiency(
  arms: readonly MeasuredArm[],
  wishes: { readonly acceptableQuality?: number; readonly toleratedLoss: number },
): TokenEfficiency {
  const quality = qualityMetric();
  const cell = pooledCell(arms);
  const bins = binsOf(cell.binned, qualityBinName);
  const all = bins.reduce((sums, bin) => mergeSums(sums, bin.sums), EMPTY_SUMS);
  const enough = all.n >= SAMPLES_MIN;
  const lacking = Math.max(0, SAMPLES_MIN - all.n);
  const groups = groupByTokenCount(cell);
  const tokens = groups.reduce((sum, group) => sum + group.meanTokens * group.sampleSize, 0);
  const mean = meanOf(all);
  const acceptable =
    wishes.acceptableQuality ??
    (mean === undefined ? undefined : ACCEPTABLE_SHARE * mean * quality.max);
  const limits = enough ? limitsOf(bins, all, quality.max) : [];
  const { failing, conditions } = conditionsOf(arms, cell);
  return {
    status: enough ? "ok" : "insufficient_data",
    sampleSize: all.n,
    samplesNeeded: lacking,
    groups,
    qualityPerToken:
      mean !== undefined && tokens > 0 ? (mean * quality.max * all.n) / tokens : undefined,
    limits,
    acceptableQuality: acceptable,
    minAcceptableTokens: lowestThatHolds(
      limits,
      ({ qualityLow }) => qualityLow >= (acceptable ?? 0),
    ),
    diminishingReturnsAt: lowestThatHolds(
      limits,
      ({ lossHigh }) => lossHigh <= wishes.toleratedLoss,
    ),
    evidence: failing ? "observational" : "structural_bound",
    conditions,
    truncatedShare: cell.outcomes === 0 ? undefined : cell.truncated / cell.outcomes,
    isCutting:
      rateLogEvidence({ hits: cell.truncated, trials: cell.outcomes }, TRUNCATED_RATE_TOLERATED) >=
      Math.log(1 / ALPHA),
    timeToAnswer: timeToAnswer({
      metric: quality,
      levels: [all],
      lacking,
      perDay: ratePerDay(arms, (own) =>
        binsOf(own.binned, qualityBinName).reduce((sum, { sums }) => sum + sums.n, 0),
      ),
    }),
  };
}

/** Calls grouped by the octave of their output tokens. */
export function groupByTokenCount(cell: Cell): TokenGroup[] {
  const scale = qualityMetric().max;
  const tokensOf = new Map(
    binsOf(cell.binned, tokensByOutputName).map(({ bin, sums }) => [bin, sums]),
  );
  const octaves = Map.groupBy(binsOf(cell.binned, qualityBinName), ({ bin }) => Math.ceil(bin / 2));
  return [...octaves].map(([octave, bins]) => {
    const quality = bins.reduce((sums, bin) => mergeSums(sums, bin.sums), EMPTY_SUMS);
    const tokens = bins.reduce(
      (sums, { bin }) => mergeSums(sums, tokensOf.get(bin) ?? EMPTY_SUMS),
      EMPTY_SUMS,
    );
    const interval = meanInterval(quality, { alpha: ALPHA });
    return {
      tokens: { low: octave === 0 ? 0 : 2 ** (octave - 1), high: 2 ** octave },
      sampleSize: quality.n,
      quality: (meanOf(quality) ?? 0) * scale,
      interval: { low: interval.low * scale, high: interval.high * scale },
      meanTokens: meanOf(tokens) ?? 0,
    };
  });
}

function limitsOf(
  bins: readonly { readonly bin: number; readonly sums: PowerSums }[],
  all: PowerSums,
  scale: number,
): TokenLimit[] {
  let within = EMPTY_SUMS;
  return bins.map(({ bin, sums }) => {
    within = mergeSums(within, sums);
    // A call beyond the limit counts as 0 on one side and with its quality on the other: sums without its powers, over all calls.
    const kept: PowerSums = { ...within, n: all.n };
    const lost: PowerSums = {
      n: all.n,
      s1: Math.max(0, all.s1 - within.s1),
      s2: Math.max(0, all.s2 - within.s2),
      s3: Math.max(0, all.s3 - within.s3),
      s4: Math.max(0, all.s4 - within.s4),
    };
    return {
      maxTokens: Math.max(1, Math.floor(halfOctaveEdge(bin) + 1e-9)),
      shareWithin: within.n / all.n,
      lossAtMost: (lost.s1 / all.n) * scale,
      lossHigh: meanInterval(lost, { alpha: ALPHA }).high * scale,
      qualityAtLeast: (kept.s1 / all.n) * scale,
      qualityLow: meanInterval(kept, { alpha: ALPHA }).low * scale,
    };
  });
}

/** From the highest limit down, the last one before the first that fails. */
function lowestThatHolds(
  limits: readonly TokenLimit[],
  holds: (limit: TokenLimit) => boolean,
): number | undefined {
  let lowest: number | undefined;
  for (const limit of limits.toReversed()) {
    if (!holds(limit)) break;
    lowest = limit.maxTokens;
  }
  return lowest;
}

function conditionsOf(arms: readonly MeasuredArm[], cell: Cell) {
  const failing: string[] = [];
  const assumed: string[] = [];
  const isBudgeted = arms.some(
    ({ settings: { enableReasoning, reasoningEffort } }) =>
      enableReasoning === true || (reasoningEffort !== undefined && reasoningEffort !== "none"),
  );
  (isBudgeted ? failing : assumed).push(
    isBudgeted
      ? "the settings ask for reasoning, whose length depends on its budget: a lower limit may change answers that fit"
      : "the model is not told its limit and does not plan its answer by it",
  );
  const sharesQuality = cell.iterations.n > 0 && cell.iterations.sum > cell.iterations.n;
  (sharesQuality ? failing : assumed).push(
    sharesQuality
      ? "calls report more than one iteration: their quality may rest on answers of other calls"
      : "each call's quality rests on its own answer alone",
  );
  assumed.push(
    "a cut answer is not continued or repeated; where it is, quality holds and savings do not",
    "the calls looked at are those that the limit will apply to",
  );
  return { failing: failing.length > 0, conditions: [...failing, ...assumed] };
}

function qualityMetric(): Metric {
  const [quality] = METRICS;
  if (!quality) throw new RangeError("quality is a metric");
  return quality;
}
