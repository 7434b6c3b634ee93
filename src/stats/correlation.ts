import { assertStatistic } from "./assert.ts";
import { type PowerSums, shiftSums } from "./power-sums.ts";

/** The outcomes y of all observations at one value x of a setting. */
export interface ValueGroup {
  readonly x: number;
  readonly sums: Pick<PowerSums, "n" | "s1" | "s2">;
}

/** Sums of two quantities about their means, with what rounding may leave of those that do not vary. */
interface Spread {
  readonly n: number;
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
  readonly roundingX: number;
  readonly roundingY: number;
}

/** Sums of two quantities over the observations that have both. */
export interface ProductSums {
  readonly n: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
}

/**
 * Pearson's correlation of x and y over all observations, from groups of equal x: exact, since only
 * sums of y and y^2 by x enter it. In -1..1. `undefined` below two observations, or where x or y
 * does not vary. A description of what was seen, not an effect. Errors: throws on an x that is not
 * finite. Source: the definition, with both sums taken about their means.
 */
export function pearsonCorrelation(groups: readonly ValueGroup[]): number | undefined {
  return correlationWithin([groups]);
}

/**
 * The same within strata: both quantities are taken about the means of their stratum, so that what lies between strata does not
 * enter. One stratum: the plain correlation. Source: the pooled within-group correlation of the analysis of covariance.
 */
export function correlationWithin(strata: readonly (readonly ValueGroup[])[]): number | undefined {
  return correlationOf(strata.map(spreadOfGroups));
}

/** The same from sums of products, one per stratum. */
export function productCorrelationWithin(strata: readonly ProductSums[]): number | undefined {
  return correlationOf(
    strata.map(({ n, x, y, xx, yy, xy }): Spread => {
      if (n === 0) return { n, xx: 0, yy: 0, xy: 0, roundingX: 0, roundingY: 0 };
      return {
        n,
        xx: Math.max(0, xx - (x * x) / n),
        yy: Math.max(0, yy - (y * y) / n),
        xy: xy - (x * y) / n,
        roundingX: 1e-12 * xx,
        roundingY: 1e-12 * yy,
      };
    }),
  );
}

/**
 * eta^2: the share of the variance of y that lies between groups without an order, such as models.
 * In 0..1; for two groups the square of the correlation. `undefined` below two observations, or
 * where y does not vary. It is biased upwards by about (groups - 1)/n.
 * Source: Pearson's correlation ratio, between-group over total sum of squares.
 */
export function correlationRatio(
  groups: readonly Pick<PowerSums, "n" | "s1" | "s2">[],
): number | undefined {
  return correlationRatioWithin([groups]);
}

/** The same within strata: both sums of squares about the means of the stratum. */
export function correlationRatioWithin(
  strata: readonly (readonly Pick<PowerSums, "n" | "s1" | "s2">[])[],
): number | undefined {
  let [count, between, total, rounding] = [0, 0, 0, 0];
  for (const groups of strata) {
    const y = spreadOfY(groups);
    count += y.n;
    total += y.squares;
    rounding += y.rounding;
    for (const { n, s1 } of groups) if (n > 0) between += n * (s1 / n - y.mean) ** 2;
  }
  if (count < 2 || total <= rounding) return undefined;
  return clamp(between / total, 0, 1);
}

function correlationOf(spreads: readonly Spread[]): number | undefined {
  let [n, xx, yy, xy, roundingX, roundingY] = [0, 0, 0, 0, 0, 0];
  for (const spread of spreads) {
    n += spread.n;
    xx += spread.xx;
    yy += spread.yy;
    xy += spread.xy;
    roundingX += spread.roundingX;
    roundingY += spread.roundingY;
  }
  if (n < 2 || xx <= roundingX || yy <= roundingY) return undefined;
  return clamp(xy / Math.sqrt(xx * yy), -1, 1);
}

function spreadOfGroups(groups: readonly ValueGroup[]): Spread {
  const y = spreadOfY(groups.map((group) => group.sums));
  let meanX = 0;
  for (const { x, sums } of groups) {
    assertStatistic(Number.isFinite(x), "the value of a group is finite");
    meanX += y.n === 0 ? 0 : (x * sums.n) / y.n;
  }
  let [xx, xy] = [0, 0];
  for (const { x, sums } of groups) {
    xx += sums.n * (x - meanX) ** 2;
    xy += (x - meanX) * (sums.s1 - sums.n * y.mean);
  }
  const roundingX = 1e-14 * y.n * Math.max(1, meanX * meanX);
  return { n: y.n, xx, yy: y.squares, xy, roundingX, roundingY: y.rounding };
}

function spreadOfY(groups: readonly Pick<PowerSums, "n" | "s1" | "s2">[]) {
  let [n, s1, s2] = [0, 0, 0];
  for (const group of groups) {
    n += group.n;
    s1 += group.s1;
    s2 += group.s2;
  }
  if (n === 0) return { n, mean: 0, squares: 0, rounding: 0 };
  const mean = s1 / n;
  const squares = shiftSums({ n, s1, s2, s3: 0, s4: 0 }, mean).s2;
  return { n, mean, squares, rounding: 1e-14 * n * Math.max(1, mean * mean) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
