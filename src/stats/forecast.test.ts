import { describe, expect, test } from "vitest";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import { fixedSampleSize, smallestDetectableEffect, unitsNeeded } from "./forecast.ts";

const QUESTION = {
  incrementVariance: 1,
  alpha: 0.05,
  sides: 2,
  chance: 0.8,
  designedEffect: 0.05,
} as const;

test("outside a quarter to four times the designed effect there is no number", () => {
  expect(unitsNeeded({ ...QUESTION, effect: 0.012 })).toEqual({
    kind: "effect_too_small",
    smallestEffect: 0.0125,
  });
  expect(unitsNeeded({ ...QUESTION, effect: 0.21 })).toEqual({
    kind: "effect_beyond_design",
    largestEffect: 0.2,
  });
  expect(unitsNeeded({ ...QUESTION, effect: 0.0125 }).kind).toBe("units");
  expect(unitsNeeded({ ...QUESTION, effect: 0.2 }).kind).toBe("units");
});

test("the detectable effect of the units needed is the effect", () => {
  const needed = unitsNeeded({ ...QUESTION, effect: 0.04 });
  if (needed.kind !== "units") throw new RangeError("a forecast");
  expect(smallestDetectableEffect({ ...QUESTION, units: needed.units })).toBeCloseTo(0.04, 12);
});

test("no units show nothing, and no number of units shows less than the bets can", () => {
  expect(smallestDetectableEffect({ ...QUESTION, units: 0 })).toBe(Number.POSITIVE_INFINITY);
  expect(smallestDetectableEffect({ ...QUESTION, units: 1e12 })).toBe(0.0125);
});

test("bets cut to one size decide sooner, a cap below the best bet later, free bets as stated", () => {
  const units = (bets?: readonly number[]) => {
    const found = unitsNeeded({ ...QUESTION, effect: 0.05, ...(bets ? { bets } : {}) });
    return found.kind === "units" ? found.units : 0;
  };
  const free = [0.0125, 0.025, 0.05, 0.1, 0.2];
  expect(units(free)).toBeCloseTo(units(), 9);
  expect(units([0.0125, 0.025, 0.05, 0.05, 0.05])).toBeLessThan(units());
  expect(units([0.0125, 0.0125, 0.0125, 0.0125, 0.0125])).toBeGreaterThan(units());
});

test("an effect of zero is refused", () => {
  expect(() => unitsNeeded({ ...QUESTION, effect: 0 })).toThrow(RangeError);
});

test("the fixed sample size of R's power.prop.test", () => {
  const size = fixedSampleSize({ p0: 0.5, p1: 0.75, alpha: 0.05, power: 0.9 });
  expect(size).toBeCloseTo(76.70692845, 6);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("time to answer at ratio 400", () => {
    const row = readFixtures().time_to_answer;
    for (const [alpha, table] of [
      [0.05, row.two_sided_05],
      [0.001, row.two_sided_001],
    ] as const) {
      for (const [chance, expected] of Object.entries(table)) {
        const needed = unitsNeeded({
          ...QUESTION,
          alpha,
          chance: Number(chance),
          effect: 0.05,
          incrementVariance: row.ratio * 0.05 ** 2,
        });
        expect(needed.kind === "units" ? needed.units : 0).toBeCloseTo(expected, 6);
      }
    }
  });
});
