import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { finish } from "../../stats/steps.ts";
import { assert } from "../kernel/assert.ts";
import { EMPTY_CELL, foldOutcome, mergeCells } from "../outcome/cell.ts";
import { outcomeOf } from "../outcome/outcome-fixtures.ts";
import { insightsOf } from "./insight.ts";
import type { MeasuredArm } from "./measured-arm.ts";
import { metricOf } from "./metric.ts";
import { parameterOf } from "./parameter.ts";
import { analyseParameter, rangeAround } from "./parameter-impact.ts";
import { binOfTemperature, temperatureBinSteps } from "./temperature-bins.ts";

const SCOPE = { model: "gpt-4", phase: "execution", dimensions: ["", ""] } as const;

function armOf(temperature: number, scores: Readonly<Record<string, number>>, count: number) {
  let cell = EMPTY_CELL;
  for (let i = 0; i < count; i++) cell = foldOutcome(cell, outcomeOf(`${i}`, { scores }));
  return { settings: { temperature }, cell };
}

function analyse(arms: readonly MeasuredArm[], metricName = "quality") {
  const parameter = parameterOf("temperature");
  const metric = metricOf(metricName);
  assert(parameter && metric, "both are known");
  return analyseParameter(arms, parameter, metric);
}

describe("levels", () => {
  test("are the values of the parameter in ascending order, arms of one value pooled", () => {
    const impact = analyse([
      armOf(0.7, { quality: 60 }, 30),
      armOf(0.2, { quality: 80 }, 20),
      { ...armOf(0.7, { quality: 70 }, 30), settings: { temperature: 0.7, maxTokens: 100 } },
      { ...armOf(0.9, { quality: 10 }, 50), settings: {} },
    ]);
    expect(impact.levels.map(({ value, sampleSize }) => [value, sampleSize])).toEqual([
      [0.2, 20],
      [0.7, 60],
    ]);
    expect(impact.levels.map(({ mean }) => Number(mean.toFixed(9)))).toEqual([80, 65]);
    expect(impact.sampleSize).toBe(80);
  });

  test("of a metric where less is better: the best has the lowest mean", () => {
    const impact = analyse(
      [armOf(0.1, { hallucination: 0.1 }, 400), armOf(1.5, { hallucination: 0.9 }, 400)],
      "hallucination",
    );
    expect(impact.best).toBe(0.1);
    expect(impact.levels.map(({ isOptimal }) => isOptimal)).toEqual([true, false]);
    expect(impact.correlation).toBeGreaterThan(0.9);
    for (const { mean, interval } of impact.levels)
      expect(interval.low <= mean && mean <= interval.high).toBe(true);
  });

  test("answer the same however the outcomes are split over cells and arms", () => {
    const temperatures = fc.constantFrom(0.1, 0.5, 0.9);
    const entries = fc.array(fc.tuple(temperatures, fc.constantFrom(0, 25, 50, 100)), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(entries, (list) => {
        const apart = list.map(([temperature, quality]) => armOf(temperature, { quality }, 1));
        const pooled = [0.1, 0.5, 0.9].map((temperature) => ({
          settings: { temperature },
          cell: apart
            .filter(({ settings }) => settings.temperature === temperature)
            .reduce((cell, arm) => mergeCells(cell, arm.cell), EMPTY_CELL),
        }));
        const view = (arms: readonly MeasuredArm[]) =>
          analyse(arms).levels.map(({ value, sampleSize, mean }) => [
            value,
            sampleSize,
            mean.toFixed(6),
          ]);
        expect(view(apart)).toEqual(view(pooled));
      }),
    );
  });
});

describe("too little data", () => {
  test.each([
    [[], 20],
    [[[0.1, 4]], 16],
    [[[0.1, 500]], 10],
    [
      [
        [0.1, 500],
        [0.7, 9],
      ],
      1,
    ],
  ] as [number[][], number][])("%o: at least %i more are needed", (levels, needed) => {
    const impact = analyse(levels.map(([t = 0, n = 0]) => armOf(t, { quality: 50 }, n)));
    expect(impact.status).toBe("insufficient_data");
    expect(impact.samplesNeeded).toBe(needed);
    expect([impact.best, impact.optimum, impact.isDistinguishable]).toEqual([undefined, [], false]);
    const insights = insightsOf(impact, SCOPE);
    expect(insights.map(({ code }) => code)).toEqual(["INSUFFICIENT_DATA"]);
    expect(insights[0]?.text).toContain(`at least ${needed} more`);
  });
});

describe("what is said", () => {
  const quality = (temperature: number, mean: number) => armOf(temperature, { quality: mean }, 600);

  test("of levels that are alike is that no difference is shown", () => {
    const impact = analyse([quality(0.1, 70), quality(0.7, 70)]);
    expect(impact.isDistinguishable).toBe(false);
    expect(impact.optimum).toEqual([{ low: 0.1, high: 0.7 }]);
    expect(insightsOf(impact, SCOPE).map(({ code }) => code)).toEqual(["NO_DIFFERENCE_SHOWN"]);
  });

  test("of a level that is worse is by how much, within an interval that excludes zero", () => {
    const impact = analyse([quality(0.1, 70), quality(0.7, 70), quality(1.5, 20)]);
    const worse = impact.levels.at(-1);
    expect(worse?.isOptimal).toBe(false);
    expect(worse?.shortfall?.low).toBeGreaterThan(0);
    expect(worse?.shortfall?.low).toBeLessThanOrEqual(50);
    expect(worse?.shortfall?.high).toBeGreaterThanOrEqual(50);
    expect(worse?.exclusionLevel).toBeLessThan(0.05);
    for (const { evidence } of insightsOf(impact, SCOPE)) expect(evidence).toBe("observational");
  });

  test("of a gap in the middle is that the optimum has two parts", () => {
    const impact = analyse([quality(0.1, 70), quality(0.7, 20), quality(1.5, 70)]);
    expect(impact.optimum).toEqual([
      { low: 0.1, high: 0.1 },
      { low: 1.5, high: 1.5 },
    ]);
    expect(rangeAround(impact.optimum, 1)).toEqual({ low: 1.5, high: 1.5 });
    expect(rangeAround(impact.optimum, 0)).toEqual({ low: 0.1, high: 0.1 });
    expect(rangeAround([], 1)).toBeUndefined();
  });
});

describe("B099 the seed's bins", () => {
  test("hold every temperature in exactly one, their gaps closed half-way", () => {
    const ends = [0, 0.3, 0.349, 0.35, 0.4, 0.7, 0.749, 0.75, 0.8, 1, 1.0001, 2];
    expect(ends.map(binOfTemperature)).toEqual([
      "low",
      "low",
      "low",
      "medium",
      "medium",
      "medium",
      "medium",
      "high",
      "high",
      "high",
      "above_one",
      "above_one",
    ]);
  });

  test("are always all four, those without outcomes without a mean", () => {
    const metric = metricOf("quality");
    assert(metric, "quality is known");
    const bins = finish(
      temperatureBinSteps([armOf(0.7, { quality: 60 }, 30)], metric, {
        closedBefore: 0,
        nowHour: 0,
      }),
    );
    expect(bins.map(({ name, sampleSize, mean }) => [name, sampleSize, mean])).toEqual([
      ["low", 0, undefined],
      ["medium", 30, expect.closeTo(60, 9)],
      ["high", 0, undefined],
      ["above_one", 0, undefined],
    ]);
  });
});
