import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addValue,
  EMPTY_SUMS,
  meanOf,
  mergeSums,
  type PowerSums,
  scaleSums,
  shiftSums,
  sumsOf,
  varianceOf,
} from "./power-sums.ts";

const sample = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { maxLength: 40 });

function expectClose(a: PowerSums, b: PowerSums): void {
  expect(a.n).toBe(b.n);
  for (const key of ["s1", "s2", "s3", "s4"] as const) expect(a[key]).toBeCloseTo(b[key], 9);
}

test("sums of a split sample merge to the sums of the whole, in any order", () => {
  fc.assert(
    fc.property(sample, sample, sample, (a, b, c) => {
      const [x, y, z] = [sumsOf(a), sumsOf(b), sumsOf(c)];
      expectClose(mergeSums(x, y), mergeSums(y, x));
      expectClose(mergeSums(mergeSums(x, y), z), mergeSums(x, mergeSums(y, z)));
      expectClose(mergeSums(mergeSums(x, y), z), sumsOf([...c, ...a, ...b]));
      expect(mergeSums(x, EMPTY_SUMS)).toEqual(x);
    }),
  );
});

test("shifting by binomials equals shifting every value", () => {
  fc.assert(
    fc.property(sample, fc.double({ min: -1, max: 1, noNaN: true }), (values, m) => {
      expectClose(shiftSums(sumsOf(values), m), sumsOf(values.map((x) => x - m)));
    }),
  );
});

test("even sums stay at or above zero where rounding would cross it", () => {
  const sums = sumsOf(Array.from({ length: 1000 }, () => 0.1));
  const shifted = shiftSums(sums, 0.1);
  expect(shifted.s2).toBeGreaterThanOrEqual(0);
  expect(shifted.s4).toBeGreaterThanOrEqual(0);
});

test("a change of the unit scales every sum", () => {
  expectClose(scaleSums(sumsOf([50, 100, 20]), 0.01), sumsOf([0.5, 1, 0.2]));
});

test("mean and variance of none, one and several values", () => {
  expect(meanOf(EMPTY_SUMS)).toBeUndefined();
  expect(varianceOf(addValue(EMPTY_SUMS, 3))).toBeUndefined();
  expect(meanOf(addValue(EMPTY_SUMS, 3))).toBe(3);
  expect(varianceOf(sumsOf([1, 2, 3, 4]))).toBeCloseTo(5 / 3, 12);
  expect(varianceOf(sumsOf([0.1, 0.1, 0.1]))).toBeGreaterThanOrEqual(0);
});

test("a value that is not finite is refused", () => {
  expect(() => addValue(EMPTY_SUMS, Number.NaN)).toThrow(RangeError);
});
