import { EMPTY_SUMS, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import { type Cell, EMPTY_CELL, mergeCells } from "../outcome/cell.ts";
import type { MeasuredArm } from "./measured-arm.ts";
import { countOf, type Metric, ratedSums, utilitySums, worstCaseSums } from "./metric.ts";
import { isScoredUnlike, type Scoring, scoredShare, scoringOf } from "./scoring.ts";

/** Chance that levels which are scored alike are ever taken for scored unlike: then they are compared too carefully. */
const UNLIKE_ALPHA = 0.05;

/** The outcomes of one stratum in one hour, in 0..1, more being better. */
export interface Batch {
  readonly stratum: string;
  readonly hour: number;
  readonly sums: PowerSums;
}

/** Outcomes in 0..1, more being better, whole and by batch. */
export interface LevelSums {
  readonly sums: PowerSums;
  readonly batches: readonly Batch[];
}

/** A level with its outcomes as they count (`utilitySums`). */
export interface ComparableLevel extends LevelSums {
  /** Outcomes behind it: scored ones, and failed ones without a score. */
  readonly sampleSize: number;
  /** Only those that carry a value of their own. */
  readonly rated: PowerSums;
  /** Of a metric that callers score: the share of the successful calls without one. */
  readonly unscoredShare: number;
  /** What the calls without a score leave open at worst and at best; only where the levels are scored unlike, and then of all of them. */
  readonly worstCase?: { readonly lowest: LevelSums; readonly highest: LevelSums };
}

/** A level by stratum, over all hours. */
export function sumsByStratum({ batches }: LevelSums): ReadonlyMap<string, PowerSums> {
  const whole = new Map<string, PowerSums>();
  for (const { stratum, sums } of batches)
    whole.set(stratum, mergeSums(whole.get(stratum) ?? EMPTY_SUMS, sums));
  return whole;
}

/** What groups of arms have of a metric. Where no arm carries it, levels are empty: failures alone say nothing of a score. */
export function comparableLevels(
  groups: readonly (readonly MeasuredArm[])[],
  metric: Metric,
): ComparableLevel[] {
  if (metric.isScored !== true) return groups.map((arms) => plainLevel(arms, metric));
  const isCarried = groups.some((arms) => arms.some(({ cell }) => ratedSums(cell, metric).n > 0));
  const known = groups.map((arms) => (isCarried ? scoredLevel(arms, metric) : EMPTY_LEVEL));
  const scorings = known.map(({ scoring }) => scoring);
  if (!isScoredUnlike(scorings, UNLIKE_ALPHA)) return known.map(({ level }) => level);
  const most = Math.max(...scorings.filter(hasSuccesses).map(scoredShare));
  return known.map(({ level, parts }) => ({
    ...level,
    worstCase: {
      lowest: levelSums(
        parts,
        (cell, share) => worstCaseSums(cell, metric, { share, most }).lowest,
      ),
      highest: levelSums(
        parts,
        (cell, share) => worstCaseSums(cell, metric, { share, most }).highest,
      ),
    },
  }));
}

/** One stratum of a level: its cell as a whole and by hour, and the share of its successful calls that is scored. */
interface Part {
  readonly stratum: string;
  readonly whole: Cell;
  readonly hours: ReadonlyMap<number, Cell>;
  readonly share: number;
}

const EMPTY_LEVEL = {
  level: { sums: EMPTY_SUMS, batches: [], sampleSize: 0, rated: EMPTY_SUMS, unscoredShare: 0 },
  scoring: { scored: 0, failed: 0, successful: 0, scoredSuccesses: 0 },
  parts: [],
};

function plainLevel(arms: readonly MeasuredArm[], metric: Metric): ComparableLevel {
  const parts = partsOf(arms, () => 1);
  const known = levelSums(parts, (cell) => utilitySums(cell, metric));
  return { ...known, sampleSize: known.sums.n, rated: known.sums, unscoredShare: 0 };
}

function scoredLevel(
  arms: readonly MeasuredArm[],
  metric: Metric,
): { level: ComparableLevel; scoring: Scoring; parts: readonly Part[] } {
  const parts = partsOf(arms, (cell) => scoredShare(scoringOf(cell, metric.name)));
  const whole = parts.reduce((cell, part) => mergeCells(cell, part.whole), EMPTY_CELL);
  const scoring = scoringOf(whole, metric.name);
  const level = {
    ...levelSums(parts, (cell, share) => utilitySums(cell, metric, share)),
    sampleSize: countOf(whole, metric),
    rated: ratedSums(whole, metric),
    unscoredShare: 1 - scoredShare(scoring),
  };
  return { level, scoring, parts };
}

function partsOf(arms: readonly MeasuredArm[], share: (cell: Cell) => number): Part[] {
  return [...Map.groupBy(arms, ({ stratum = "" }) => stratum)].map(([stratum, own]) => {
    const whole = own.map(({ cell }) => cell).reduce(mergeCells);
    const hours = new Map<number, Cell>();
    for (const arm of own)
      for (const [hour, cell] of arm.hours ?? []) {
        const known = hours.get(hour);
        hours.set(hour, known ? mergeCells(known, cell) : cell);
      }
    return { stratum, whole, hours, share: share(whole) };
  });
}

function levelSums(
  parts: readonly Part[],
  sumsOf: (cell: Cell, share: number) => PowerSums,
): LevelSums {
  const sums = parts.reduce(
    (total, { whole, share }) => mergeSums(total, sumsOf(whole, share)),
    EMPTY_SUMS,
  );
  const batches = parts.flatMap(({ stratum, hours, share }) =>
    [...hours].flatMap(([hour, cell]): Batch[] => {
      const own = sumsOf(cell, share);
      return own.n > 0 ? [{ stratum, hour, sums: own }] : [];
    }),
  );
  return { sums, batches };
}

function hasSuccesses({ successful }: Scoring): boolean {
  return successful > 0;
}
