import { beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { temperatureReplay } from "../../test/statistics/replay-levels.ts";
import {
  hasSharedData,
  readReplay,
  type TemperatureRow,
} from "../../test/statistics/shared-data.ts";
import { independentEvidence } from "./difference.ts";
import { distanceToOptimum, findOptimumSet, type OptimumSet } from "./optimum-set.ts";
import { pairedEvidence } from "./paired-difference.ts";
import { type PowerSums, sumsOf } from "./power-sums.ts";
import { stratifiedEvidence } from "./stratified-difference.ts";

const ALPHA = { alpha: 0.05 };

function setOf(values: readonly number[], sums: readonly PowerSums[]): OptimumSet {
  const empty = sumsOf([]);
  return findOptimumSet(
    values,
    (i, j) => independentEvidence(sums[i] ?? empty, sums[j] ?? empty),
    ALPHA,
  );
}

function ones(n: number, mean: number): PowerSums {
  const s = n * mean;
  return { n, s1: s, s2: s, s3: s, s4: s };
}

function worseValues(set: OptimumSet): number[] {
  return set.levels.filter((level) => !level.isMember).map((level) => level.value);
}

test("no level: the empty set; one level: itself; no outcomes: all", () => {
  expect(setOf([], [])).toEqual({ levels: [], ranges: [] });
  expect(setOf([0.7], [ones(5, 0.5)]).ranges).toEqual([{ low: 0.7, high: 0.7 }]);
  expect(setOf([0, 1], [sumsOf([]), sumsOf([])]).ranges).toEqual([{ low: 0, high: 1 }]);
});

test("a plateau is a plateau and a cliff is left out, with a shortfall that excludes zero", () => {
  const set = setOf(
    [0, 0.5, 1, 1.5],
    [ones(800, 0.6), ones(800, 0.61), ones(800, 0.59), ones(800, 0.2)],
  );
  expect(set.ranges).toEqual([{ low: 0, high: 1 }]);
  expect(worseValues(set)).toEqual([1.5]);
  const shortfall = set.levels[3]?.shortfall;
  expect(shortfall?.low).toBeGreaterThan(0.2);
  expect(shortfall?.low).toBeLessThan(0.41);
  expect(shortfall?.high).toBeGreaterThan(0.41);
});

test("members on both sides of a valley give two stretches", () => {
  const set = setOf([1, 2, 3, 4], [ones(900, 0.7), ones(900, 0.3), ones(900, 0.7), ones(900, 0.7)]);
  expect(set.ranges).toEqual([
    { low: 1, high: 1 },
    { low: 3, high: 4 },
  ]);
  expect(distanceToOptimum(set, 3.5)).toBe(0);
  expect(distanceToOptimum(set, 1.75)).toBeCloseTo(0.75, 12);
  expect(distanceToOptimum(set, 2.25)).toBeCloseTo(0.75, 12);
  expect(distanceToOptimum({ ranges: [] }, 1)).toBeUndefined();
});

test("the distances to the best level hold for all levels at all looks together, shown or not", () => {
  const rates = [0.6, 0.55, 0.6, 0.3, 0.62];
  const worlds = 60;
  let missed = 0;
  for (let world = 0; world < worlds; world++) {
    const random = seededRandom(500 + world);
    const outcomes = rates.map((): number[] => []);
    let isMissed = false;
    for (let look = 0; look < 5; look++) {
      for (const [i, level] of outcomes.entries())
        for (let k = 0; k < 40; k++) level.push(random.bernoulli(rates[i] ?? 0));
      const sums = outcomes.map(sumsOf);
      const { levels } = findOptimumSet(
        rates.map((_, i) => i),
        (i, j) => independentEvidence(sums[i] ?? sumsOf([]), sums[j] ?? sumsOf([])),
        { ...ALPHA, isBounded: () => true },
      );
      isMissed ||= levels.some(({ shortfall }, i) => {
        const truth = Math.max(...rates) - (rates[i] ?? 0);
        return shortfall === undefined || truth < shortfall.low || truth > shortfall.high;
      });
    }
    if (isMissed) missed += 1;
  }
  // Binomial(60, .05) exceeds 8 with a chance below .005; measured 0.
  expect(missed).toBeLessThanOrEqual(8);
});

test("levels out of order are refused", () => {
  expect(() => setOf([1, 0], [ones(5, 0.5), ones(5, 0.5)])).toThrow(RangeError);
});

test("on a plateau a level is left out at some look in at most 5 % of streams", () => {
  const random = seededRandom(7);
  const values = [0, 0.3, 0.6, 0.9];
  const streams = 60;
  let wrong = 0;
  for (let stream = 0; stream < streams; stream++) {
    const outcomes = values.map((): number[] => []);
    let ever = false;
    for (let look = 0; look < 6 && !ever; look++) {
      for (const level of outcomes) {
        for (let i = 0; i < 60; i++) level.push(random.bernoulli(0.6));
      }
      ever = worseValues(setOf(values, outcomes.map(sumsOf))).length > 0;
    }
    if (ever) wrong++;
  }
  expect(wrong / streams).toBeLessThanOrEqual(0.05);
});

describe.skipIf(!hasSharedData)("recorded answers at temperatures 0.0 to 1.6", () => {
  let replay: ReturnType<typeof temperatureReplay>;
  // Not at once: a suite that is skipped is collected all the same.
  beforeAll(() => {
    replay = temperatureReplay(readReplay<TemperatureRow>("temperature-gpt-3.5-turbo.ndjson.gz"));
  });

  test("paired by question: no claim up to 1.3, and 1.4, 1.5 and 1.6 shown worse", () => {
    const set = findOptimumSet(replay.levels, (i, j) => pairedEvidence(replay.pairs(i, j)), ALPHA);
    expect(worseValues(set)).toEqual([1.4, 1.5, 1.6]);
    expect(set.ranges).toEqual([{ low: 0, high: 1.3 }]);
    for (const level of set.levels) {
      if (!level.isMember) expect(level.shortfall?.low).toBeGreaterThan(0);
    }
  });

  test("stratified by exam and prompt, unpaired: 1.5 and 1.6 shown worse", () => {
    const set = findOptimumSet(
      replay.levels,
      (i, j) => stratifiedEvidence(replay.batches(i, j)),
      ALPHA,
    );
    expect(worseValues(set)).toEqual([1.5, 1.6]);
  });

  test("two more models, 0.0 to 1.0: no claim, paired or not", () => {
    const rows = readReplay<TemperatureRow>("temperature-null-two-models.ndjson.gz");
    const models = Map.groupBy(rows, (row) => row.model);
    expect(models.size).toBe(2);
    for (const ofModel of models.values()) {
      const { levels, pairs, batches } = temperatureReplay(ofModel);
      for (const compare of [
        (i: number, j: number) => pairedEvidence(pairs(i, j)),
        (i: number, j: number) => stratifiedEvidence(batches(i, j)),
      ]) {
        expect(findOptimumSet(levels, compare, ALPHA).ranges).toEqual([{ low: 0, high: 1 }]);
      }
    }
  });
});
