import { expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { independentEvidence } from "./difference.ts";
import { type ClaimedLevel, findClaimedEnds, type PoolEvidence } from "./ordered-ends.ts";
import { findOrderedTails } from "./ordered-tail.ts";
import { addValue, EMPTY_SUMS, mergeSums, type PowerSums } from "./power-sums.ts";

const ALPHA = 0.0125;

function claimedIn(levels: readonly PowerSums[]): readonly ClaimedLevel[] {
  const pool: PoolEvidence = (inside, index) =>
    independentEvidence(
      inside.map((i) => levels[i] ?? EMPTY_SUMS).reduce(mergeSums, EMPTY_SUMS),
      levels[index] ?? EMPTY_SUMS,
    );
  return findClaimedEnds(levels.length, pool, { alpha: ALPHA });
}

interface World {
  readonly claimed: ReadonlySet<number>;
  /** Levels that were ever part of a tail, which is looked for at every tenth look. */
  readonly pooled: ReadonlySet<number>;
}

/** What is said at any of 60 looks, ten outcomes a level between them. */
function worldOf(rates: readonly number[], seed: number): World {
  const random = seededRandom(seed);
  let levels = rates.map(() => EMPTY_SUMS);
  const claimed = new Set<number>();
  const pooled = new Set<number>();
  for (let look = 1; look <= 60; look++) {
    levels = levels.map((sums, index) => {
      let next = sums;
      for (let i = 0; i < 10; i++)
        next = addValue(next, random.uniform() < (rates[index] ?? 0) ? 1 : 0);
      return next;
    });
    for (const { index } of claimedIn(levels)) claimed.add(index);
    if (look % 10 !== 0) continue;
    for (const { members } of findOrderedTails(levels, { alpha: ALPHA }))
      for (const index of members) pooled.add(index);
  }
  return { claimed, pooled };
}

test("on a plateau that ends in a cliff no good level is ever claimed, although tails draw good ones in", () => {
  const rates = [0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.2];
  const worlds = Array.from({ length: 40 }, (_, seed) => worldOf(rates, seed + 1));
  const isGood = (index: number) => index < 7;
  const claimed = worlds.filter((world) => [...world.claimed].some(isGood)).length;
  const pooled = worlds.filter((world) => [...world.pooled].some(isGood)).length;
  // Binomial(40, .0125) exceeds 3 with a chance below .002.
  expect(claimed).toBeLessThanOrEqual(3);
  expect(pooled).toBeGreaterThan(2);
  expect(worlds.every((world) => world.claimed.has(7))).toBe(true);
});

test("a cliff of several levels is claimed from outside inwards, each level by its own outcomes", () => {
  const { claimed } = worldOf([0.6, 0.6, 0.6, 0.6, 0.25, 0.2, 0.1], 3);
  expect([...claimed].toSorted()).toStrictEqual([4, 5, 6]);
});

test("a level behind one that is not shown is not claimed, however bad it is", () => {
  const many = (rate: number, n: number): PowerSums => ({
    n,
    ...{ s1: rate * n, s2: rate * n, s3: rate * n, s4: rate * n },
  });
  const levels = [many(0.6, 1000), many(0.6, 1000), many(0.05, 500), many(0.6, 20)];
  expect(claimedIn(levels)).toStrictEqual([]);
  const shown = claimedIn([...levels.slice(0, 3), many(0, 500)]);
  expect(shown.map(({ index }) => index)).toStrictEqual([2, 3]);
  // What is shown further inside is never surer than what it rests on outside.
  const [inner, outer] = shown;
  expect(inner?.exclusionLevel).toBeGreaterThanOrEqual(outer?.exclusionLevel ?? 1);
  expect(inner?.exclusionLevel).toBeLessThanOrEqual(ALPHA);
});

test("one level or none has no end", () => {
  expect(claimedIn([])).toStrictEqual([]);
  expect(claimedIn([{ n: 50, s1: 5, s2: 5, s3: 5, s4: 5 }])).toStrictEqual([]);
});
