import { meanInterval } from "../../stats/confidence-sequence.ts";
import { correlationRatio, pearsonCorrelation } from "../../stats/correlation.ts";
import type { Interval } from "../../stats/interval.ts";
import type { OrderedTail } from "../../stats/ordered-tail.ts";
import { meanOf, type PowerSums } from "../../stats/power-sums.ts";
import { finish, type Steps } from "../../stats/steps.ts";
import { type ComparableLevel, comparableLevels } from "./comparable-level.ts";
import type { Evidence } from "./evidence.ts";
import { ALPHA, compareLevelsSteps, type LevelComparison } from "./level-comparison.ts";
import { countStrata } from "./level-pairs.ts";
import { type MeasuredArm, ratePerDay } from "./measured-arm.ts";
import { inUnit, type Metric, utilitySums } from "./metric.ts";
import { levelIn, type Parameter } from "./parameter.ts";
import type { TimeBasis } from "./shared-hours.ts";
import { type TimeToAnswer, timeToAnswer } from "./time-to-answer.ts";

/** Outcomes that a level needs to be judged. Fewer cannot be shown worse, and would stretch the optimum by accident. */
export const SAMPLES_PER_LEVEL_MIN = 10;
/** Levels that are judged; of more, those with the most outcomes. Comparisons grow with the square. */
export const LEVELS_MAX = 40;

export interface LevelReport {
  /** Of a nominal parameter its place among the levels. */
  readonly value: number;
  /** Of a nominal parameter; empty for a numeric one. */
  readonly name: string;
  readonly sampleSize: number;
  /** In the metric's unit. */
  readonly mean: number;
  /** Of a score: the mean among the calls that have one, where `mean` counts failed ones without. It decides nothing. */
  readonly ratedMean: number | undefined;
  /** Of a score: the share of the successful calls without one. */
  readonly unscoredShare: number | undefined;
  /** Anytime-valid interval of the mean, in the metric's unit. */
  readonly interval: Interval;
  /** This minus the best level, in the metric's unit; within strata where there are several. Undefined where they share none. */
  readonly difference: number | undefined;
  /** The same of the plain means. */
  readonly naiveDifference: number;
  /** Outcomes that the difference rests on. */
  readonly compared: number;
  /** How the difference was compared in time, in a single stratum; undefined where it is of the best level, or of none. */
  readonly timeBasis: TimeBasis | undefined;
  /**
   * By how much the best level, whichever it is, is better, in the metric's unit: from zero up where none is shown to be. Of levels that
   * are not shown to be worse only in detailed analyses; undefined where there are too few outcomes to judge.
   */
  readonly shortfall: Interval | undefined;
  /** The smallest ALPHA at which the level alone would still be shown to be worse; 1 where it is not. A bound from above. */
  readonly exclusionLevel: number;
  /** In the optimum set; false where it is shown to be worse, undefined where there are too few outcomes to judge or it is in doubt. */
  readonly isOptimal: boolean | undefined;
  /** Looks worse, lies next to levels that are shown to be, and is not shown to be worse itself. */
  readonly isInDoubt: boolean;
}

/** Levels at one end that are, taken together, shown to be worse than the rest. It says nothing of a single one of them. */
export interface TailReport {
  readonly side: "lower" | "upper";
  /** Ascending. */
  readonly values: readonly number[];
  readonly sampleSize: number;
  /** By how much the rest is better, in the metric's unit. */
  readonly shortfall: Interval;
}

export interface ParameterImpact {
  readonly parameter: Parameter;
  readonly metric: Metric;
  readonly status: "ok" | "insufficient_data";
  /** Outcomes that name the parameter and carry the metric. */
  readonly sampleSize: number;
  /** How many more are needed for a first comparison; 0 with status "ok". */
  readonly samplesNeeded: number;
  /** In ascending order of the value; those of a nominal parameter with the most outcomes first. */
  readonly levels: readonly LevelReport[];
  /** Value of the best level among those judged. */
  readonly best: number | undefined;
  /** Levels neither shown to be worse than the best nor in doubt, as ranges of a numeric parameter; empty without enough data. */
  readonly optimum: readonly Interval[];
  /** The same by name for a nominal one. */
  readonly optimumNames: readonly string[];
  /** Ends of the parameter's range that are shown to be worse, each taken together. */
  readonly tails: readonly TailReport[];
  /** Whether any level is shown to be worse. */
  readonly isDistinguishable: boolean;
  /** Pearson's; of a numeric parameter. */
  readonly correlation: number | undefined;
  /** eta squared; of a nominal parameter. */
  readonly correlationRatio: number | undefined;
  /** Strata with outcomes; with more than one, levels are compared within them. */
  readonly strata: number;
  /** Whether the levels are scored unlike, so that calls without a score count against every claim. */
  readonly isWorstCase: boolean;
  readonly timeToAnswer: TimeToAnswer;
  /** Always observational here: the levels were not drawn at random. */
  readonly evidence: Evidence;
}

