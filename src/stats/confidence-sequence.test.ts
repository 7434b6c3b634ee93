import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import { plannedIncrements } from "../../test/statistics/streams.ts";
import { designedBets, equalBets } from "./bet-mixture.ts";
import { incrementInterval, meanInterval } from "./confidence-sequence.ts";
import { NO_INCREMENTS } from "./increment-sums.ts";
import { orderFourForm, orderFourLogWealth } from "./order-four.ts";
import { addValue, EMPTY_SUMS, type PowerSums, shiftSums, sumsOf } from "./power-sums.ts";

const DESIGN = {
  alpha: 0.05,
  bound: 2,
  maxWeight: 1,
  mixture: designedBets({ effect: 0.05, variance: 0.96, cap: 10 }),
};

function ones(n: number, mean: number): PowerSums {
  const s = n * mean;
  return { n, s1: s, s2: s, s3: s, s4: s };
}

test("no outcomes: the whole range; one outcome: very nearly the whole range", () => {
  expect(meanInterval(EMPTY_SUMS, { alpha: 0.05 })).toEqual({ low: 0, high: 1 });
  const one = meanInterval(sumsOf([1]), { alpha: 0.05 });
  expect(one.low).toBe(0);
  expect(one.high).toBe(1);
  expect(incrementInterval(NO_INCREMENTS, DESIGN)).toEqual({ low: -1, high: 1 });
  expect(incrementInterval(plannedIncrements(sumsOf([1])), DESIGN)).toEqual({ low: -1, high: 1 });
});

test("outcomes that are all alike give a finite interval that narrows with n", () => {
  const all = meanInterval(ones(1000, 1), { alpha: 0.05 });
  expect(all.high).toBe(1);
  expect(all.low).toBeGreaterThan(0.98);
  expect(all.low).toBeLessThan(1);
});

test("outcomes outside 0..1, and a level that is none, are refused", () => {
  expect(() => meanInterval(sumsOf([80, 90]), { alpha: 0.05 })).toThrow(RangeError);
  expect(() => meanInterval(sumsOf([0.5]), { alpha: 0 })).toThrow(RangeError);
  const heavy = { ...plannedIncrements(sumsOf([0])), w: 2 };
  expect(() => incrementInterval(heavy, DESIGN)).toThrow(RangeError);
});

test("the interval holds the mean, and a smaller alpha gives a wider one", () => {
  const outcomes = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(outcomes, (values) => {
      const sums = sumsOf(values);
      const mean = sums.s1 / sums.n;
      const wide = meanInterval(sums, { alpha: 0.01 });
      const narrow = meanInterval(sums, { alpha: 0.1 });
      expect(narrow.low).toBeLessThanOrEqual(mean + 1e-12);
      expect(narrow.high).toBeGreaterThanOrEqual(mean - 1e-12);
      expect(wide.low).toBeLessThanOrEqual(narrow.low);
      expect(wide.high).toBeGreaterThanOrEqual(narrow.high);
    }),
  );
});

test("half widths are as documented, against the fixed 95 % interval", () => {
  for (const [n, most] of [
    [100, 1.7],
    [1_000, 1.8],
    [10_000, 1.85],
    [1_000_000, 1.95],
  ] as const) {
    const { low, high } = meanInterval(ones(n, 0.6), { alpha: 0.05 });
    expect((high - low) / 2 / (1.96 * Math.sqrt(0.24 / n))).toBeLessThan(most);
  }
});

test("looking after every outcome misses the mean in at most 5 % of streams", () => {
  const random = seededRandom(11);
  const mean = 0.9;
  let missed = 0;
  const streams = 300;
  for (let stream = 0; stream < streams; stream++) {
    let sums = EMPTY_SUMS;
    let ever = false;
    for (let n = 1; n <= 1_000 && !ever; n++) {
      sums = addValue(sums, random.bernoulli(mean));
      if (n % 20 === 0) {
        const { low, high } = meanInterval(sums, { alpha: 0.05 });
        ever = low > mean || high < mean;
      }
    }
    if (ever) missed++;
  }
  expect(missed / streams).toBeLessThanOrEqual(0.05);
});

/** The stream of the review for which the first form of the inversion was not an interval. */
const NOT_AN_INTERVAL = { n: 200, s1: 93.4, s2: 506, s3: 315.574, s4: 1824.5 };

function crossings(bets: readonly number[], boundAt: (m: number) => number): number {
  let count = 0;
  let before: boolean | undefined;
  for (let m = -1; m <= NOT_AN_INTERVAL.s1 / NOT_AN_INTERVAL.n; m += 0.0005) {
    const bound = boundAt(m);
    const form = orderFourForm(equalBets(bets.map((bet) => Math.min(bet, 0.9 / bound))), bound);
    const inside = orderFourLogWealth(form, shiftSums(NOT_AN_INTERVAL, m), 1) < Math.log(40);
    if (before !== undefined && inside !== before) count++;
    before = inside;
  }
  return count;
}

test("the set is an interval with a constant bound and bets capped at .68, and was not without", () => {
  const designed = designedBets({ effect: 0.05, variance: 0.04, cap: 100 }).bets;
  const bound = 2;
  expect(crossings(designed, (m) => bound + Math.abs(m))).toBeGreaterThan(1);
  const capped = designed.map((bet) => Math.min(bet, 0.68 / (bound + 1)));
  expect(crossings(capped, () => bound + 1)).toBe(1);
});

test("with w above 1 the bound needs C + w, or the wealth is no lower bound", () => {
  const [h, pi, m, c] = [0.09, 0.5, 0.7697, 0];
  const w = (pi * (1 - pi)) / h;
  const u = (-pi * (1 - c)) / h;
  const x = u - m * w;
  const declared = Math.max(pi, 1 - pi) / h;
  const unprotected = 0.9 / (declared + Math.abs(m));
  expect(1 + unprotected * x).toBeLessThan(0);
  const bet = 0.9 / (declared + w);
  expect(1 + bet * x).toBeGreaterThan(0);
  const form = orderFourForm(equalBets([bet]), declared + w);
  expect(orderFourLogWealth(form, sumsOf([x]), 1)).toBeLessThanOrEqual(Math.log1p(bet * x) + 1e-12);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("the reviewed interval of n = 1000", () => {
    const { cs_m4: row } = readFixtures();
    const [s1, s2, s3, s4] = row.S;
    const sums = plannedIncrements({ n: row.n, s1, s2, s3, s4 });
    const { low, high } = incrementInterval(sums, {
      alpha: row.alpha,
      bound: row.C0,
      maxWeight: row.w_max,
      mixture: equalBets(row.lam),
    });
    expect(low).toBeCloseTo(row.cs_reviewed[0], 7);
    expect(high).toBeCloseTo(row.cs_reviewed[1], 7);
  });

  test("the interval of 700 of 1000 overlaps the published Bernoulli sequence", () => {
    const published = readFixtures().confseq_ref.bernoulli_ci_700_1000_05_100;
    const { low, high } = meanInterval(ones(1000, 0.7), { alpha: 0.05 });
    expect(Math.abs(low - published[0])).toBeLessThan(0.01);
    expect(Math.abs(high - published[1])).toBeLessThan(0.01);
  });
});
