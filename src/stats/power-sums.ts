import { assertStatistic } from "./assert.ts";

/**
 * The first four power sums of a sample: n, and s_k = sum of x^k. They add, so cells of hours,
 * shards and restarts merge by addition (statistics-review.md, section 8). Units: those of x, to the
 * k-th power. Meant for values of magnitude about 1 (outcomes scaled to 0..1, increments u); the
 * relative rounding error of a sum of n terms is below n * 1.2e-16.
 */
export interface PowerSums {
  readonly n: number;
  readonly s1: number;
  readonly s2: number;
  readonly s3: number;
  readonly s4: number;
}

/** The sums of no values: the identity of `mergeSums`. */
export const EMPTY_SUMS: PowerSums = { n: 0, s1: 0, s2: 0, s3: 0, s4: 0 };

/** The sums with one more value. Errors: throws when the value is not finite. */
export function addValue(sums: PowerSums, value: number): PowerSums {
  assertStatistic(Number.isFinite(value), "a value must be finite");
  const square = value * value;
  return {
    n: sums.n + 1,
    s1: sums.s1 + value,
    s2: sums.s2 + square,
    s3: sums.s3 + square * value,
    s4: sums.s4 + square * square,
  };
}

/** The sums of all given values, added in their order. */
export function sumsOf(values: Iterable<number>): PowerSums {
  let sums = EMPTY_SUMS;
  for (const value of values) sums = addValue(sums, value);
  return sums;
}

/** The sums of both samples together. Associative and commutative up to rounding. */
export function mergeSums(a: PowerSums, b: PowerSums): PowerSums {
  return {
    n: a.n + b.n,
    s1: a.s1 + b.s1,
    s2: a.s2 + b.s2,
    s3: a.s3 + b.s3,
    s4: a.s4 + b.s4,
  };
}

/**
 * The sums of x - m, from binomial expansion: S_k(m) = sum (x - m)^k. Even sums are clamped at 0,
 * which rounding could otherwise cross (statistics-review.md, section 2).
 */
export function shiftSums(sums: PowerSums, m: number): PowerSums {
  const { n, s1, s2, s3, s4 } = sums;
  const m2 = m * m;
  return {
    n,
    s1: s1 - n * m,
    s2: Math.max(0, s2 - 2 * m * s1 + n * m2),
    s3: s3 - 3 * m * s2 + 3 * m2 * s1 - n * m2 * m,
    s4: Math.max(0, s4 - 4 * m * s3 + 6 * m2 * s2 - 4 * m2 * m * s1 + n * m2 * m2),
  };
}

/** The sums of factor * x: a change of the unit, for example 0.01 for scores of 0..100. */
export function scaleSums(sums: PowerSums, factor: number): PowerSums {
  const square = factor * factor;
  return {
    n: sums.n,
    s1: sums.s1 * factor,
    s2: sums.s2 * square,
    s3: sums.s3 * square * factor,
    s4: sums.s4 * square * square,
  };
}

/** The mean; `undefined` for no values. */
export function meanOf(sums: PowerSums): number | undefined {
  return sums.n > 0 ? sums.s1 / sums.n : undefined;
}

/** The variance with divisor n - 1, never negative; `undefined` below two values. */
export function varianceOf(sums: PowerSums): number | undefined {
  if (sums.n < 2) return undefined;
  return shiftSums(sums, sums.s1 / sums.n).s2 / (sums.n - 1);
}
