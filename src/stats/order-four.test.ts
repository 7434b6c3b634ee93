import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import { equalBets } from "./bet-mixture.ts";
import { logMeanExp } from "./log-sum-exp.ts";
import { kappa, orderFourForm, orderFourLogWealth } from "./order-four.ts";
import { shiftSums, sumsOf } from "./power-sums.ts";

test("the order-4 polynomial never exceeds the logarithm", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 5, noNaN: true }),
      (v, share, reach) => {
        for (const x of [-v, -v * share, reach]) {
          const bound = x - (x * x) / 2 + x ** 3 / 3 - kappa(v) * x ** 4;
          expect(bound).toBeLessThanOrEqual(Math.log1p(x) + 1e-12 * (1 + x ** 4));
        }
      },
    ),
  );
});

test("kappa is the smallest factor: it is reached at x = -v", () => {
  for (const v of [0.1, 0.5, 0.9]) {
    const x = -v;
    expect(x - (x * x) / 2 + x ** 3 / 3 - kappa(v) * x ** 4).toBeCloseTo(Math.log1p(x), 12);
  }
});

test("kappa has no jump where its series takes over", () => {
  expect(kappa(0.02 - 1e-12) / kappa(0.02)).toBeCloseTo(1, 8);
});

test("order-4 wealth never exceeds the wealth of the same bets", () => {
  const stream = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 60 });
  fc.assert(
    fc.property(stream, fc.double({ min: -1, max: 1, noNaN: true }), (values, m) => {
      const bets = [0.02, 0.1, 0.3, 0.45];
      const form = orderFourForm(equalBets(bets), 2);
      for (const side of [1, -1] as const) {
        const exact = bets.map((bet) =>
          values.reduce((sum, x) => sum + Math.log1p(side * bet * (x - m)), 0),
        );
        const shifted = shiftSums(sumsOf(values), m);
        expect(orderFourLogWealth(form, shifted, side)).toBeLessThanOrEqual(
          logMeanExp(exact) + 1e-9,
        );
      }
    }),
  );
});

test("no values leave the wealth at one", () => {
  const form = orderFourForm(equalBets([0.1, 0.2]), 2);
  expect(orderFourLogWealth(form, { s1: 0, s2: 0, s3: 0, s4: 0 }, 1)).toBeCloseTo(0, 14);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("kappa", () => {
    for (const [v, expected] of Object.entries(readFixtures().kap4)) {
      expect(kappa(Number(v))).toBeCloseTo(expected, 11);
    }
  });

  test("log wealth of the two streams at every null and side", () => {
    const fixtures = readFixtures();
    for (const row of fixtures.m4) {
      const sums = sumsOf(fixtures.m4_streams[row.z]);
      expect(sums.s4).toBeCloseTo(row.power_sums[3], 10);
      const form = orderFourForm(equalBets(row.lams), row.c);
      const value = orderFourLogWealth(form, shiftSums(sums, row.m), row.side);
      expect(value).toBeCloseTo(row.logE, 10);
      expect(value).toBeLessThanOrEqual(row.log_bet_exact);
    }
  });
});
