import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/statistics/random.ts";
import { addValue, EMPTY_SUMS, type PowerSums, varianceOf } from "../../stats/power-sums.ts";
import { EMPTY_CELL } from "../outcome/cell.ts";
import type { MeasuredArm } from "./measured-arm.ts";
import { metricOf } from "./metric.ts";
import { parameterOf } from "./parameter.ts";
import { analyseParameter } from "./parameter-impact.ts";
import { smoothedOptimum } from "./smoothed-optimum.ts";

const [temperature, success] = [parameterOf("temperature"), metricOf("success")];
if (!temperature || !success) throw new Error("temperature and success are known");

type Curve = readonly (readonly [temperature: number, rate: number, calls: number])[];

/** The analysis of calls that succeed at a rate by temperature. */
function analysed(curve: Curve, seed = 1) {
  if (!temperature || !success) throw new Error("temperature and success are known");
  const random = seededRandom(seed);
  let all: PowerSums = EMPTY_SUMS;
  const arms = curve.map(([level, rate, calls]): MeasuredArm => {
    let sums = EMPTY_SUMS;
    for (let i = 0; i < calls; i++) {
      const value = random.bernoulli(rate);
      sums = addValue(sums, value);
      all = addValue(all, value);
    }
    const cell = { ...EMPTY_CELL, bounded: { success: sums }, statuses: { ok: sums.s1 } };
    return { settings: { temperature: level }, cell };
  });
  const impact = analyseParameter(arms, temperature, success);
  return { impact, optimum: smoothedOptimum(impact, varianceOf(all)) };
}

describe("the smoothed optimum", () => {
  test("of a plateau with a cliff lies on the plateau, within what the evidence leaves open", () => {
    const plateau = [0, 0.3, 0.6, 0.9].map((level) => [level, 0.8, 300] as const);
    const { impact, optimum } = analysed([...plateau, [1.2, 0.7, 300], [1.5, 0.2, 300]]);
    expect(optimum?.point).toBeLessThanOrEqual(0.9);
    expect(optimum?.range.high).toBeLessThanOrEqual(1.2);
    expect(impact.optimum.some(({ low, high }) => isWithin(optimum?.range, { low, high }))).toBe(
      true,
    );
  });

  test("does not follow one lucky level with few calls", () => {
    const curve: Curve = [
      [0.2, 0.8, 500],
      [0.4, 0.8, 500],
      [0.6, 1, 12],
      [0.8, 0.5, 500],
    ];
    const { impact, optimum } = analysed(curve);
    // The level with the best mean is the lucky one, and it cannot be shown to be worse.
    expect(impact.best).toBe(0.6);
    expect(impact.levels.find(({ value }) => value === 0.6)?.isOptimal).toBe(true);
    expect(optimum?.point).toBeLessThan(0.6);
  });

  test("never chooses a level that is shown to be worse, whatever its neighbours say", () => {
    for (let seed = 0; seed < 20; seed++) {
      const curve = [0, 0.4, 0.8, 1.2].map(
        (level, index) => [level, index % 2 === 0 ? 0.4 : 0.8, 400] as const,
      );
      const { impact, optimum } = analysed(curve, seed);
      const chosen = impact.levels.find(({ value }) => value === optimum?.point);
      expect(chosen?.isOptimal).toBe(true);
      for (const { value, isOptimal } of impact.levels) {
        const inside = optimum && value >= optimum.range.low && value <= optimum.range.high;
        if (inside) expect(isOptimal).toBe(true);
      }
    }
  });

  test("is nearer to the truth than the best mean, where levels are many and calls few", () => {
    // A plateau of one half up to 1.0 that falls off.
    const rate = (level: number) => (level <= 1 ? 0.8 : 0.8 - (level - 1));
    const levels = Array.from({ length: 15 }, (_, i) => i / 10);
    let [smoothed, plain] = [0, 0];
    for (let seed = 0; seed < 60; seed++) {
      const curve = levels.map((level) => [level, rate(level), 20] as const);
      const { impact, optimum } = analysed(curve, seed);
      if (rate(optimum?.point ?? 2) >= 0.785) smoothed += 1;
      if (rate(impact.best ?? 2) >= 0.785) plain += 1;
    }
    expect(smoothed).toBeGreaterThan(plain);
  });

  test("is not told without enough data", () => {
    const curve: Curve = [
      [0.1, 0.8, 5],
      [0.5, 0.8, 500],
    ];
    expect(analysed(curve).optimum).toBeUndefined();
  });
});

function isWithin(
  inner: { readonly low: number; readonly high: number } | undefined,
  outer: { readonly low: number; readonly high: number },
): boolean {
  return inner !== undefined && inner.low >= outer.low && inner.high <= outer.high;
}
