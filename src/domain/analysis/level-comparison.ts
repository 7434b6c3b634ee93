import type { Interval } from "../../stats/interval.ts";
import { optimumSetSteps } from "../../stats/optimum-set.ts";
import { claimedEndSteps } from "../../stats/ordered-ends.ts";
import { type OrderedTail, orderedTailSteps } from "../../stats/ordered-tail.ts";
import type { Steps } from "../../stats/steps.ts";
import type { ComparableLevel } from "./comparable-level.ts";
import { countStrata, meanAt, type Pairs, pairsOf, sharedHours } from "./level-pairs.ts";
import type { TimeBasis } from "./shared-hours.ts";

/** Chance that any statement of one analysis is ever wrong, over all the times it is looked at. */
export const ALPHA = 0.05;

/** How one level stands to the best one, in 0..1. */
export interface LevelVerdict {
  /** This minus the best, within strata where there are several; undefined where the two share none. */
  readonly difference: number | undefined;
  /** This minus the best, of the plain means. */
  readonly naiveDifference: number;
  /** Outcomes of this level in batches that the best level has too; all where it is compared as a sample of its own. */
  readonly compared: number;
  /** How this level and the best one were compared in time; undefined for the best itself and where there are several strata. */
  readonly timeBasis: TimeBasis | undefined;
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
  /** Whether calls without a score were given the worst value where that is against a claim: the levels are scored unlike. */
  readonly isWorstCase: boolean;
}

/** Of ALPHA: what each kind of statement may be wrong with. They add up to it. */
const SHARES = { levels: ALPHA / 2, ends: ALPHA / 4, tails: ALPHA / 4 };

/**
 * Compares levels that were merely seen, pair by pair. What is said of all of them holds together, at every look, with probability
 * 1 - ALPHA: half of it goes to each level against each other (`optimumSetSteps`), a quarter to the levels from the ends inwards
 * (`claimedEndSteps`), a quarter to the ends as wholes (`orderedTailSteps`), which say nothing of a single level.
 *
 * Outcomes of several strata are compared within strata and hours that both levels have (`stratifiedEvidence`), so that a mix of strata
 * turns nothing round; only batches before the hour `closedBefore` count, since a batch that was looked at must not grow. Those of one
 * stratum are compared within hours too, where most of a pair lies in hours of both, so that no change over time is taken for an effect;
 * else as two samples, and where hours are known, it is said that they were compared over time (`SharedHours`). Two levels or more, each
 * with outcomes, in the order of the parameter.
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
  const isWorstCase = levels.some(({ worstCase }) => worstCase !== undefined);
  const pairs = pairsOf(levels, how.closedBefore);
  const hours = sharedHours(levels, how.closedBefore);
  const { isOrdered } = how;
  const tails =
    isOrdered && !isStratified && !isWorstCase
      ? yield* orderedTailSteps(
          levels.map(({ sums }) => sums),
          (rest, tail) => pairs.pooled(rest, tail),
          { alpha: SHARES.tails },
        )
      : [];
  const ends = isOrdered
    ? yield* claimedEndSteps(levels.length, (inside, index) => pairs.pooled(inside, [index]), {
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
      timeBasis: index === best ? undefined : hours?.basis([index], [best]),
      shortfall,
      exclusionLevel: worse.get(index) ?? 1,
      standing: worse.has(index) ? "worse" : inDoubt.has(index) ? "in_doubt" : "optimal",
    });
    yield;
  }
  return { best, verdicts, tails, isStratified, isWorstCase };
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
