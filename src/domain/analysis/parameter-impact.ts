import { meanInterval } from "../../stats/confidence-sequence.ts";
import { pearsonCorrelation } from "../../stats/correlation.ts";
import { independentEvidence } from "../../stats/difference.ts";
import type { Interval } from "../../stats/interval.ts";
import { findOptimumSet } from "../../stats/optimum-set.ts";
import { findOrderedTails, type OrderedTail } from "../../stats/ordered-tail.ts";
import { EMPTY_SUMS, meanOf, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import type { Settings } from "../config/settings.ts";
import { type Cell, EMPTY_CELL, mergeCells } from "../outcome/cell.ts";
import type { Evidence } from "./evidence.ts";
import { inUnit, type Metric, utilitySums } from "./metric.ts";
import { levelIn, type Parameter } from "./parameter.ts";

/** Chance that any statement of one analysis is ever wrong, over all the times it is looked at. */
export const ALPHA = 0.05;
/** Outcomes that a level needs to be judged. Fewer cannot be shown worse, and would stretch the optimum by accident. */
export const SAMPLES_PER_LEVEL_MIN = 10;
/** Levels that are judged; of more, those with the most outcomes. Comparisons grow with the square. */
export const LEVELS_MAX = 40;

/** The settings of an arm with what was measured under them. */
export interface MeasuredArm {
  readonly settings: Settings;
  readonly cell: Cell;
}

export interface LevelReport {
  readonly value: number;
  readonly sampleSize: number;
  /** In the metric's unit. */
  readonly mean: number;
  /** Anytime-valid interval of the mean, in the metric's unit. */
  readonly interval: Interval;
  /** Mean minus that of the best level, in the metric's unit. */
  readonly difference: number;
  /** By how much the best level is better, in the metric's unit; only where it is shown. */
  readonly shortfall: Interval | undefined;
  /** The smallest ALPHA at which the level alone would still be shown to be worse; 1 where it is not. A bound from above. */
  readonly exclusionLevel: number;
  /** In the optimum set; undefined where there are too few outcomes to judge. */
  readonly isOptimal: boolean | undefined;
}

/** Levels at one end that are, taken together, shown to be worse than the rest. */
export interface TailReport {
  readonly side: "lower" | "upper";
  /** Ascending. */
  readonly values: readonly number[];
  readonly sampleSize: number;
  /** By how much the rest is better, in the metric's unit. */
  readonly shortfall: Interval;
  /** The smallest ALPHA at which the tail would still be shown to be worse. */
  readonly exclusionLevel: number;
}

export interface ParameterImpact {
  readonly parameter: Parameter;
  readonly metric: Metric;
  readonly status: "ok" | "insufficient_data";
  /** Outcomes that name the parameter and carry the metric. */
  readonly sampleSize: number;
  /** How many more are needed for a first comparison; 0 with status "ok". */
  readonly samplesNeeded: number;
  /** In ascending order of the value. */
  readonly levels: readonly LevelReport[];
  /** Value of the level with the best mean among those judged. */
  readonly best: number | undefined;
  /** Levels not shown to be worse than the best, as ranges; empty without enough data. */
  readonly optimum: readonly Interval[];
  /** Ends of the parameter's range that are shown to be worse, each taken together. */
  readonly tails: readonly TailReport[];
  /** Whether any level or tail is shown to be worse. */
  readonly isDistinguishable: boolean;
  readonly correlation: number | undefined;
  /** Always observational here: the levels were not drawn at random. */
  readonly evidence: Evidence;
}

interface Level {
  readonly value: number;
  readonly sums: PowerSums;
}

/**
 * Compares the levels of a parameter in a metric over arms that were merely seen.
 *
 * Arms that share a level are pooled; what is said of levels and tails holds together at every look with
 * probability 1 - ALPHA (`findOptimumSet`, `findOrderedTails`). Nothing is judged below two levels of SAMPLES_PER_LEVEL_MIN outcomes.
 */
export function analyseParameter(
  arms: readonly MeasuredArm[],
  parameter: Parameter,
  metric: Metric,
): ParameterImpact {
  const levels = levelsOf(arms, parameter, metric);
  const judged = levels
    .filter((level) => level.sums.n >= SAMPLES_PER_LEVEL_MIN)
    .toSorted((a, b) => b.sums.n - a.sums.n)
    .slice(0, LEVELS_MAX)
    .toSorted((a, b) => a.value - b.value);
  const enough = judged.length >= 2;
  const tails = enough
    ? findOrderedTails(
        judged.map((level) => level.sums),
        { alpha: ALPHA / 2 },
      )
    : [];
  const set = enough ? optimumOf(judged, tails) : undefined;
  const best = judged.toSorted((a, b) => (meanOf(b.sums) ?? 0) - (meanOf(a.sums) ?? 0))[0];
  return {
    parameter,
    metric,
    status: enough ? "ok" : "insufficient_data",
    sampleSize: levels.reduce((sum, level) => sum + level.sums.n, 0),
    samplesNeeded: enough ? 0 : samplesNeeded(levels),
    levels: levels.map((level) => reportOf(level, metric, best ?? level, set)),
    best: enough ? best?.value : undefined,
    optimum: set?.ranges ?? [],
    tails: tails.map((tail) => tailReport(tail, judged, metric)),
    isDistinguishable: set?.members.some((isMember) => !isMember) ?? false,
    correlation: correlationOf(levels, metric),
    evidence: "observational",
  };
}

/** The cells of all arms together. */
export function pooledCell(arms: readonly MeasuredArm[]): Cell {
  return arms.reduce((cell, arm) => mergeCells(cell, arm.cell), EMPTY_CELL);
}

/** The range of the optimum that holds a value, else the nearest one. */
export function rangeAround(optimum: readonly Interval[], value: number): Interval | undefined {
  const gap = (range: Interval) => Math.max(0, range.low - value, value - range.high);
  return optimum.toSorted((a, b) => gap(a) - gap(b))[0];
}

function levelsOf(arms: readonly MeasuredArm[], parameter: Parameter, metric: Metric): Level[] {
  const byValue = new Map<number, PowerSums>();
  for (const { settings, cell } of arms) {
    const value = levelIn(settings, parameter);
    const sums = utilitySums(cell, metric);
    if (value === undefined || sums.n === 0) continue;
    byValue.set(value, mergeSums(byValue.get(value) ?? EMPTY_SUMS, sums));
  }
  return [...byValue]
    .map(([value, sums]) => ({ value, sums }))
    .toSorted((a, b) => a.value - b.value);
}

interface JudgedSet {
  /** Per judged level: not shown to be worse, neither alone nor in a tail. */
  readonly members: readonly boolean[];
  /** Per judged level: by how much the best is better, where it is shown alone. */
  readonly shortfalls: readonly (Interval | undefined)[];
  readonly ranges: readonly Interval[];
  readonly values: readonly number[];
}

/** Half of ALPHA goes to the levels one by one, half to the tails. */
function optimumOf(judged: readonly Level[], tails: readonly OrderedTail[]): JudgedSet {
  const sumsAt = (index: number) => judged[index]?.sums ?? EMPTY_SUMS;
  const values = judged.map((level) => level.value);
  const set = findOptimumSet(values, (i, j) => independentEvidence(sumsAt(i), sumsAt(j)), {
    alpha: ALPHA / 2,
  });
  const inTail = new Set(tails.flatMap((tail) => tail.members));
  const members = set.levels.map((level, index) => level.isMember && !inTail.has(index));
  return {
    members,
    shortfalls: set.levels.map((level) => level.shortfall),
    ranges: rangesOf(values, members),
    values,
  };
}

/**
 * The level at which one level is still shown to be worse than the best: the mean of K - 1 e-values is at least the best one's
 * share of it, the threshold is 2K/alpha, and alpha is half of ALPHA.
 */
function exclusionLevel(level: Level, best: Level, count: number): number {
  const log = independentEvidence(best.sums, level.sums).logExceeds(0);
  return Math.min(ALPHA, 4 * count * (count - 1) * Math.exp(-log));
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
    exclusionLevel: 2 * tail.exclusionLevel,
    shortfall: { low: tail.shortfall.low * metric.max, high: tail.shortfall.high * metric.max },
  };
}

