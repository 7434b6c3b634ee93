import { DDSketch } from "@datadog/sketches-js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  EMPTY_SKETCH,
  mergeSketches,
  type QuantileSketch,
  quantileOf,
  SKETCH_ACCURACY,
  SKETCH_VALUE_MAX,
  SKETCH_VALUE_MIN,
  SketchBuilder,
  sketchSize,
} from "./quantile-sketch.ts";

const SHARES = [0, 0.01, 0.5, 0.9, 0.95, 0.99, 1];

const anyValue = fc.oneof(
  fc.constant(0),
  fc.double({ min: SKETCH_VALUE_MIN, max: 1e6, noNaN: true }),
  fc.integer({ min: 1, max: SKETCH_VALUE_MAX }),
);

function sketchOf(values: readonly number[]): QuantileSketch {
  const builder = new SketchBuilder();
  for (const value of values) builder.add(value);
  return builder.toSketch();
}

const anySketch = fc.array(anyValue, { maxLength: 40 }).map(sketchOf);

test("every quantile lies within 1 % of the value of its rank", () => {
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 200 }), (values) => {
      const sorted = values.toSorted((a, b) => a - b);
      const sketch = sketchOf(values);
      for (const share of SHARES) {
        const exact = sorted[Math.floor(share * (values.length - 1))] ?? Number.NaN;
        const error = Math.abs((quantileOf(sketch, share) ?? Number.NaN) - exact);
        expect(error).toBeLessThanOrEqual(exact * (SKETCH_ACCURACY + 1e-9));
      }
    }),
  );
});

test("agrees with the reference implementation in JavaScript", () => {
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 200 }), (values) => {
      const reference = new DDSketch({ relativeAccuracy: SKETCH_ACCURACY });
      for (const value of values) reference.accept(value);
      const sketch = sketchOf(values);
      for (const share of SHARES) {
        // The reference takes a fractional rank; where it falls between two values of different bins it names the upper one.
        if (!Number.isInteger(share * (values.length - 1))) continue;
        const expected = reference.getValueAtQuantile(share);
        expect(quantileOf(sketch, share)).toBeCloseTo(expected, -Math.log10(expected || 1) + 8);
      }
    }),
  );
});

describe("sketches merge", () => {
  test("in any grouping and order, exactly", () => {
    fc.assert(
      fc.property(anySketch, anySketch, anySketch, (a, b, c) => {
        expect(mergeSketches(mergeSketches(a, b), c)).toEqual(
          mergeSketches(a, mergeSketches(b, c)),
        );
        expect(mergeSketches(a, b)).toEqual(mergeSketches(b, a));
        expect(mergeSketches(a, EMPTY_SKETCH)).toEqual(a);
      }),
    );
  });

  test("as if all values had gone into one", () => {
    const values = fc.array(anyValue, { maxLength: 60 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(mergeSketches(sketchOf(a), sketchOf(b))).toEqual(sketchOf([...a, ...b]));
      }),
    );
  });
});

test("survives being stored as JSON", () => {
  fc.assert(
    fc.property(anySketch, (sketch) => {
      expect(JSON.parse(JSON.stringify(sketch))).toEqual(sketch);
    }),
  );
});

test("has no quantiles without values", () => {
  expect(quantileOf(EMPTY_SKETCH, 0.5)).toBeUndefined();
  expect(sketchSize(EMPTY_SKETCH)).toBe(0);
});

test("has a bounded number of bins whatever the values are", () => {
  const sketch = sketchOf([Number.MIN_VALUE, SKETCH_VALUE_MIN, 1, Number.MAX_VALUE]);
  expect(sketch.counts.length).toBeLessThan(2_000);
  expect(sketchSize(sketch)).toBe(4);
});
