import { assertStatistic } from "./assert.ts";
import { type PowerSums, shiftSums } from "./power-sums.ts";

/** The outcomes y of all observations at one value x of a setting. */
export interface ValueGroup {
  readonly x: number;
  readonly sums: Pick<PowerSums, "n" | "s1" | "s2">;
}

/**
 * Pearson's correlation of x and y over all observations, from groups of equal x: exact, since only
 * sums of y and y^2 by x enter it. In -1..1. `undefined` below two observations, or where x or y
 * does not vary. A description of what was seen, not an effect. Errors: throws on an x that is not
 * finite. Source: the definition, with both sums taken about their means.
 */
export function pearsonCorrelation(groups: readonly ValueGroup[]): number | undefined {
  const spread = spreadOf(groups.map((group) => group.sums));
  if (spread === undefined) return undefined;
  let meanX = 0;
  for (const { x, sums } of groups) {
    assertStatistic(Number.isFinite(x), "the value of a group is finite");
    meanX += (x * sums.n) / spread.n;
  }
  let squaresX = 0;
  let products = 0;
  for (const { x, sums } of groups) {
    squaresX += sums.n * (x - meanX) ** 2;
    products += (x - meanX) * (sums.s1 - sums.n * spread.mean);
  }
  if (squaresX <= spread.rounding * Math.max(1, meanX * meanX)) return undefined;
  return clamp(products / Math.sqrt(squaresX * spread.squares), -1, 1);
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
  const spread = spreadOf(groups);
  if (spread === undefined) return undefined;
  let between = 0;
  for (const { n, s1 } of groups) if (n > 0) between += n * (s1 / n - spread.mean) ** 2;
  return clamp(between / spread.squares, 0, 1);
}

function spreadOf(groups: readonly Pick<PowerSums, "n" | "s1" | "s2">[]) {
  let [n, s1, s2] = [0, 0, 0];
  for (const group of groups) {
    n += group.n;
    s1 += group.s1;
    s2 += group.s2;
  }
  if (n < 2) return undefined;
  const mean = s1 / n;
  const squares = shiftSums({ n, s1, s2, s3: 0, s4: 0 }, mean).s2;
  const rounding = 1e-14 * n;
  if (squares <= rounding * Math.max(1, mean * mean)) return undefined;
  return { n, mean, squares, rounding };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
