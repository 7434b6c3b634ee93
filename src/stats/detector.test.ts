import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import { binomialBound, quantileOf } from "../../test/statistics/streams.ts";
import {
  type DetectorDesign,
  type DetectorState,
  detectorOf,
  detectorThreshold,
  emptyDetector,
  foldOutcome,
  openDetector,
  readDetector,
  smallestTolerance,
} from "./detector.ts";
import { EMPTY_SUMS, type PowerSums, sumsOf } from "./power-sums.ts";

function ones(n: number, mean: number): PowerSums {
  const s = n * mean;
  return { n, s1: s, s2: s, s3: s, s4: s };
}

/** Outcomes until the alarm, up to a limit. */
function runLength(
  design: DetectorDesign,
  outcome: (i: number) => number,
  limit: number,
  value = (state: DetectorState) => readDetector(design, state).logValue,
): number | undefined {
  let state = emptyDetector(design);
  for (let i = 0; i < limit; i++) {
    state = foldOutcome(design, state, { outcome: outcome(i), at: i });
    if (value(state) >= design.logThreshold) return i + 1;
  }
  return undefined;
}

test("before any outcome nothing is changed; one outcome changes nothing", () => {
  const design = openDetector({ reference: ones(1000, 0.9), tolerance: 0.03, threshold: 1000 });
  const empty = emptyDetector(design);
  expect(readDetector(design, empty).isAlarm).toBe(false);
  const one = foldOutcome(design, empty, { outcome: 0, at: 5 });
  expect(readDetector(design, one).isAlarm).toBe(false);
  expect(readDetector(design, one).direction).toBe("down");
  expect(JSON.parse(JSON.stringify(one))).toEqual(one);
});

test("a reference too small, a tolerance below its error, and a threshold of one are refused", () => {
  const reference = ones(500, 0.9);
  expect(smallestTolerance(reference)).toBeCloseTo(0.035, 2);
  expect(smallestTolerance(ones(500, 0.6))).toBeCloseTo(0.056, 2);
  expect(smallestTolerance(EMPTY_SUMS)).toBe(Number.POSITIVE_INFINITY);
  expect(smallestTolerance(ones(500, 1))).toBeGreaterThan(0.005);
  expect(() => openDetector({ reference, tolerance: 0.01, threshold: 1e5 })).toThrow(RangeError);
  expect(() => openDetector({ reference, tolerance: 0.04, threshold: 1 })).toThrow(RangeError);
  const small = sumsOf([1, 1, 0]);
  expect(() => openDetector({ reference: small, tolerance: 0.9, threshold: 10 })).toThrow(
    RangeError,
  );
});

test("the threshold is the outcomes of all detectors in the wanted time", () => {
  expect(
    detectorThreshold({
      outcomesPerDay: Array.from({ length: 100 }, () => 1000),
      daysBetweenFalseAlarms: 90,
    }),
  ).toBe(9e6);
});

test("a drop is found, with its direction and about its time", () => {
  const random = seededRandom(51);
  const design = openDetector({ reference: ones(4000, 0.9), tolerance: 0.0125, threshold: 1e5 });
  const delays: number[] = [];
  const starts: number[] = [];
  for (let stream = 0; stream < 20; stream++) {
    let state = emptyDetector(design);
    for (let i = 0; i < 4000; i++) {
      state = foldOutcome(design, state, { outcome: random.bernoulli(i < 500 ? 0.9 : 0.8), at: i });
      const reading = readDetector(design, state);
      if (!reading.isAlarm) continue;
      delays.push(i - 500);
      expect(reading.direction).toBe("down");
      expect(reading.since).toBeLessThanOrEqual(i);
      starts.push(reading.since);
      break;
    }
  }
  expect(delays).toHaveLength(20);
  expect(quantileOf(delays, 0.5)).toBeLessThan(300);
  expect(quantileOf(starts, 0.5)).toBeGreaterThan(440);
  expect(quantileOf(starts, 0.5)).toBeLessThan(620);
});

test("the mean over bets keeps the promised run length; the maximum breaks it", () => {
  const random = seededRandom(52);
  const design = detectorOf({ mean: 0.6, variance: 0.24, tolerance: 0.02, threshold: 100 });
  const largest = (state: DetectorState) =>
    Math.max(...[...state.up, ...state.down].map(({ logSum }) => logSum));
  const lengths = { mean: 0, max: 0 };
  const runs = 250;
  for (let run = 0; run < runs; run++) {
    const edge = () => random.bernoulli(0.62);
    lengths.mean += runLength(design, edge, 5_000) ?? 5_000;
    lengths.max += runLength(design, edge, 5_000, largest) ?? 5_000;
  }
  expect(lengths.mean / runs).toBeGreaterThan(100);
  expect(lengths.max / runs).toBeLessThan(100);
});

test("an estimated reference alarms by its own error unless the tolerance covers it", () => {
  const random = seededRandom(53);
  const streams = 40;
  let [covered, bare] = [0, 0];
  for (let stream = 0; stream < streams; stream++) {
    const sample = Array.from({ length: 500 }, () => random.bernoulli(0.6));
    const reference = sumsOf(sample);
    const proper = openDetector({
      reference,
      tolerance: smallestTolerance(reference),
      threshold: 1e4,
    });
    const known = detectorOf({
      mean: reference.s1 / reference.n,
      variance: 0.24,
      tolerance: 0.01,
      threshold: 1e4,
    });
    const outcomes = Array.from({ length: 6_000 }, () => random.bernoulli(0.6));
    const at = (i: number) => outcomes[i] ?? 0;
    if (runLength(proper, at, 6_000) !== undefined) covered++;
    if (runLength(known, at, 6_000) !== undefined) bare++;
  }
  expect(covered).toBeLessThanOrEqual(binomialBound(streams, 0.01));
  expect(bare / streams).toBeGreaterThan(0.15);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("sum and CUSUM of three factors", () => {
    const { esr, ecusum } = readFixtures();
    const design = { reference: 0.5, tolerance: 0, logThreshold: 9, betsUp: [1], betsDown: [0.5] };
    let state = emptyDetector(design);
    for (const [i, factor] of esr.factors.entries()) {
      state = foldOutcome(design, state, { outcome: 0.5 + (factor - 1), at: i });
      expect(Math.exp(state.up[0]?.logSum ?? 0)).toBeCloseTo(esr.M[i] ?? 0, 10);
      expect(Math.exp(state.up[0]?.logCusum ?? 0)).toBeCloseTo(ecusum.M[i] ?? 0, 10);
    }
  });
});
