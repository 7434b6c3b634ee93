import { type DifferenceEvidence, evidenceIntervalSteps, reaches } from "../../stats/difference.ts";
import type { Interval } from "../../stats/interval.ts";
import { type ParetoStanding, paretoFront } from "../../stats/pareto.ts";
import { meanOf } from "../../stats/power-sums.ts";
import type { Steps } from "../../stats/steps.ts";
import type { Settings } from "../config/settings.ts";
import { totalsMean } from "../outcome/cell.ts";
import { type ComparableLevel, comparableLevels } from "./comparable-level.ts";
import { ALPHA } from "./level-comparison.ts";
import { countStrata, pairEvidence } from "./level-pairs.ts";
import { type MeasuredArm, pooledCell, ratePerDay } from "./measured-arm.ts";
import { inUnit, METRICS, type Metric, metricFor } from "./metric.ts";
import { type AnalysisTime, meanIntervalIn, SAMPLES_PER_LEVEL_MIN } from "./parameter-impact.ts";
import { type TimeToAnswer, timeToAnswer } from "./time-to-answer.ts";

/** Settings that are weighed; of more, those with the most outcomes. Comparisons grow with the square. */
const OPTIONS_MAX = 20;
/** Points of quality within which settings count as good as each other. */
export const QUALITY_MARGIN_DEFAULT = 2;
const DAYS_PER_MONTH = 30;

/** Settings with what they cost and bring. Money in US dollars, quality in points. */
export interface CostOption {
  readonly configId: string;
  readonly model: string;
  readonly settings: Settings;
  readonly sampleSize: number;
  /** Mean of a call's cost, each counted up to the cap. */
  readonly cost: number;
  readonly costInterval: Interval;
  readonly quality: number | undefined;
  readonly qualityInterval: Interval | undefined;
  readonly callsPerDay: number;
  /** Of thirty days at that rate, not capped. */
  readonly costPerMonth: number;
  readonly isOnFront: boolean;
  readonly dominatedBy: string;
  readonly netBenefit: number | undefined;
  readonly netBenefitInterval: Interval | undefined;
  /** Net benefit minus that of the settings used most, within strata where there are several; undefined for those. */
  readonly gain: NetGain | undefined;
  /** Share of the successful calls without a score. */
  readonly unscoredShare: number;
  /** What thirty days would cost less than with the settings used most; undefined for those. */
  readonly savings: number | undefined;
  readonly savingsInterval: Interval | undefined;
}

/** In points of quality. */
export interface NetGain {
  readonly estimate: number;
  readonly interval: Interval;
  /** Of the plain means; undefined where nothing is stratified. */
  readonly naive: number | undefined;
}

export interface CostAnalysis {
  readonly status: "ok" | "insufficient_data";
  /** Most outcomes first. */
  readonly options: readonly CostOption[];
  readonly sampleSize: number;
  readonly samplesNeeded: number;
  readonly costCap: number | undefined;
  /**
   * The option that is shown to bring more than the one used most, with the highest lower end of its gain; the one used most where all
   * others are shown to bring less; else empty.
   */
  readonly bestValue: string;
  readonly strata: number;
  /** Whether the options are scored unlike, so that calls without a score count against every claim. */
  readonly isWorstCase: boolean;
  readonly timeToAnswer: TimeToAnswer;
}

/** An option with what its arms have of both metrics. */
interface Weighed {
  readonly own: readonly MeasuredArm[];
  readonly cost: ComparableLevel;
  readonly quality: ComparableLevel;
}

/** What options are weighed with. */
interface Scale {
  readonly cost: Metric;
  readonly quality: Metric;
  readonly usdPerPoint: number | undefined;
  readonly nowHour: number;
}

/**
 * Weighs cost against quality over settings that were merely seen: which of them nothing is shown to beat in both (`paretoFront`), and
 * what the others would bring and save against those used most, within strata where there are several. Standings hold together, at all
 * looks, with probability 1 - ALPHA/2, and so do the gains in net benefit; each other interval holds on its own. Net benefit is quality
 * less cost over what a point of quality is worth to the caller, who must say it.
 */
