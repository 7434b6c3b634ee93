import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { confoundedModels } from "../../test/statistics/replay-levels.ts";
import { hasSharedData, type ModelPairRow, readReplay } from "../../test/statistics/shared-data.ts";
import { EMPTY_SUMS, sumsOf } from "./power-sums.ts";
import {
  type StratumBatch,
  stratifiedDifference,
  stratifiedEvidence,
} from "./stratified-difference.ts";

const ALPHA = { alpha: 0.05 };

function draws(n: number, mean: number, random = seededRandom(1)) {
  return sumsOf(Array.from({ length: n }, () => random.bernoulli(mean)));
}

test("without a batch that holds both arms nothing is known", () => {
  const apart = [
    { stratum: "x", a: draws(50, 0.9), b: EMPTY_SUMS },
    { stratum: "y", a: EMPTY_SUMS, b: draws(50, 0.1) },
  ];
  const answer = stratifiedDifference(apart, ALPHA);
  expect(answer.estimate).toBeUndefined();
  expect(answer.interval).toEqual({ low: -1, high: 1 });
  expect(answer.naive).toBeGreaterThan(0.5);
  expect(answer.compared).toBe(0);
  expect(answer.total).toBe(100);
  expect(stratifiedDifference([], ALPHA).naive).toBeUndefined();
});

test("one stratum alone gives the plain difference", () => {
  const batch = { stratum: "x", a: draws(200, 0.7), b: draws(100, 0.4) };
  const { estimate, naive } = stratifiedDifference([batch], ALPHA);
  expect(estimate).toBeCloseTo(naive ?? 0, 12);
});

test("swapping the arms mirrors the interval", () => {
  const random = seededRandom(3);
  const batches = ["x", "y", "x"].map((stratum, i) => ({
    stratum,
    a: draws(40 + 30 * i, 0.6, random),
    b: draws(90, 0.5, random),
  }));
  const there = stratifiedDifference(batches, ALPHA).interval;
  const back = stratifiedDifference(
    batches.map(({ stratum, a, b }) => ({ stratum, a: b, b: a })),
    ALPHA,
  ).interval;
  expect(there.low).toBeCloseTo(-back.high, 5);
  expect(there.high).toBeCloseTo(-back.low, 5);
});

test("a confounded mix of strata is seen through at every look in 95 % of streams", () => {
  const random = seededRandom(4);
  const streams = 80;
  let missed = 0;
  let naiveWrong = 0;
  for (let stream = 0; stream < streams; stream++) {
    const batches: StratumBatch[] = [];
    let ever = false;
    for (let hour = 0; hour < 40; hour++) {
      for (const [stratum, level, nA, nB] of [
        ["hard", 0.3, 18, 4],
        ["easy", 0.8, 3, 20],
      ] as const) {
        batches.push({
          stratum,
          a: draws(nA, level + 0.1, random),
          b: draws(nB, level, random),
        });
      }
      const evidence = stratifiedEvidence(batches);
      ever ||= Math.max(evidence.logExceeds(0.1), evidence.logBelow(0.1)) >= Math.log(40);
    }
    if (ever) missed++;
    if ((stratifiedDifference(batches, ALPHA).naive ?? 0) < 0) naiveWrong++;
  }
  expect(missed / streams).toBeLessThanOrEqual(0.05);
  expect(naiveWrong / streams).toBeGreaterThan(0.95);
});

test("a shared change of level over time does not look like a difference", () => {
  const random = seededRandom(5);
  const batches: StratumBatch[] = [];
  for (let hour = 0; hour < 60; hour++) {
    const level = 0.2 + 0.01 * hour;
    const nA = hour < 30 ? 5 : 30;
    batches.push({ stratum: "x", a: draws(nA, level, random), b: draws(35 - nA, level, random) });
  }
  const { interval, naive } = stratifiedDifference(batches, ALPHA);
  expect(interval.low).toBeLessThan(0);
  expect(interval.high).toBeGreaterThan(0);
  expect(naive).toBeGreaterThan(0.1);
});

test("a bet above 0.9 is refused", () => {
  expect(() => stratifiedEvidence([], { bets: [0.95], logWeights: [0] })).toThrow(RangeError);
});

describe.skipIf(!hasSharedData)("recorded answers of two models", () => {
  test("the Simpson case: the naive sign is wrong, the stratified one is right", () => {
    const rows = readReplay<ModelPairRow>("model-pairs-mmlu.ndjson.gz");
    const answer = stratifiedDifference(confoundedModels(rows, seededRandom(1)), ALPHA);
    expect(Math.abs((answer.naive ?? 0) + 0.0798)).toBeLessThan(0.01);
    expect(Math.abs((answer.estimate ?? 0) - 0.125)).toBeLessThan(0.03);
    expect(answer.interval.low).toBeGreaterThan(0);
    expect(answer.interval.low).toBeLessThan(0.125);
    expect(answer.interval.high).toBeGreaterThan(0.125);
  });
});
