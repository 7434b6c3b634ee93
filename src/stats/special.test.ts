import fc from "fast-check";
import { expect, test } from "vitest";
import { logGamma, normalQuantile } from "./special.ts";

test("logGamma at factorials, at a half, and far out", () => {
  let factorial = 1;
  for (let n = 1; n <= 20; n++) {
    expect(Math.abs(logGamma(n) - Math.log(factorial))).toBeLessThan(1e-12);
    factorial *= n;
  }
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 13);
  expect(logGamma(1e-8)).toBeCloseTo(18.420680738180209, 11);
  expect(logGamma(1e5) / 1051287.7089736538).toBeCloseTo(1, 13);
});

test("logGamma meets its recurrence", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (x) => {
      const gap = logGamma(x + 1) - logGamma(x) - Math.log(x);
      expect(Math.abs(gap)).toBeLessThan(1e-13 * Math.max(10, x * Math.log(x + 2)));
    }),
  );
});

test("normal quantiles in the centre, on the shoulders and in the tails", () => {
  for (const [p, z] of [
    [0.5, 0],
    [0.8, 0.8416212335729143],
    [0.95, 1.6448536269514722],
    [0.975, 1.959963984540054],
    [0.995, 2.5758293035489004],
    [1e-4, -3.719016485455709],
    [1e-10, -6.361340902404056],
    [1e-20, -9.26234008979841],
  ] as const) {
    expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-10);
  }
});

test("normal quantiles are odd around one half and grow", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 0.5, noNaN: true }), (p) => {
      expect(normalQuantile(p) + normalQuantile(1 - p)).toBeCloseTo(0, 8);
      expect(normalQuantile(p * 0.9)).toBeLessThan(normalQuantile(p));
    }),
  );
});

test("arguments outside their domain are refused", () => {
  expect(() => logGamma(0)).toThrow(RangeError);
  expect(() => normalQuantile(0)).toThrow(RangeError);
  expect(() => normalQuantile(1)).toThrow(RangeError);
});
