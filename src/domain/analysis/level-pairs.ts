import { type DifferenceEvidence, independentEvidence } from "../../stats/difference.ts";
import { EMPTY_SUMS, meanOf, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import { type StratumBatch, stratifiedEvidence } from "../../stats/stratified-difference.ts";
import {
  type Batch,
  type ComparableLevel,
  type LevelSums,
  sumsByStratum,
} from "./comparable-level.ts";
import { SharedHours } from "./shared-hours.ts";

/** Strata in which any level has outcomes. */
export function countStrata(levels: readonly ComparableLevel[]): number {
  return new Set(levels.flatMap(({ batches }) => batches.map(({ stratum }) => stratum))).size;
}

/** Which levels of one stratum were used in the same hours; undefined where there are several strata. */
export function sharedHours(
  levels: readonly ComparableLevel[],
  closedBefore: number,
): SharedHours | undefined {
  return countStrata(levels) > 1 ? undefined : new SharedHours(levels, closedBefore);
}

/** Evidence about mean(i) - mean(j) of levels, as `compareLevelsSteps` takes it. */
export function pairEvidence(
  levels: readonly ComparableLevel[],
  closedBefore: number,
): (i: number, j: number) => DifferenceEvidence {
  const pairs = pairsOf(levels, closedBefore);
  return (i, j) => pairs.evidence(i, j);
}

export interface Difference {
  readonly difference: number | undefined;
  readonly compared: number;
}

export interface Pairs {
  /** Evidence about mean(i) - mean(j). */
  evidence(i: number, j: number): DifferenceEvidence;
  /** Evidence about the mean of the pool of some levels minus that of others. */
  pooled(inside: readonly number[], others: readonly number[]): DifferenceEvidence;
  difference(i: number, j: number): Difference;
}

/** In the worst case what speaks for a claim is compared at its lowest, what speaks against it at its highest. */
export function pairsOf(levels: readonly ComparableLevel[], closedBefore: number): Pairs {
  const hours = sharedHours(levels, closedBefore);
  const make = (above: readonly LevelSums[], below: readonly LevelSums[]) => {
    const within = () => new StratifiedPairs(above, below, closedBefore);
    return hours ? new HourlyPairs(hours, new PooledPairs(above, below), within) : within();
  };
  const plain = make(levels, levels);
  if (levels.every(({ worstCase }) => worstCase === undefined)) return plain;
  const lowest = levels.map((level) => level.worstCase?.lowest ?? level);
  const highest = levels.map((level) => level.worstCase?.highest ?? level);
  return new WorstCasePairs(plain, make(lowest, highest), make(highest, lowest));
}

class WorstCasePairs implements Pairs {
  readonly #plain: Pairs;
  readonly #least: Pairs;
  readonly #most: Pairs;

  constructor(plain: Pairs, least: Pairs, most: Pairs) {
    this.#plain = plain;
    this.#least = least;
    this.#most = most;
  }

  evidence(i: number, j: number): DifferenceEvidence {
    return this.#bounded((pairs) => pairs.evidence(i, j));
  }

  pooled(inside: readonly number[], others: readonly number[]): DifferenceEvidence {
    return this.#bounded((pairs) => pairs.pooled(inside, others));
  }

  difference(i: number, j: number): Difference {
    return this.#plain.difference(i, j);
  }

  #bounded(of: (pairs: Pairs) => DifferenceEvidence): DifferenceEvidence {
    const [least, most] = [of(this.#least), of(this.#most)];
    return {
      estimate: of(this.#plain).estimate,
      logExceeds: least.logExceeds,
      logBelow: most.logBelow,
      ...(least.logExceedsAtMost ? { logExceedsAtMost: least.logExceedsAtMost } : {}),
      ...(most.logBelowAtMost ? { logBelowAtMost: most.logBelowAtMost } : {}),
    };
  }
}

/** Level i of the first list against level j of the second. */
class PooledPairs implements Pairs {
  readonly #above: readonly LevelSums[];
  readonly #below: readonly LevelSums[];

  constructor(above: readonly LevelSums[], below: readonly LevelSums[]) {
    this.#above = above;
    this.#below = below;
  }

  evidence(i: number, j: number): DifferenceEvidence {
    return this.pooled([i], [j]);
  }

  pooled(inside: readonly number[], others: readonly number[]): DifferenceEvidence {
    const pool = (levels: readonly LevelSums[], side: readonly number[]) =>
      side.map((index) => sumsAt(levels, index)).reduce(mergeSums, EMPTY_SUMS);
    return independentEvidence(pool(this.#above, inside), pool(this.#below, others));
  }

  difference(i: number, j: number): Difference {
    return {
      difference: meanAt(this.#above, i) - meanAt(this.#below, j),
      compared: sumsAt(this.#above, i).n,
    };
  }
}

/** The same within batches that both have. Compares each pair once and, where both lists are one, turns the answer round. */
class StratifiedPairs implements Pairs {
  readonly #above: BatchedLevels;
  readonly #below: BatchedLevels;
  /** Every batch of any level, in order of time. */
  readonly #order: readonly { readonly key: string; readonly stratum: string }[];
  readonly #known = new Map<string, DifferenceEvidence>();

  constructor(above: readonly LevelSums[], below: readonly LevelSums[], closedBefore: number) {
    this.#above = new BatchedLevels(above, closedBefore);
    this.#below = above === below ? this.#above : new BatchedLevels(below, closedBefore);
    const all = new Map(
      [...this.#above.closed, ...this.#below.closed].flatMap((batches) => [...batches]),
    );
    this.#order = [...all]
      .toSorted(([, a], [, b]) => a.hour - b.hour || (a.stratum < b.stratum ? -1 : 1))
      .map(([key, { stratum }]) => ({ key, stratum }));
  }

  evidence(i: number, j: number): DifferenceEvidence {
    if (i > j && this.#above === this.#below) return turned(this.evidence(j, i));
    const key = `${i} ${j}`;
    const known = this.#known.get(key) ?? this.pooled([i], [j]);
    this.#known.set(key, known);
    return known;
  }

  pooled(inside: readonly number[], others: readonly number[]): DifferenceEvidence {
    const above = inside.map((index) => this.#above.closed[index]);
    const below = others.map((index) => this.#below.closed[index]);
    const batches = this.#order.flatMap(({ key, stratum }): StratumBatch[] => {
      const [a, b] = [pooledAt(above, key), pooledAt(below, key)];
      return a || b ? [{ stratum, a: a ?? EMPTY_SUMS, b: b ?? EMPTY_SUMS }] : [];
    });
    return stratifiedEvidence(batches);
  }

  /** Where no hour holds both, what is observed within strata over all time: a number without evidence. */
  difference(i: number, j: number): Difference {
    if (i === j) return { difference: 0, compared: this.#count(i, j) };
    const { estimate } = this.evidence(i, j);
    if (estimate !== undefined) return { difference: estimate, compared: this.#count(i, j) };
    const strata = [...this.#above.whole(i)].map(([stratum, a]) => {
      return { stratum, a, b: this.#below.whole(j).get(stratum) ?? EMPTY_SUMS };
    });
    return { difference: stratifiedEvidence(strata).estimate, compared: 0 };
  }

  #count(i: number, j: number): number {
    let count = 0;
    for (const [key, { sums }] of this.#above.closed[i] ?? [])
      if (this.#below.closed[j]?.has(key) === true) count += sums.n;
    return count;
  }
}

/** What some levels have in a batch, together. */
function pooledAt(
  levels: readonly (ReadonlyMap<string, Batch> | undefined)[],
  key: string,
): PowerSums | undefined {
  let pool: PowerSums | undefined;
  for (const closed of levels) {
    const sums = closed?.get(key)?.sums;
    if (sums) pool = pool ? mergeSums(pool, sums) : sums;
  }
  return pool;
}

/**
 * The pairs of one stratum: within hours that both sides have where most of the rarer one's outcomes lie in such (`SharedHours`), else as
 * samples over the whole time.
 */
class HourlyPairs implements Pairs {
  readonly #hours: SharedHours;
  readonly #over: Pairs;
  readonly #make: () => Pairs;
  #within: Pairs | undefined;

  constructor(hours: SharedHours, over: Pairs, within: () => Pairs) {
    this.#hours = hours;
    this.#over = over;
    this.#make = within;
  }

  evidence(i: number, j: number): DifferenceEvidence {
    return this.#of([i], [j]).evidence(i, j);
  }

  pooled(inside: readonly number[], others: readonly number[]): DifferenceEvidence {
    return this.#of(inside, others).pooled(inside, others);
  }

  difference(i: number, j: number): Difference {
    return this.#of([i], [j]).difference(i, j);
  }

  #of(one: readonly number[], other: readonly number[]): Pairs {
    if (this.#hours.basis(one, other) !== "within_hours") return this.#over;
    this.#within ??= this.#make();
    return this.#within;
  }
}

/** Levels by batch. */
class BatchedLevels {
  /** Of each level the batches that are closed. */
  readonly closed: readonly ReadonlyMap<string, Batch>[];
  readonly #levels: readonly LevelSums[];

  constructor(levels: readonly LevelSums[], closedBefore: number) {
    this.#levels = levels;
    this.closed = levels.map(({ batches }) => {
      const closed = batches.filter(({ hour }) => hour < closedBefore);
      return new Map(closed.map((batch) => [batchKey(batch), batch]));
    });
  }

  /** A level by stratum, over all time. */
  whole(index: number): ReadonlyMap<string, PowerSums> {
    const level = this.#levels[index];
    return level ? sumsByStratum(level) : new Map();
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

function sumsAt(levels: readonly LevelSums[], index: number): PowerSums {
  return levels[index]?.sums ?? EMPTY_SUMS;
}

export function meanAt(levels: readonly LevelSums[], index: number): number {
  return meanOf(sumsAt(levels, index)) ?? 0;
}
