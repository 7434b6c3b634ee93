import { type DifferenceEvidence, evidenceIntervalSteps, reaches } from "../../stats/difference.ts";
import type { Interval } from "../../stats/interval.ts";
import { type ParetoStanding, paretoFront } from "../../stats/pareto.ts";
import { meanOf } from "../../stats/power-sums.ts";
import type { Steps } from "../../stats/steps.ts";
import type { Settings } from "../config/settings.ts";
import { totalsMean } from "../outcome/cell.ts";
import { ALPHA, pairEvidence } from "./level-comparison.ts";
import { type MeasuredArm, pooledCell, ratePerDay } from "./measured-arm.ts";
import { inUnit, METRICS, type Metric, metricFor } from "./metric.ts";
import {
  type AnalysisTime,
  comparableLevel,
  meanIntervalIn,
  SAMPLES_PER_LEVEL_MIN,
} from "./parameter-impact.ts";
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
  /** What thirty days would cost less than with the settings used most; undefined for those. */
  readonly savings: number | undefined;
  readonly savingsInterval: Interval | undefined;
}

export interface CostAnalysis {
  readonly status: "ok" | "insufficient_data";
  /** Most outcomes first. */
  readonly options: readonly CostOption[];
  readonly sampleSize: number;
  readonly samplesNeeded: number;
  readonly costCap: number | undefined;
  /** The option whose net benefit has the highest lower end. */
  readonly bestValue: string;
  readonly timeToAnswer: TimeToAnswer;
}

/**
 * Weighs cost against quality over settings that were merely seen: which of them nothing is shown to beat in both (`paretoFront`), and
 * what the others would save at the present rate. Standings hold together, at all looks, with probability 1 - ALPHA; so does each
 * interval on its own. Net benefit is quality less cost over what a point of quality is worth to the caller, who must say it.
 */
export function* analyseCostSteps(
  arms: readonly MeasuredArm[],
  wishes: { readonly usdPerPoint: number | undefined; readonly qualityMargin: number },
  time: AnalysisTime,
): Steps<CostAnalysis> {
  const cost = metricNamed(
    "cost",
    arms.map(({ cell }) => cell),
  );
  const groups = [...Map.groupBy(arms, ({ model = "", configId = "" }) => `${configId} ${model}`)]
    .map(([, own]) => ({ own, level: comparableLevel(own, cost) }))
    .filter(({ level }) => level.sums.n > 0)
    .toSorted((a, b) => b.level.sums.n - a.level.sums.n)
    .slice(0, OPTIONS_MAX);
  const sampleSize = groups.reduce((sum, { level }) => sum + level.sums.n, 0);
  const judged = groups.filter(({ level }) => level.sums.n >= SAMPLES_PER_LEVEL_MIN);
  const lacks = groups.map(({ level }) => Math.max(0, SAMPLES_PER_LEVEL_MIN - level.sums.n));
  const lacking = judged.length >= 2 ? 0 : lackOfTwo(lacks);
  const costs = pairEvidence(
    groups.map(({ level }) => level),
    time.closedBefore,
  );
  const quality = metricNamed("quality", []);
  const qualities = pairEvidence(
    groups.map(({ own }) => comparableLevel(own, quality)),
    time.closedBefore,
  );
  const standings = standingsOf(groups.length, { costs, qualities }, wishes.qualityMargin);
  const options: CostOption[] = [];
  for (const [index, { own }] of groups.entries()) {
    const saved = index === 0 ? undefined : yield* evidenceIntervalSteps(costs(index, 0), ALPHA);
    const most = groups[0]?.own ?? own;
    const observed = costs(index, 0).estimate;
    const perMonth = cost.max * DAYS_PER_MONTH * callsPerDay(most);
    options.push({
      ...optionOf(own, { cost, quality, usdPerPoint: wishes.usdPerPoint }),
      ...standingOf(standings[index], groups),
      // Costs are turned so that more is better: what is gained there is saved.
      savings: saved && observed !== undefined ? observed * perMonth : undefined,
      savingsInterval: saved && { low: saved.low * perMonth, high: saved.high * perMonth },
    });
    yield;
  }
  const valued = options
    .filter(({ netBenefitInterval }) => netBenefitInterval !== undefined)
    .toSorted((a, b) => (b.netBenefitInterval?.low ?? 0) - (a.netBenefitInterval?.low ?? 0));
  return {
    status: lacking === 0 ? "ok" : "insufficient_data",
    options,
    sampleSize,
    samplesNeeded: lacking,
    costCap: sampleSize === 0 ? undefined : cost.max,
    bestValue: valued[0]?.configId ?? "",
    timeToAnswer: timeToAnswer({
      metric: cost,
      levels: groups.map(({ level }) => level.sums),
      lacking,
      perDay: ratePerDay(arms, ({ costNanoUsd }) => costNanoUsd.n),
    }),
  };
}

type Evidence = (i: number, j: number) => DifferenceEvidence;

/** Both statements about a pair at an equal share of ALPHA, over all ordered pairs. */
function standingsOf(
  count: number,
  evidence: { readonly costs: Evidence; readonly qualities: Evidence },
  qualityMargin: number,
): ParetoStanding[] {
  const margin = qualityMargin / metricNamed("quality", []).max;
  const threshold = Math.log((2 * Math.max(1, count * (count - 1))) / ALPHA);
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

function standingOf(
  standing: ParetoStanding | undefined,
  groups: readonly { readonly own: readonly MeasuredArm[] }[],
) {
  const by = standing?.kind === "dominated" ? groups[standing.by]?.own[0] : undefined;
  return { isOnFront: by === undefined, dominatedBy: by?.configId ?? "" };
}

function optionOf(
  own: readonly MeasuredArm[],
  scale: {
    readonly cost: Metric;
    readonly quality: Metric;
    readonly usdPerPoint: number | undefined;
  },
) {
  const { cost, quality, usdPerPoint } = scale;
  const costs = comparableLevel(own, cost).sums;
  const qualities = comparableLevel(own, quality).sums;
  const mean = inUnit(cost, meanOf(costs) ?? 1);
  const utility = meanOf(qualities);
  const points = utility === undefined ? undefined : inUnit(quality, utility);
  const plain = totalsMean(pooledCell(own).costNanoUsd) ?? 0;
  const perDay = callsPerDay(own);
  const base = {
    configId: own[0]?.configId ?? "",
    model: own[0]?.model ?? "",
    settings: own[0]?.settings ?? {},
    sampleSize: costs.n,
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

function callsPerDay(arms: readonly MeasuredArm[]): number {
  return ratePerDay(arms, ({ outcomes }) => outcomes);
}

/** What the two fullest lack; settings that are alone need others whole. */
function lackOfTwo(lacks: readonly number[]): number {
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
