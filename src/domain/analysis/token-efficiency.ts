import { meanInterval } from "../../stats/confidence-sequence.ts";
import type { Interval } from "../../stats/interval.ts";
import { rateLogEvidence } from "../../stats/mismatch.ts";
import { EMPTY_SUMS, meanOf, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import {
  lowestLimit,
  type StructuralBound,
  structuralBounds,
} from "../../stats/structural-bound.ts";
import { binsOf, halfOctaveEdge, qualityBinName, tokensByOutputName } from "../outcome/binned.ts";
import type { Cell } from "../outcome/cell.ts";
import type { Evidence } from "./evidence.ts";
import { ALPHA } from "./level-comparison.ts";
import { type MeasuredArm, pooledCell, ratePerDay } from "./measured-arm.ts";
import { METRICS, type Metric } from "./metric.ts";
import type { AnalysisTime } from "./parameter-impact.ts";
import { type TimeToAnswer, timeToAnswer } from "./time-to-answer.ts";

/** Calls that are needed before anything is said. */
const SAMPLES_MIN = 100;
/** Beyond this a tolerated loss is too small to be shown. */
const CALLS_MAX = 10_000_000;
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
 * Generation does not see its limit, so of a call that ended within M it is known how it would have ended under the limit M: the same
 * (`structuralBounds`, at the edges of half octaves of output tokens; `lowestLimit`). Each interval is at ALPHA, at all looks together.
 *
 * It is no bound, and the answer is observational, where a model was told how long it may think or answer, or where several calls share
 * one quality.
 */
export function analyseTokenEfficiency(
  arms: readonly MeasuredArm[],
  wishes: { readonly acceptableQuality?: number; readonly toleratedLoss: number },
  { nowHour }: Pick<AnalysisTime, "nowHour">,
): TokenEfficiency {
  const quality = qualityMetric();
  const cell = pooledCell(arms);
  const bins = binsOf(cell.binned, qualityBinName);
  const all = bins.reduce((sums, bin) => mergeSums(sums, bin.sums), EMPTY_SUMS);
  const needed = Math.max(SAMPLES_MIN, callsForLimit(wishes.toleratedLoss / quality.max) ?? 0);
  const lacking = Math.max(0, needed - all.n);
  const groups = groupByTokenCount(cell);
  const tokens = groups.reduce((sum, group) => sum + group.meanTokens * group.sampleSize, 0);
  const mean = meanOf(all);
  const acceptable =
    wishes.acceptableQuality ??
    (mean === undefined ? undefined : ACCEPTABLE_SHARE * mean * quality.max);
  const bounds = all.n >= SAMPLES_MIN ? limitsOf(bins, all) : [];
  const { failing, conditions } = conditionsOf(arms, cell);
  return {
    status: lacking === 0 ? "ok" : "insufficient_data",
    sampleSize: all.n,
    samplesNeeded: lacking,
    groups,
    qualityPerToken:
      mean !== undefined && tokens > 0 ? (mean * quality.max * all.n) / tokens : undefined,
    limits: bounds.map((bound) => limitOf(bound, quality.max)),
    acceptableQuality: acceptable,
    minAcceptableTokens: lowestLimit(
      bounds,
      ({ keptLow }) => keptLow * quality.max >= (acceptable ?? 0),
    )?.limit,
    diminishingReturnsAt: lowestLimit(
      bounds,
      ({ lossHigh }) => lossHigh * quality.max <= wishes.toleratedLoss,
    )?.limit,
    // Without bounds nothing follows from how limits work.
    evidence: failing || bounds.length === 0 ? "observational" : "structural_bound",
    conditions,
    truncatedShare: cell.outcomes === 0 ? undefined : cell.truncated / cell.outcomes,
    isCutting:
      rateLogEvidence({ hits: cell.truncated, trials: cell.outcomes }, TRUNCATED_RATE_TOLERATED) >=
      Math.log(1 / ALPHA),
    timeToAnswer: timeToAnswer({
      metric: quality,
      levels: [all],
      lacking,
      perDay: ratePerDay(
        arms,
        (own) => binsOf(own.binned, qualityBinName).reduce((sum, { sums }) => sum + sums.n, 0),
        nowHour,
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

/**
 * Calls with which a limit that loses nothing can be shown to cost at most a share of the scale: before that no limit can. Undefined
 * where no number is enough, which is so for a loss of nothing.
 */
export function callsForLimit(toleratedLoss: number): number | undefined {
  const isShown = (n: number) =>
    meanInterval({ ...EMPTY_SUMS, n }, { alpha: ALPHA }).high <= toleratedLoss;
  if (!isShown(CALLS_MAX)) return undefined;
  let [few, enough] = [0, CALLS_MAX];
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (isShown(middle)) enough = middle;
    else few = middle;
  }
  return enough;
}

function limitsOf(
  bins: readonly { readonly bin: number; readonly sums: PowerSums }[],
  all: PowerSums,
): StructuralBound[] {
  const usage = bins.map(({ bin, sums }) => ({ upTo: edgeOf(bin), sums }));
  return structuralBounds(usage, { all, alpha: ALPHA });
}

/** The upper edge of a half octave in whole tokens. */
function edgeOf(bin: number): number {
  return Math.max(1, Math.floor(halfOctaveEdge(bin) + 1e-9));
}

function limitOf(bound: StructuralBound, scale: number): TokenLimit {
  return {
    maxTokens: bound.limit,
    shareWithin: bound.shareWithin,
    lossAtMost: bound.lossAtMost * scale,
    lossHigh: bound.lossHigh * scale,
    qualityAtLeast: bound.keptAtLeast * scale,
    qualityLow: bound.keptLow * scale,
  };
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