/** What the two fullest levels lack; a parameter that never varied needs a second level whole. */
function samplesNeeded(levels: readonly Level[]): number {
  const [first, second] = levels.map((level) => level.sums.n).toSorted((a, b) => b - a);
  const lack = (n: number | undefined) => Math.max(0, SAMPLES_PER_LEVEL_MIN - (n ?? 0));
  return lack(first) + lack(second);
}

function reportOf(
  level: Level,
  metric: Metric,
  best: Level,
  set: JudgedSet | undefined,
): LevelReport {
  const place = set?.values.indexOf(level.value) ?? -1;
  const utility = meanOf(level.sums) ?? 0;
  const ends = meanInterval(level.sums, { alpha: ALPHA });
  const [a, b] = [inUnit(metric, ends.low), inUnit(metric, ends.high)];
  const shortfall = set?.shortfalls[place];
  return {
    value: level.value,
    sampleSize: level.sums.n,
    mean: inUnit(metric, utility),
    interval: { low: Math.min(a, b), high: Math.max(a, b) },
    difference: inUnit(metric, utility) - inUnit(metric, meanOf(best.sums) ?? 0),
    shortfall: shortfall && { low: shortfall.low * metric.max, high: shortfall.high * metric.max },
    exclusionLevel: shortfall ? exclusionLevel(level, best, set?.values.length ?? 0) : 1,
    isOptimal: set?.members[place],
  };
}

function correlationOf(levels: readonly Level[], metric: Metric): number | undefined {
  const correlation = pearsonCorrelation(levels.map(({ value, sums }) => ({ x: value, sums })));
  return correlation === undefined || metric.better === "higher" ? correlation : -correlation;
}
