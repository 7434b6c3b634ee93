import { type DifferenceEvidence, independentEvidence } from "../../stats/difference.ts";
import type { Interval } from "../../stats/interval.ts";
import { optimumSetSteps } from "../../stats/optimum-set.ts";
import { claimedEndSteps } from "../../stats/ordered-ends.ts";
import { type OrderedTail, orderedTailSteps } from "../../stats/ordered-tail.ts";
import { EMPTY_SUMS, meanOf, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import type { Steps } from "../../stats/steps.ts";
import { type StratumBatch, stratifiedEvidence } from "../../stats/stratified-difference.ts";

/** Chance that any statement of one analysis is ever wrong, over all the times it is looked at. */
export const ALPHA = 0.05;

/** The outcomes of one stratum in one hour, in 0..1, more being better. */
export interface Batch {
  readonly stratum: string;
  readonly hour: number;
  readonly sums: PowerSums;
}

/** A level with its outcomes in 0..1, more being better, whole and by batch. */
export interface ComparableLevel {
  readonly sums: PowerSums;
  readonly batches: readonly Batch[];
}

/** How one level stands to the best one, in 0..1. */
export interface LevelVerdict {
  /** This minus the best, within strata where there are several; undefined where the two share none. */
  readonly difference: number | undefined;
  /** This minus the best, of the plain means. */
  readonly naiveDifference: number;
  /** Outcomes of this level in batches that the best level has too; all where nothing is stratified. */
  readonly compared: number;
  /** By how much the best level, whichever it is, is better: from zero up where none is shown to be; of levels not shown to be worse only where asked. */
  readonly shortfall: Interval | undefined;
  /** The smallest ALPHA at which it is still shown to be worse, by its own outcomes; 1 where it is not. A bound from above. */
  readonly exclusionLevel: number;
  /**
   * `worse`: shown by its own outcomes. `in_doubt`: not shown, but it looks worse and lies next to levels at an end that are: part of a
   * tail. `optimal`: neither.
   */
  readonly standing: "optimal" | "in_doubt" | "worse";
}

export interface LevelComparison {
  /** Index of the level that no other one is observed to beat by most. */
  readonly best: number;
  /** In the order of the levels given. */
  readonly verdicts: readonly LevelVerdict[];
  /** Ends of the order that are shown to be worse, each taken together. None where the comparison is stratified. */
  readonly tails: readonly OrderedTail[];
  readonly isStratified: boolean;
}

/** Of ALPHA: what each kind of statement may be wrong with. They add up to it. */
const SHARES = { levels: ALPHA / 2, ends: ALPHA / 4, tails: ALPHA / 4 };

/**
 * Compares levels that were merely seen, pair by pair. What is said of all of them holds together, at every look, with probability
 * 1 - ALPHA: half of it goes to each level against each other (`optimumSetSteps`), a quarter to the levels from the ends inwards
 * (`claimedEndSteps`), a quarter to the ends as wholes (`orderedTailSteps`), which say nothing of a single level.
 *
 * Outcomes of one stratum are compared as two samples. Those of several are compared within strata and hours that both levels have
 * (`stratifiedEvidence`), so that a mix of strata turns nothing round; only batches before the hour `closedBefore` count, since a batch
 * that was looked at must not grow. Two levels or more, each with outcomes, in the order of the parameter.
 */
export function* compareLevelsSteps(
  levels: readonly ComparableLevel[],
  how: {
    readonly isOrdered: boolean;
    readonly closedBefore: number;
    /** Whether every level has its shortfall: as much work again. */
    readonly isDetailed?: boolean;
  },
): Steps<LevelComparison> {
  const isStratified = countStrata(levels) > 1;
  const pairs = isStratified
    ? new StratifiedPairs(levels, how.closedBefore)
    : new PooledPairs(levels);
  const isOrdered = how.isOrdered;
  const tails =
    isOrdered && !isStratified
      ? yield* orderedTailSteps(
          levels.map(({ sums }) => sums),
          { alpha: SHARES.tails },
        )
      : [];
  const ends = isOrdered
    ? yield* claimedEndSteps(levels.length, (inside, index) => pairs.pooled(inside, index), {
        alpha: SHARES.ends,
      })
    : [];
  const places = levels.map((_, index) => index);
  const set = yield* optimumSetSteps(places, (i, j) => pairs.evidence(i, j), {
    alpha: SHARES.levels,
    isBounded: (index) => how.isDetailed === true || ends.some((end) => end.index === index),
  });
  const best = bestOf(levels, pairs);
  const worse = new Map(ends.map(({ index, exclusionLevel }) => [index, 4 * exclusionLevel]));
  for (const [index, { isMember }] of set.levels.entries()) {
    if (isMember) continue;
    const alone = exclusionLevel(pairs, index, best, levels.length);
    worse.set(index, Math.min(alone, worse.get(index) ?? 1));
  }
  const inDoubt = new Set(doubtfulIn(tails, worse, levels.length));
  const verdicts: LevelVerdict[] = [];
  for (const [index, { shortfall }] of set.levels.entries()) {
    verdicts.push({
      ...pairs.difference(index, best),
      naiveDifference: meanAt(levels, index) - meanAt(levels, best),
      shortfall,
      exclusionLevel: worse.get(index) ?? 1,
      standing: worse.has(index) ? "worse" : inDoubt.has(index) ? "in_doubt" : "optimal",
    });
    yield;
  }
  return { best, verdicts, tails, isStratified };
}

/** The levels of tails whose outermost level is shown to be worse; a tail without one leaves its levels where they are. */
function doubtfulIn(
  tails: readonly OrderedTail[],
  worse: ReadonlyMap<number, number>,
  count: number,
): number[] {
  return tails
    .filter(({ side }) => worse.has(side === "upper" ? count - 1 : 0))
    .flatMap(({ members }) => members);
}

/** Strata in which any level has outcomes. */
export function countStrata(levels: readonly ComparableLevel[]): number {
  return new Set(levels.flatMap(({ batches }) => batches.map(({ stratum }) => stratum))).size;
}

/** Evidence about mean(i) - mean(j) of levels, as `compareLevelsSteps` takes it. */
export function pairEvidence(
  levels: readonly ComparableLevel[],
  closedBefore: number,
): (i: number, j: number) => DifferenceEvidence {
  const pairs =
    countStrata(levels) > 1 ? new StratifiedPairs(levels, closedBefore) : new PooledPairs(levels);
  return (i, j) => pairs.evidence(i, j);
}

interface Difference {
  readonly difference: number | undefined;
  readonly compared: number;
}

interface Pairs {
  /** Evidence about mean(i) - mean(j). */
  evidence(i: number, j: number): DifferenceEvidence;
  /** Evidence about the mean of the pool of some levels minus mean(j). */
  pooled(inside: readonly number[], j: number): DifferenceEvidence;
  difference(i: number, j: number): Difference;
}

class PooledPairs implements Pairs {
  readonly #levels: readonly ComparableLevel[];

  constructor(levels: readonly ComparableLevel[]) {
    this.#levels = levels;
  }

  evidence(i: number, j: number): DifferenceEvidence {
    return independentEvidence(this.#sums(i), this.#sums(j));
  }

  pooled(inside: readonly number[], j: number): DifferenceEvidence {
    const pool = inside.map((index) => this.#sums(index)).reduce(mergeSums, EMPTY_SUMS);
    return independentEvidence(pool, this.#sums(j));
  }

  difference(i: number, j: number): Difference {
    return {
      difference: meanAt(this.#levels, i) - meanAt(this.#levels, j),
      compared: this.#sums(i).n,
    };
  }

  #sums(index: number): PowerSums {
    return this.#levels[index]?.sums ?? EMPTY_SUMS;
  }
}

/** Compares each pair once and turns the answer round for the other direction. */
class StratifiedPairs implements Pairs {
  readonly #closed: readonly ReadonlyMap<string, Batch>[];
  /** Every batch of any level, in order of time. */
  readonly #order: readonly { readonly key: string; readonly stratum: string }[];
  readonly #whole: readonly ReadonlyMap<string, PowerSums>[];
  readonly #known = new Map<string, DifferenceEvidence>();

  constructor(levels: readonly ComparableLevel[], closedBefore: number) {
    this.#closed = levels.map(({ batches }) => {
      const closed = batches.filter(({ hour }) => hour < closedBefore);
      return new Map(closed.map((batch) => [batchKey(batch), batch]));
    });
    const all = new Map(this.#closed.flatMap((batches) => [...batches]));
    this.#order = [...all]
      .toSorted(([, a], [, b]) => a.hour - b.hour || (a.stratum < b.stratum ? -1 : 1))
      .map(([key, { stratum }]) => ({ key, stratum }));
    this.#whole = levels.map(({ batches }) => {
      const whole = new Map<string, PowerSums>();
      for (const { stratum, sums } of batches)
        whole.set(stratum, mergeSums(whole.get(stratum) ?? EMPTY_SUMS, sums));
      return whole;
    });
  }

  evidence(i: number, j: number): DifferenceEvidence {
    if (i > j) return turned(this.evidence(j, i));
    const key = `${i} ${j}`;
    const known = this.#known.get(key) ?? this.pooled([i], j);
    this.#known.set(key, known);
    return known;
  }

  pooled(inside: readonly number[], j: number): DifferenceEvidence {
    const batches = this.#order.flatMap(({ key, stratum }): StratumBatch[] => {
      const b = this.#closed[j]?.get(key)?.sums;
      let a: PowerSums | undefined;
      for (const index of inside) {
        const own = this.#closed[index]?.get(key)?.sums;
        if (own) a = a ? mergeSums(a, own) : own;
      }
      return a || b ? [{ stratum, a: a ?? EMPTY_SUMS, b: b ?? EMPTY_SUMS }] : [];
    });
    return stratifiedEvidence(batches);
  }

  /** Where no hour holds both, what is observed within strata over all time: a number without evidence. */
  difference(i: number, j: number): Difference {
    if (i === j) return { difference: 0, compared: this.#count(i, j) };
    const { estimate } = this.evidence(i, j);
    if (estimate !== undefined) return { difference: estimate, compared: this.#count(i, j) };
    const strata = [...(this.#whole[i] ?? [])].map(([stratum, a]) => {
      return { stratum, a, b: this.#whole[j]?.get(stratum) ?? EMPTY_SUMS };
    });
    return { difference: stratifiedEvidence(strata).estimate, compared: 0 };
  }

  #count(i: number, j: number): number {
    let count = 0;
    for (const [key, { sums }] of this.#closed[i] ?? [])
      if (this.#closed[j]?.has(key) === true) count += sums.n;
    return count;
  }
}

function batchKey({ hour, stratum }: Batch): string {
  return `${hour} ${stratum}`;
}

function turned(evidence: DifferenceEvidence): DifferenceEvidence {
  const { estimate, logExceeds, logBelow } = evidence;
  return {
    estimate: estimate === undefined ? undefined : -estimate,
    logExceeds: (d) => logBelow(-d),
    logBelow: (d) => logExceeds(-d),
  };
}

/** The level whose worst observed comparison is best: with one stratum that of the highest mean. */
function bestOf(levels: readonly ComparableLevel[], pairs: Pairs): number {
  let best = { index: 0, worst: Number.NEGATIVE_INFINITY };
  for (const index of levels.keys()) {
    let worst = Number.POSITIVE_INFINITY;
    for (const other of levels.keys()) {
      const { difference } = pairs.difference(index, other);
      if (other !== index && difference !== undefined) worst = Math.min(worst, difference);
    }
    // A level that shares no stratum with another one is the best only where none does.
    if (worst === Number.POSITIVE_INFINITY) worst = Number.NEGATIVE_INFINITY;
    if (worst > best.worst) best = { index, worst };
  }
  return best.index;
}

/**
 * The level at which one level is still shown to be worse than the best: the mean of K - 1 e-values is at least the best one's
 * share of it, the threshold is 2K/alpha, and alpha is half of ALPHA.
 */
function exclusionLevel(pairs: Pairs, index: number, best: number, count: number): number {
  const log = pairs.evidence(best, index).logExceeds(0);
  return Math.min(ALPHA, 4 * count * (count - 1) * Math.exp(-log));
}

function meanAt(levels: readonly ComparableLevel[], index: number): number {
  return meanOf(levels[index]?.sums ?? EMPTY_SUMS) ?? 0;
}
