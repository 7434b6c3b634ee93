import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addIncrement,
  type IncrementSums,
  mergeIncrements,
  NO_INCREMENTS,
  shiftIncrements,
} from "./increment-sums.ts";
import { sumsOf } from "./power-sums.ts";

const increments = fc.array(
  fc.record({
    u: fc.double({ min: -4, max: 4, noNaN: true }),
    w: fc.double({ min: 0.1, max: 3, noNaN: true }),
  }),
  { maxLength: 40 },
);

function summed(list: readonly { readonly u: number; readonly w: number }[]): IncrementSums {
  return list.reduce<IncrementSums>((sums, { u, w }) => addIncrement(sums, u, w), NO_INCREMENTS);
}

test("the sums of u - m w are those of the single values, whatever the weights", () => {
  const effect = fc.double({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(increments, effect, (list, m) => {
      const shifted = shiftIncrements(summed(list), m);
      const direct = sumsOf(list.map(({ u, w }) => u - m * w));
      expect(shifted.n).toBe(direct.n);
      // Rounding is relative to the largest term, at most 7^4 a unit.
      for (const key of ["s1", "s2", "s3", "s4"] as const)
        expect(Math.abs(shifted[key] - direct[key])).toBeLessThan(1e-12 * 7 ** 4 * (1 + direct.n));
    }),
  );
});

test("the sums of two sets of units add up to those of all", () => {
  fc.assert(
    fc.property(increments, increments, (a, b) => {
      const [merged, whole] = [mergeIncrements(summed(a), summed(b)), summed([...a, ...b])];
      for (const [key, value] of Object.entries(whole))
        expect(merged[key as keyof typeof merged]).toBeCloseTo(value, 8);
    }),
  );
});

test("an increment that is no number is refused", () => {
  expect(() => addIncrement(NO_INCREMENTS, Number.NaN, 1)).toThrow(RangeError);
  expect(() => addIncrement(NO_INCREMENTS, 1, Number.POSITIVE_INFINITY)).toThrow(RangeError);
});
