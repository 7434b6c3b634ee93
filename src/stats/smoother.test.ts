import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import { smoothLevels } from "./smoother.ts";

const PRIOR = { outcomeVariance: 0.24, step: 0.05, centre: 0.6, spread: 0.3 };

test("no level is empty; one level is the usual posterior; no outcomes leave the prior", () => {
  expect(smoothLevels([], PRIOR).mean).toEqual([]);
  const one = smoothLevels([{ n: 24, mean: 0.5 }], PRIOR);
  const precision = 24 / 0.24 + 1 / 0.09;
  expect(one.mean[0]).toBeCloseTo((100 * 0.5 + 0.6 / 0.09) / precision, 12);
  expect(one.sd[0]).toBeCloseTo(1 / Math.sqrt(precision), 12);
  const none = smoothLevels([{ n: 0, mean: Number.NaN }], PRIOR);
  expect(none.mean[0]).toBeCloseTo(0.6, 12);
  expect(none.sd[0]).toBeCloseTo(0.3, 12);
});

test("a level without outcomes borrows from its neighbours", () => {
  const { mean, sd } = smoothLevels(
    [
      { n: 500, mean: 0.8 },
      { n: 0, mean: 0 },
      { n: 500, mean: 0.8 },
    ],
    PRIOR,
  );
  expect(mean[1]).toBeGreaterThan(0.77);
  expect(sd[1]).toBeGreaterThan(sd[0] ?? 1);
});

test("uneven steps are those of the same walk with the levels between left out", () => {
  const known = [
    { n: 60, mean: 0.7 },
    { n: 0, mean: 0 },
    { n: 0, mean: 0 },
    { n: 30, mean: 0.4 },
  ];
  // Far levels pull with nothing, so that only the walk is compared.
  const prior = { ...PRIOR, spread: 1e6 };
  const whole = smoothLevels(known, prior);
  const ends = smoothLevels(
    known.filter(({ n }) => n > 0),
    { ...prior, step: [PRIOR.step * Math.sqrt(3)] },
  );
  expect(ends.mean[0]).toBeCloseTo(whole.mean[0] ?? 0, 6);
  expect(ends.mean[1]).toBeCloseTo(whole.mean[3] ?? 0, 6);
  expect(ends.sd[1]).toBeCloseTo(whole.sd[3] ?? 0, 6);
});

test("draws have the posterior's mean and spread", () => {
  const random = seededRandom(81);
  const levels = [
    { n: 40, mean: 0.7 },
    { n: 10, mean: 0.5 },
    { n: 5, mean: 0.2 },
  ];
  const posterior = smoothLevels(levels, PRIOR);
  const draws = Array.from({ length: 4_000 }, () =>
    posterior.draw(levels.map(() => random.normal())),
  );
  for (const [i, expected] of posterior.mean.entries()) {
    const values = draws.map((draw) => draw[i] ?? 0);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const sd = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean - expected)).toBeLessThan(0.004);
    expect(Math.abs(sd / (posterior.sd[i] ?? 1) - 1)).toBeLessThan(0.05);
  }
});

test("a draw needs one number a level, and variances are positive", () => {
  expect(() => smoothLevels([{ n: 1, mean: 0 }], PRIOR).draw([])).toThrow(RangeError);
  expect(() => smoothLevels([], { ...PRIOR, step: 0 })).toThrow(RangeError);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("three arms", () => {
    const { rw1 } = readFixtures();
    const { mean, sd } = smoothLevels(
      rw1.n.map((n, i) => ({ n, mean: rw1.mean[i] ?? 0 })),
      {
        outcomeVariance: rw1.sig2,
        step: rw1.tau,
        centre: rw1.prior[0],
        spread: rw1.prior[1],
      },
    );
    for (const i of rw1.n.keys()) {
      expect(mean[i]).toBeCloseTo(rw1.post_mean[i] ?? 0, 12);
      expect(sd[i]).toBeCloseTo(rw1.post_sd[i] ?? 0, 12);
    }
  });
});