export function* analyseCostSteps(
  arms: readonly MeasuredArm[],
  wishes: { readonly usdPerPoint: number | undefined; readonly qualityMargin: number },
  time: AnalysisTime,
): Steps<CostAnalysis> {
  const cells = arms.map(({ cell }) => cell);
  const scale: Scale = {
    cost: metricNamed("cost", cells),
    quality: metricNamed("quality", []),
    usdPerPoint: wishes.usdPerPoint,
    nowHour: time.nowHour,
  };
  const weighed = weigh(arms, scale);
  yield;
  const costLevels = weighed.map(({ cost }) => cost);
  const qualityLevels = weighed.map(({ quality }) => quality);
  const evidence = {
    costs: pairEvidence(costLevels, time.closedBefore),
    qualities: pairEvidence(qualityLevels, time.closedBefore),
  };
  const lacking = lackingIn(costLevels);
  const standings = standingsOf(weighed.length, evidence, wishes.qualityMargin);
  const strata = Math.max(1, countStrata(costLevels));
  const options: CostOption[] = [];
  for (const [index, option] of weighed.entries()) {
    const gain =
      index === 0 ? undefined : yield* gainSteps(weighed, evidence, { index, scale, strata });
    options.push({
      ...optionOf(option, scale),
      ...standingOf(standings[index], weighed),
      ...(yield* savingsSteps(weighed, evidence, { index, scale })),
      gain,
    });
    yield;
  }
  const sampleSize = costLevels.reduce((sum, level) => sum + level.sampleSize, 0);
  return {
    status: lacking === 0 ? "ok" : "insufficient_data",
    options,
    sampleSize,
    samplesNeeded: lacking,
    costCap: sampleSize === 0 ? undefined : scale.cost.max,
    bestValue: bestValueOf(options),
    strata,
    isWorstCase: qualityLevels.some(({ worstCase }) => worstCase !== undefined),
    timeToAnswer: timeToAnswer({
      metric: scale.cost,
      levels: costLevels.map(({ sums }) => sums),
      lacking,
      perDay: ratePerDay(arms, ({ costNanoUsd }) => costNanoUsd.n, time.nowHour),
    }),
  };
}

/** The options with a cost, most outcomes first. */
function weigh(arms: readonly MeasuredArm[], { cost, quality }: Scale): Weighed[] {
  const byOption = [
    ...Map.groupBy(arms, ({ model = "", configId = "" }) => `${configId} ${model}`).values(),
  ];
  const costs = comparableLevels(byOption, cost);
  const kept = byOption
    .flatMap((own, index) => {
      const level = costs[index];
      return level && level.sums.n > 0 ? [{ own, cost: level }] : [];
    })
    .toSorted((a, b) => b.cost.sums.n - a.cost.sums.n)
    .slice(0, OPTIONS_MAX);
  const qualities = comparableLevels(
    kept.map(({ own }) => own),
    quality,
  );
  return kept.flatMap((option, index) => {
    const level = qualities[index];
    return level ? [{ ...option, quality: level }] : [];
  });
}

interface PairOf {
  readonly index: number;
  readonly scale: Scale;
}

/** What an option would save a month against the one used most, at its rate; nothing for that one itself. */
function* savingsSteps(
  weighed: readonly Weighed[],
  { costs }: { readonly costs: Evidence },
  { index, scale }: PairOf,
): Steps<Pick<CostOption, "savings" | "savingsInterval">> {
  const [most] = weighed;
  const evidence = costs(index, 0);
  if (index === 0 || !most || evidence.estimate === undefined)
    return { savings: undefined, savingsInterval: undefined };
  const saved = yield* evidenceIntervalSteps(evidence, ALPHA);
  const perMonth = scale.cost.max * DAYS_PER_MONTH * callsPerDay(most.own, scale.nowHour);
  return {
    // Costs are turned so that more is better: what is gained there is saved.
    savings: evidence.estimate * perMonth,
    savingsInterval: { low: saved.low * perMonth, high: saved.high * perMonth },
  };
}

/** The difference in net benefit to the option used most, from those of quality and of cost; all of an answer at half of ALPHA. */
function* gainSteps(
  weighed: readonly Weighed[],
  { costs, qualities }: { readonly costs: Evidence; readonly qualities: Evidence },
  { index, scale, strata }: PairOf & { readonly strata: number },
): Steps<NetGain | undefined> {
  const { usdPerPoint } = scale;
  const [own, most] = [weighed[index], weighed[0]];
  const [inQuality, inCost] = [qualities(index, 0), costs(index, 0)];
  if (usdPerPoint === undefined || !own || !most) return undefined;
  if (inQuality.estimate === undefined || inCost.estimate === undefined) return undefined;
  const alpha = ALPHA / (4 * (weighed.length - 1));
  const points = yield* evidenceIntervalSteps(inQuality, alpha);
  const saved = yield* evidenceIntervalSteps(inCost, alpha);
  const of = (quality: number, cost: number) =>
    quality * scale.quality.max + (cost * scale.cost.max) / usdPerPoint;
  const plain = (level: (option: Weighed) => ComparableLevel) =>
    (meanOf(level(own).sums) ?? 0) - (meanOf(level(most).sums) ?? 0);
  return {
    estimate: of(inQuality.estimate, inCost.estimate),
    interval: { low: of(points.low, saved.low), high: of(points.high, saved.high) },
    naive:
      strata > 1
        ? of(
            plain(({ quality }) => quality),
            plain(({ cost }) => cost),
          )
        : undefined,
  };
}

