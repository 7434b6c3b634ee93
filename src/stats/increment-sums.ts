import { assertStatistic } from "./assert.ts";
import type { PowerSums } from "./power-sums.ts";

/**
 * Sums over units of the monomials of an increment u and its weight w up to degree four; a field is
 * named by its monomial, `uuw` is sum of u u w. Fifteen numbers, however often the allocation moved
 * (the mixed sums of statistics.md 1.3), from which the power sums of u - m w follow for every m.
 * They add, so shards merge by addition.
 */
export interface IncrementSums {
  readonly n: number;
  readonly u: number;
  readonly w: number;
  readonly uu: number;
  readonly uw: number;
  readonly ww: number;
  readonly uuu: number;
  readonly uuw: number;
  readonly uww: number;
  readonly www: number;
  readonly uuuu: number;
  readonly uuuw: number;
  readonly uuww: number;
  readonly uwww: number;
  readonly wwww: number;
}

/** The sums of no units: the identity of `mergeIncrements`. */
export const NO_INCREMENTS: IncrementSums = {
  n: 0,
  u: 0,
  w: 0,
  uu: 0,
  uw: 0,
  ww: 0,
  uuu: 0,
  uuw: 0,
  uww: 0,
  www: 0,
  uuuu: 0,
  uuuw: 0,
  uuww: 0,
  uwww: 0,
  wwww: 0,
};

/** The sums with one more unit. Errors: throws when a value is not finite. */
export function addIncrement(sums: IncrementSums, u: number, w: number): IncrementSums {
  assertStatistic(Number.isFinite(u) && Number.isFinite(w), "an increment must be finite");
  const [uu, uw, ww] = [u * u, u * w, w * w];
  return {
    n: sums.n + 1,
    u: sums.u + u,
    w: sums.w + w,
    uu: sums.uu + uu,
    uw: sums.uw + uw,
    ww: sums.ww + ww,
    uuu: sums.uuu + uu * u,
    uuw: sums.uuw + uu * w,
    uww: sums.uww + u * ww,
    www: sums.www + ww * w,
    uuuu: sums.uuuu + uu * uu,
    uuuw: sums.uuuw + uu * uw,
    uuww: sums.uuww + uu * ww,
    uwww: sums.uwww + uw * ww,
    wwww: sums.wwww + ww * ww,
  };
}

/** The sums of both sets of units together. Associative and commutative up to rounding. */
export function mergeIncrements(a: IncrementSums, b: IncrementSums): IncrementSums {
  return {
    n: a.n + b.n,
    u: a.u + b.u,
    w: a.w + b.w,
    uu: a.uu + b.uu,
    uw: a.uw + b.uw,
    ww: a.ww + b.ww,
    uuu: a.uuu + b.uuu,
    uuw: a.uuw + b.uuw,
    uww: a.uww + b.uww,
    www: a.www + b.www,
    uuuu: a.uuuu + b.uuuu,
    uuuw: a.uuuw + b.uuuw,
    uuww: a.uuww + b.uuww,
    uwww: a.uwww + b.uwww,
    wwww: a.wwww + b.wwww,
  };
}

/**
 * The power sums of u - m w, from binomial expansion. Even sums are clamped at 0, which rounding could
 * otherwise cross (statistics-review.md, section 2).
 */
export function shiftIncrements(sums: IncrementSums, m: number): PowerSums {
  const m2 = m * m;
  const { uuww } = sums;
  return {
    n: sums.n,
    s1: sums.u - m * sums.w,
    s2: Math.max(0, sums.uu - 2 * m * sums.uw + m2 * sums.ww),
    s3: sums.uuu - 3 * m * sums.uuw + 3 * m2 * sums.uww - m2 * m * sums.www,
    s4: Math.max(
      0,
      sums.uuuu - 4 * m * sums.uuuw + 6 * m2 * uuww - 4 * m2 * m * sums.uwww + m2 * m2 * sums.wwww,
    ),
  };
}