interface Level extends ComparableLevel {
  readonly value: number;
  readonly name: string;
}

/** Where an analysis stands in time: the batches of earlier hours are closed. */
export interface AnalysisTime {
  readonly closedBefore: number;
  /** The present hour: what rates are counted back from. */
  readonly nowHour: number;
  /** Whether it is said of every level how much worse it may be, also where nothing is shown: as much work again. */
  readonly isDetailed?: boolean;
}

/** Nothing that comes in later is expected: for arms that are whole. */
const ALL_CLOSED: AnalysisTime = {
  closedBefore: Number.POSITIVE_INFINITY,
  nowHour: Number.POSITIVE_INFINITY,
};

/**
 * Compares the levels of a parameter in a metric over arms that were merely seen.
 *
 * Arms that share a level are pooled; what is said of levels and tails holds together at every look with probability 1 - ALPHA
 * (`compareLevelsSteps`). Nothing is judged below two levels of SAMPLES_PER_LEVEL_MIN outcomes.
 */
export function analyseParameter(
  arms: readonly MeasuredArm[],
  parameter: Parameter,
  metric: Metric,
  time: AnalysisTime = ALL_CLOSED,
): ParameterImpact {
  return finish(analyseParameterSteps(arms, parameter, metric, time));
}

/** The same in steps of well below a millisecond, where there is one stratum. */
export function* analyseParameterSteps(
  arms: readonly MeasuredArm[],
  parameter: Parameter,
  metric: Metric,
  time: AnalysisTime = ALL_CLOSED,
): Steps<ParameterImpact> {
  const levels = parameter.isNominal
    ? namedLevels(arms, metric)
    : levelsOf(arms, parameter, metric);
  const judged = levels
    .filter((level) => level.sums.n >= SAMPLES_PER_LEVEL_MIN)
    .toSorted((a, b) => b.sums.n - a.sums.n)
    .slice(0, LEVELS_MAX)
    .toSorted((a, b) => a.value - b.value);
  const enough = judged.length >= 2;
  yield;
  const comparison = enough
    ? yield* compareLevelsSteps(judged, { isOrdered: !parameter.isNominal, ...time })
    : undefined;
  const reports: LevelReport[] = [];
  for (const level of levels) {
    reports.push(reportOf(level, metric, { judged, comparison, levels }));
    yield;
  }
  const members = judged.map((_, index) => comparison?.verdicts[index]?.standing === "optimal");
  const groups = levels.map(({ value, sums }) => ({ x: value, sums }));
  const lacking = enough ? 0 : samplesNeeded(levels);
  return {
    parameter,
    metric,
    status: enough ? "ok" : "insufficient_data",
    sampleSize: levels.reduce((sum, level) => sum + level.sampleSize, 0),
    samplesNeeded: lacking,
    levels: reports,
    best: comparison && judged[comparison.best]?.value,
    optimum: parameter.isNominal
      ? []
      : rangesOf(
          judged.map(({ value }) => value),
          members,
        ),
    optimumNames: judged.filter((_, i) => members[i] === true).flatMap(({ name }) => name || []),
    tails: (comparison?.tails ?? []).map((tail) => tailReport(tail, judged, metric)),
    isDistinguishable: comparison?.verdicts.some(({ standing }) => standing === "worse") ?? false,
    correlation: parameter.isNominal ? undefined : correlationOf(groups, metric),
    correlationRatio: parameter.isNominal
      ? correlationRatio(levels.map(({ sums }) => sums))
      : undefined,
    strata: countStrata(levels) || 1,
    isWorstCase: comparison?.isWorstCase ?? false,
    timeToAnswer: timeToAnswer({
      metric,
      levels: levels.map(({ sums }) => sums),
      lacking,
      perDay: ratePerDay(
        arms.filter(
          ({ settings }) => parameter.isNominal || levelIn(settings, parameter) !== undefined,
        ),
        (cell) => utilitySums(cell, metric).n,
        time.nowHour,
      ),
    }),
    evidence: "observational",
  };
}

/** The range of the optimum that holds a value, else the nearest one. */
export function rangeAround(optimum: readonly Interval[], value: number): Interval | undefined {
  const gap = (range: Interval) => Math.max(0, range.low - value, value - range.high);
  return optimum.toSorted((a, b) => gap(a) - gap(b))[0];
}

/** How sentences and tables write a level. */
export function levelText(parameter: Parameter, level: { value: number; name: string }): string {
  return parameter.isNominal ? level.name : parameter.text(level.value);
}

