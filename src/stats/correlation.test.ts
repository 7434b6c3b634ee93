import fc from "fast-check";
import { expect, test } from "vitest";
import {
  correlationRatio,
  correlationRatioWithin,
  correlationWithin,
  pearsonCorrelation,
  productCorrelationWithin,
} from "./correlation.ts";
import { EMPTY_SUMS, mergeSums, sumsOf } from "./power-sums.ts";

function direct(pairs: readonly (readonly [number, number])[]): number {
  const n = pairs.length;
  const mx = pairs.reduce((sum, [x]) => sum + x, 0) / n;
  const my = pairs.reduce((sum, [, y]) => sum + y, 0) / n;
  let [xx, yy, xy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xx += (x - mx) ** 2;
    yy += (y - my) ** 2;
    xy += (x - mx) * (y - my);
  }
  return xy / Math.sqrt(xx * yy);
}

test("grouped sums give the correlation of the single observations", () => {
  const group = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.array(group, { minLength: 2, maxLength: 6 }), (groups) => {
      const pairs = groups.flatMap((ys, i) => ys.map((y) => [i * 0.1, y] as const));
      const value = pearsonCorrelation(groups.map((ys, i) => ({ x: i * 0.1, sums: sumsOf(ys) })));
      const expected = direct(pairs);
      if (value === undefined)
        expect(Math.abs(Math.max(...groups.flat()) - Math.min(...groups.flat()))).toBeLessThan(
          1e-5,
        );
      else expect(value).toBeCloseTo(expected, 5);
    }),
  );
});

test("eta squared of two groups is the square of their correlation", () => {
  const [a, b] = [sumsOf([0.1, 0.4, 0.35]), sumsOf([0.8, 0.5])];
  const r = pearsonCorrelation([
    { x: 0, sums: a },
    { x: 1, sums: b },
  ]);
  expect(correlationRatio([a, b])).toBeCloseTo((r ?? 0) ** 2, 12);
});

test("the ends: groups that explain everything, and groups that explain nothing", () => {
  expect(correlationRatio([sumsOf([0, 0]), sumsOf([1, 1]), sumsOf([0.5])])).toBeCloseTo(1, 12);
  expect(correlationRatio([sumsOf([0, 1]), sumsOf([0, 1])])).toBeCloseTo(0, 12);
});

test("without observations or without variation there is no correlation", () => {
  expect(pearsonCorrelation([])).toBeUndefined();
  expect(correlationRatio([EMPTY_SUMS])).toBeUndefined();
  expect(correlationRatio([sumsOf([0.3])])).toBeUndefined();
  expect(pearsonCorrelation([{ x: 0.7, sums: sumsOf([0.1, 0.9]) }])).toBeUndefined();
  const constant = mergeSums(sumsOf([0.3]), sumsOf([0.3]));
  expect(
    pearsonCorrelation([
      { x: 0, sums: constant },
      { x: 1, sums: constant },
    ]),
  ).toBeUndefined();
});

test("within strata the sign is that of the strata, where the whole says the opposite", () => {
  // In each stratum y falls with x; the stratum with the larger x has the larger y.
  const low = [
    { x: 0.1, sums: sumsOf([0.4, 0.4]) },
    { x: 0.2, sums: sumsOf([0.3, 0.3]) },
  ];
  const high = [
    { x: 0.8, sums: sumsOf([0.9, 0.9]) },
    { x: 0.9, sums: sumsOf([0.8, 0.8]) },
  ];
  expect(pearsonCorrelation([...low, ...high])).toBeGreaterThan(0.9);
  expect(correlationWithin([low, high])).toBeCloseTo(-1, 9);
  const pairs = (groups: typeof low) => {
    const sums = { n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 };
    for (const { x, sums: y } of groups) {
      sums.n += y.n;
      sums.x += x * y.n;
      sums.xx += x * x * y.n;
      sums.y += y.s1;
      sums.yy += y.s2;
      sums.xy += x * y.s1;
    }
    return sums;
  };
  expect(productCorrelationWithin([pairs(low), pairs(high)])).toBeCloseTo(-1, 9);
  expect(productCorrelationWithin([pairs([...low, ...high])])).toBeCloseTo(
    pearsonCorrelation([...low, ...high]) ?? 0,
    9,
  );
  const ys = (groups: typeof low) => groups.map(({ sums }) => sums);
  expect(correlationRatioWithin([ys(low), ys(high)])).toBeCloseTo(1, 9);
  expect(correlationWithin([])).toBeUndefined();
  expect(correlationRatioWithin([])).toBeUndefined();
  expect(productCorrelationWithin([])).toBeUndefined();
});
