import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import {
  bernoulliKind,
  binomialBound,
  designFor,
  type OutcomeKind,
  runStream,
  scoreKind,
} from "../../test/statistics/streams.ts";
import { fixedSampleSize, smallestDetectableEffect, unitsNeeded } from "./forecast.ts";
import { normalQuantile } from "./special.ts";

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

/** Whether of so many times the q-quantile may be within 20 % of a number of units, by two standard deviations. */
function isWithinFifth(times: readonly number[], units: number, q: number): boolean {
  const count = times.length;
  const by = (limit: number) => times.filter((time) => time <= limit).length;
  return (
    by(0.8 * units) <= binomialBound(count, q) &&
    count - by(1.2 * units) <= binomialBound(count, 1 - q)
  );
}

test("half and four fifths of simulated streams have decided by the forecast; by the fixed sample size they have not", () => {
  const cases: readonly (readonly [OutcomeKind, number, number])[] = [
    [bernoulliKind(0.6), 0.1, 0.05],
    [bernoulliKind(0.6), 0.1, 0.001],
    [scoreKind, 0.05, 0.05],
    [bernoulliKind(0.95), -0.1, 0.05],
  ];
  for (const [k, [kind, shift, alpha]] of cases.entries()) {
    const random = seededRandom(71 + k);
    const design = designFor(kind);
    const shifted = kind.momentsAt(shift);
    const effect = Math.abs(shifted.mean - kind.mean);
    const incrementVariance = 2 * (kind.variance + shifted.variance);
    const { bets } = design.tests.superiority;
    const forecast = (chance: number) => {
      const question = { ...QUESTION, incrementVariance, alpha, chance, effect, bets };
      const needed = unitsNeeded(question);
      return needed.kind === "units" ? needed.units : Number.NaN;
    };
    const limit = Math.ceil(1.5 * forecast(0.8));
    const run = { units: limit, effect: shift, alpha, stopAtDecision: true };
    const times = Array.from(
      { length: 150 },
      () => runStream(kind, design, random, run).decidedAfter ?? Number.POSITIVE_INFINITY,
    );
    for (const chance of [0.5, 0.8])
      expect(isWithinFifth(times, forecast(chance), chance), `${kind.name} ${chance}`).toBe(true);
    const z = normalQuantile(1 - alpha / 2) + normalQuantile(0.8);
    const fixed = (incrementVariance * z * z) / effect ** 2;
    expect(isWithinFifth(times, fixed, 0.8), `${kind.name}, fixed`).toBe(false);
  }
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