function levelsOf(arms: readonly MeasuredArm[], parameter: Parameter, metric: Metric): Level[] {
  const byValue = [...Map.groupBy(arms, ({ settings }) => levelIn(settings, parameter))].flatMap(
    ([value, own]) => (value === undefined ? [] : [{ value, name: "", own }]),
  );
  return levelsFrom(byValue, metric).toSorted((a, b) => a.value - b.value);
}

function namedLevels(arms: readonly MeasuredArm[], metric: Metric): Level[] {
  const byName = [...Map.groupBy(arms, ({ model = "" }) => model)].flatMap(([name, own]) =>
    name === "" ? [] : [{ value: 0, name, own }],
  );
  return levelsFrom(byName, metric)
    .toSorted((a, b) => b.sums.n - a.sums.n || (a.name < b.name ? -1 : 1))
    .map((level, value) => ({ ...level, value }));
}

/** The levels of some groups of arms, without those of which no outcome carries the metric. */
function levelsFrom(
  groups: readonly { value: number; name: string; own: readonly MeasuredArm[] }[],
  metric: Metric,
): Level[] {
  const levels = comparableLevels(
    groups.map(({ own }) => own),
    metric,
  );
  return groups.flatMap(({ value, name }, index) => {
    const level = levels[index];
    return level && level.sums.n > 0 ? [{ value, name, ...level }] : [];
  });
}

/** From the first to the last of each run of adjacent members. */
function rangesOf(values: readonly number[], members: readonly boolean[]): Interval[] {
  const ranges: { low: number; high: number }[] = [];
  for (const [index, value] of values.entries()) {
    if (members[index] !== true) continue;
    const last = ranges.at(-1);
    if (last && members[index - 1] === true) last.high = value;
    else ranges.push({ low: value, high: value });
  }
  return ranges;
}

function tailReport(tail: OrderedTail, judged: readonly Level[], metric: Metric): TailReport {
  return {
    side: tail.side,
    values: tail.members.flatMap((index) => judged[index]?.value ?? []),
    sampleSize: tail.sampleSize,
    shortfall: { low: tail.shortfall.low * metric.max, high: tail.shortfall.high * metric.max },
  };
}

/** What the two fullest levels lack; a parameter that never varied needs a second level whole. */
function samplesNeeded(levels: readonly Level[]): number {
  const [first, second] = levels.map((level) => level.sums.n).toSorted((a, b) => b - a);
  const lack = (n: number | undefined) => Math.max(0, Math.ceil(SAMPLES_PER_LEVEL_MIN - (n ?? 0)));
  return lack(first) + lack(second);
}

function reportOf(
  level: Level,
  metric: Metric,
  among: {
    readonly judged: readonly Level[];
    readonly comparison: LevelComparison | undefined;
    readonly levels: readonly Level[];
  },
): LevelReport {
  const { judged, comparison, levels } = among;
  const verdict = comparison?.verdicts[judged.indexOf(level)];
  const utility = meanOf(level.sums) ?? 0;
  const rated = metric.isScored === true ? meanOf(level.rated) : undefined;
  const best = judged[comparison?.best ?? 0] ?? level;
  const sign = metric.better === "higher" ? metric.max : -metric.max;
  const naive = sign * (utility - (meanOf(best.sums) ?? 0));
  const shortfall = verdict?.shortfall;
  return {
    value: level.value,
    name: level.name,
    sampleSize: level.sampleSize,
    ratedMean: rated === undefined ? undefined : inUnit(metric, rated),
    unscoredShare: metric.isScored === true ? level.unscoredShare : undefined,
    mean: inUnit(metric, utility),
    interval: meanIntervalIn(metric, level.sums),
    difference: verdict
      ? verdict.difference && sign * verdict.difference
      : countStrata(levels) > 1
        ? undefined
        : naive,
    naiveDifference: naive,
    compared: Math.round(verdict?.compared ?? 0),
    timeBasis: verdict?.timeBasis,
    shortfall: shortfall && { low: shortfall.low * metric.max, high: shortfall.high * metric.max },
    exclusionLevel: verdict?.exclusionLevel ?? 1,
    isOptimal:
      verdict === undefined || verdict.standing === "in_doubt"
        ? undefined
        : verdict.standing === "optimal",
    isInDoubt: verdict?.standing === "in_doubt",
  };
}

/** The anytime-valid interval of a mean, in the metric's unit and direction. */
export function meanIntervalIn(metric: Metric, utilities: PowerSums, alpha = ALPHA): Interval {
  const ends = meanInterval(utilities, { alpha });
  const [a, b] = [inUnit(metric, ends.low), inUnit(metric, ends.high)];
  return { low: Math.min(a, b), high: Math.max(a, b) };
}

function correlationOf(
  groups: readonly { readonly x: number; readonly sums: PowerSums }[],
  metric: Metric,
): number | undefined {
  const correlation = pearsonCorrelation(groups);
  return correlation === undefined || metric.better === "higher" ? correlation : -correlation;
}
