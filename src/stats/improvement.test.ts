import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import { anytimeConfidence, hiddenCauseStrength, netBenefit, shrunkEffect } from "./improvement.ts";

test("confidence is one minus one over the e-value, and never negative", () => {
  expect(anytimeConfidence(Math.log(20))).toBeCloseTo(0.95, 12);
  expect(anytimeConfidence(0)).toBe(0);
  expect(anytimeConfidence(-3)).toBe(0);
  expect(anytimeConfidence(1e-12)).toBeCloseTo(1e-12, 20);
});

test("net benefit is in 0..1, best for a free right call, worst for a dear, slow, failed one", () => {
  const prices = { costCap: 0.02, worth: 0.1, slowPenalty: 0.05 };
  expect(netBenefit({ quality: 1, cost: 0, isSlow: false }, prices)).toBe(1);
  expect(netBenefit({ quality: 0, cost: 9, isSlow: true }, prices)).toBeCloseTo(0, 12);
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, fc.boolean(), (quality, cost, isSlow) => {
      const value = netBenefit({ quality, cost, isSlow }, prices);
      expect(value).toBeGreaterThanOrEqual(-1e-12);
      expect(value).toBeLessThanOrEqual(1);
      const cheaper = netBenefit({ quality, cost: cost / 2, isSlow }, prices);
      expect(cheaper).toBeGreaterThanOrEqual(value - 1e-12);
    }),
  );
  expect(() => netBenefit({ quality: 80, cost: 0, isSlow: false }, prices)).toThrow(RangeError);
});

test("a hidden cause for a risk ratio of 3.9 needs 7.26, also for its inverse", () => {
  expect(hiddenCauseStrength(3.9)).toBeCloseTo(7.263034344, 8);
  expect(hiddenCauseStrength(1 / 3.9)).toBeCloseTo(7.263034344, 8);
  expect(hiddenCauseStrength(1)).toBe(1);
});

test("an estimate without a standard error is not shrunk", () => {
  expect(shrunkEffect({ estimate: 0.08, standardError: 0, scale: 0.05 })).toBe(0.08);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("the shrunk estimate", () => {
    const { est, se, tau, out } = readFixtures().shrink;
    expect(shrunkEffect({ estimate: est, standardError: se, scale: tau })).toBeCloseTo(out, 12);
  });
});