function bestValueOf(options: readonly CostOption[]): string {
  const [most, ...others] = options;
  const better = others
    .filter(({ gain }) => gain !== undefined && gain.interval.low > 0)
    .toSorted((a, b) => (b.gain?.interval.low ?? 0) - (a.gain?.interval.low ?? 0));
  if (better[0]) return better[0].configId;
  const isMostBest =
    others.length > 0 && others.every(({ gain }) => gain !== undefined && gain.interval.high < 0);
  return isMostBest ? (most?.configId ?? "") : "";
}

type Evidence = (i: number, j: number) => DifferenceEvidence;

/** Both statements about a pair at an equal share of half of ALPHA, over all ordered pairs. */
function standingsOf(
  count: number,
  evidence: { readonly costs: Evidence; readonly qualities: Evidence },
  qualityMargin: number,
): ParetoStanding[] {
  const margin = qualityMargin / metricNamed("quality", []).max;
  const threshold = Math.log((4 * Math.max(1, count * (count - 1))) / ALPHA);
  const compare = (j: number, i: number) => {
    const cheaper = evidence.costs(j, i);
    const asGood = evidence.qualities(j, i);
    const isCheaper = reaches(cheaper.logExceedsAtMost, cheaper.logExceeds, { d: 0, threshold });
    const isAsGood =
      isCheaper && reaches(asGood.logExceedsAtMost, asGood.logExceeds, { d: -margin, threshold });
    return {
      quality: { low: isAsGood ? 0 : -1, high: 1 },
      cost: { low: -1, high: isCheaper ? -Number.MIN_VALUE : 1 },
    };
  };
  return paretoFront(count, compare, { margin: Math.max(margin, Number.MIN_VALUE) });
}

function standingOf(standing: ParetoStanding | undefined, weighed: readonly Weighed[]) {
  const by = standing?.kind === "dominated" ? weighed[standing.by]?.own[0] : undefined;
  return { isOnFront: by === undefined, dominatedBy: by?.configId ?? "" };
}

function optionOf(option: Weighed, { cost, quality, usdPerPoint, nowHour }: Scale) {
  const { own } = option;
  const [costs, qualities] = [option.cost.sums, option.quality.sums];
  const mean = inUnit(cost, meanOf(costs) ?? 1);
  const utility = meanOf(qualities);
  const points = utility === undefined ? undefined : inUnit(quality, utility);
  const plain = totalsMean(pooledCell(own).costNanoUsd) ?? 0;
  const perDay = callsPerDay(own, nowHour);
  const base = {
    configId: own[0]?.configId ?? "",
    model: own[0]?.model ?? "",
    settings: own[0]?.settings ?? {},
    sampleSize: option.cost.sampleSize,
    unscoredShare: option.quality.unscoredShare,
    cost: mean,
    costInterval: meanIntervalIn(cost, costs),
    quality: points,
    qualityInterval: points === undefined ? undefined : meanIntervalIn(quality, qualities),
    callsPerDay: perDay,
    costPerMonth: (plain / 1e9) * perDay * DAYS_PER_MONTH,
  };
  if (usdPerPoint === undefined || points === undefined)
    return { ...base, netBenefit: undefined, netBenefitInterval: undefined };
  const [inPoints, inDollars] = [
    meanIntervalIn(quality, qualities, ALPHA / 2),
    meanIntervalIn(cost, costs, ALPHA / 2),
  ];
  return {
    ...base,
    netBenefit: points - mean / usdPerPoint,
    netBenefitInterval: {
      low: inPoints.low - inDollars.high / usdPerPoint,
      high: inPoints.high - inDollars.low / usdPerPoint,
    },
  };
}

function callsPerDay(arms: readonly MeasuredArm[], nowHour: number): number {
  return ratePerDay(arms, ({ outcomes }) => outcomes, nowHour);
}

/** What the two fullest lack; settings that are alone need others whole. */
function lackingIn(levels: readonly ComparableLevel[]): number {
  const lacks = levels.map(({ sums }) => Math.max(0, SAMPLES_PER_LEVEL_MIN - sums.n));
  const [first = SAMPLES_PER_LEVEL_MIN, second = SAMPLES_PER_LEVEL_MIN] = lacks.toSorted(
    (a, b) => a - b,
  );
  return first + second;
}

function metricNamed(name: string, cells: Parameters<typeof metricFor>[1]): Metric {
  const metric = metricFor(name, cells) ?? METRICS[0];
  if (!metric) throw new RangeError("there are metrics");
  return metric;
}
