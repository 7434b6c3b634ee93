import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { runReporting } from "../../test/statistics/reporting-streams.ts";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import { binomialBound, quantileOf } from "../../test/statistics/streams.ts";
import { logRatioEvidence, mayLeaveOutMissing, RATIO_ALARM } from "./ratio-check.ts";

const ALARM = Math.log(RATIO_ALARM);

test("no counts, and one count, are no evidence", () => {
  expect(logRatioEvidence([0, 0], [0.5, 0.5])).toBeCloseTo(0, 12);
  expect(Math.abs(logRatioEvidence([1, 0], [0.5, 0.5]))).toBeLessThan(0.01);
});

test("an arm that is never served is skipped, and must have no counts", () => {
  expect(logRatioEvidence([60, 40, 0], [0.5, 0.5, 0])).toBeCloseTo(
    logRatioEvidence([60, 40], [0.5, 0.5]),
    12,
  );
  expect(() => logRatioEvidence([60, 40, 1], [0.5, 0.5, 0])).toThrow(RangeError);
  expect(() => logRatioEvidence([1, 1], [0.5, 0.4])).toThrow(RangeError);
});

test("shares as intended fire in at most one of a hundred streams, 55 to 45 within 2,000", () => {
  const random = seededRandom(61);
  const times: (number | undefined)[] = [];
  let fired = 0;
  for (let stream = 0; stream < 60; stream++) {
    const fair = [0, 0];
    const skewed = [0, 0];
    let at: number | undefined;
    let ever = false;
    for (let n = 1; n <= 4_000; n++) {
      const [a, b] = [random.bernoulli(0.5), random.bernoulli(0.55)];
      fair[a] = (fair[a] ?? 0) + 1;
      skewed[b] = (skewed[b] ?? 0) + 1;
      if (n % 10 !== 0) continue;
      ever ||= logRatioEvidence(fair, [0.5, 0.5]) >= ALARM;
      if (at === undefined && logRatioEvidence(skewed, [0.5, 0.5]) >= ALARM) at = n;
    }
    if (ever) fired++;
    times.push(at);
  }
  expect(fired).toBeLessThanOrEqual(binomialBound(60, 0.002));
  expect(quantileOf(times, 0.5)).toBeLessThan(2_000);
});

test("where the allocation moves, the engine on reported-or-not finds what factors by allocation miss", () => {
  const random = seededRandom(62);
  const streams = 60;
  const run = { unitsEach: 150, random };
  const runs = Array.from({ length: streams }, () => runReporting([0.9, 0.8], run));
  const times = runs.map(({ engineAt }) => engineAt);
  expect(times.filter((at) => at !== undefined).length / streams).toBeGreaterThan(0.9);
  expect(quantileOf(times, 0.5)).toBeLessThan(1_200);
  const byFactors = runs.filter(({ productFired }) => productFired).length;
  expect(byFactors / streams).toBeLessThan(0.5);
});

test("arms that report alike, however seldom, fire in at most one of a thousand streams", () => {
  const random = seededRandom(63);
  const streams = 60;
  for (const rate of [0.9, 0.5]) {
    const run = { unitsEach: 150, random };
    const runs = Array.from({ length: streams }, () => runReporting([rate, rate], run));
    const fired = runs.filter(({ engineAt }) => engineAt !== undefined).length;
    expect(fired).toBeLessThanOrEqual(binomialBound(streams, 0.001));
  }
});

test("outcomes that are missing may be left out only where they are few and alike", () => {
  const few = { challengerShare: 0.005, controlShare: 0.001, logEvidence: 0 };
  expect(mayLeaveOutMissing(few)).toBe(true);
  expect(mayLeaveOutMissing({ ...few, controlShare: 0.02 })).toBe(false);
  expect(mayLeaveOutMissing({ ...few, logEvidence: 7 })).toBe(false);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("the published Bayes factors", () => {
    for (const row of Object.values(readFixtures().srm_ssrm)) {
      expect(logRatioEvidence(row.n, row.p, row.a)).toBeCloseTo(row.ssrm_expected, 10);
    }
    const imbalance = readFixtures().srm_imbalance;
    expect(logRatioEvidence([5200, 4800], [0.5, 0.5])).toBeCloseTo(
      imbalance["n=[5200,4800],a=[50,50]"] ?? 0,
      8,
    );
    expect(logRatioEvidence([821588, 815482], [0.5, 0.5])).toBeCloseTo(
      imbalance["n=[821588,815482],a=[50,50] (Kohavi-style)"] ?? 0,
      6,
    );
  });
});
