import { describe, expect, test } from "vitest";
import { everWorse, qualityByTemperature } from "../../../test/statistics/scored-worlds.ts";
import { EMPTY_CELL, foldOutcome, mergeCells, scoreChange } from "../outcome/cell.ts";
import type { Outcome } from "../outcome/outcome.ts";
import { outcomeOf } from "../outcome/outcome-fixtures.ts";
import { insightsOf } from "./insight.ts";

const SCOPE = { model: "gemini-ultra", phase: "execution", dimensions: [] } as const;

/** Calls under one temperature. */
function armOf(temperature: number, count: number, over: (index: number) => Partial<Outcome>) {
  let cell = EMPTY_CELL;
  for (let index = 0; index < count; index++)
    cell = foldOutcome(cell, outcomeOf(`${index}`, over(index)));
  return { settings: { temperature }, cell };
}

const failing = (share: number, quality: number) => (index: number) =>
  index % 100 < share ? { status: "timeout" as const } : { scores: { quality } };

test("a failed call without a score has the worst one: settings do not gain by failing", () => {
  const impact = qualityByTemperature([
    armOf(0.7, 500, failing(0, 70)),
    armOf(1.2, 500, failing(70, 85)),
  ]);
  expect(impact.best).toBe(0.7);
  const [good, bad] = impact.levels;
  expect(good).toMatchObject({ sampleSize: 500, isOptimal: true });
  expect(bad).toMatchObject({ sampleSize: 500, isOptimal: false });
  expect(bad?.mean).toBeCloseTo(0.3 * 85, 9);
  expect(bad?.ratedMean).toBeCloseTo(85, 9);
  expect(bad?.unscoredShare).toBe(0);
});

test("a metric that no call carries is not made of failures", () => {
  const arms = [0.2, 0.7].map((t) => armOf(t, 50, () => ({ status: "timeout" })));
  expect(qualityByTemperature(arms)).toMatchObject({ sampleSize: 0, levels: [] });
});

test("a score that comes late for a failed call takes the place of the worst one, exactly", () => {
  const before = armOf(0.7, 100, failing(10, 80));
  const late = scoreChange("quality", { after: 40 }, "failed");
  const cell = mergeCells(before.cell, late);
  const [level] = qualityByTemperature([{ ...before, cell }]).levels;
  expect(level?.sampleSize).toBe(100);
  expect(level?.mean).toBeCloseTo((90 * 80 + 40) / 100, 9);
});

describe("where a part of the successful calls is scored", () => {
  /** Every tenth success has a score. */
  const tenth = (share: number, quality: number) => (index: number) =>
    index % 100 < share
      ? { status: "timeout" as const }
      : index % 10 === 0
        ? { scores: { quality } }
        : {};

  test("failures weigh as successes do: the mean is success times quality, from as many calls as are scored", () => {
    const [level] = qualityByTemperature([armOf(0.7, 2_000, tenth(40, 80))]).levels;
    expect(level?.mean).toBeCloseTo(0.6 * 80, 9);
    expect(level?.unscoredShare).toBeCloseTo(0.9, 9);
    expect(level?.sampleSize).toBe(120 + 800);
    const alone = qualityByTemperature([armOf(0.7, 200, failing(40, 80))]).levels[0];
    expect(level?.interval.low).toBeCloseTo(alone?.interval.low ?? 0, 6);
  });

  test("it is said, with what is assumed", () => {
    const impact = qualityByTemperature([
      armOf(0.2, 1_000, tenth(0, 80)),
      armOf(0.7, 1_000, tenth(0, 80)),
    ]);
    const missing = insightsOf(impact, SCOPE).find(({ code }) => code === "SCORES_MISSING");
    expect(missing?.text).toContain("0.2: 90 %");
    expect(missing?.text).toContain("assumed, not shown");
  });

  test("levels that are scored unlike are compared at the worst of what is not scored", () => {
    const all = armOf(0.2, 1_000, () => ({ scores: { quality: 60 } }));
    const half = armOf(0.7, 1_000, (index) => (index % 2 === 0 ? { scores: { quality: 85 } } : {}));
    const impact = qualityByTemperature([all, half]);
    expect(impact.isWorstCase).toBe(true);
    expect(impact.isDistinguishable).toBe(false);
    expect(insightsOf(impact, SCOPE).map(({ code }) => code)).toContain("SCORES_MISSING");
    // At its worst it is worse still: half of 20.
    const bad = armOf(0.9, 1_000, (index) => (index % 2 === 0 ? { scores: { quality: 2 } } : {}));
    const shown = qualityByTemperature([all, bad]);
    expect(shown.levels.map(({ isOptimal }) => isOptimal)).toStrictEqual([true, false]);
  });
});

describe("simulated, looked at again and again", () => {
  const how = (seed: number) => ({ seed, looks: 6, callsPerLook: 250 });
  const WORLDS = 40;
  const worldsWith = (
    isWrong: (worse: ReadonlySet<number>) => boolean,
    settings: Parameters<typeof everWorse>[0],
  ) =>
    Array.from({ length: WORLDS }, (_, seed) => everWorse(settings, how(seed + 1))).filter(isWrong)
      .length;
  const right = (rate: number) => (random: { uniform: () => number }) =>
    random.uniform() < rate ? 100 : 0;

  test("of settings with the same success times quality none is called worse, however few are scored", () => {
    const wrong = worldsWith(
      ({ size }) => size > 0,
      [
        { temperature: 0.2, success: 1, quality: right(0.6), scored: () => 0.3 },
        { temperature: 0.7, success: 0.75, quality: right(0.8), scored: () => 0.3 },
      ],
    );
    // Binomial(40, .05) exceeds 7 with a chance below .001; measured 0.
    expect(wrong).toBeLessThanOrEqual(3);
  });

  test("an arm that hides its bad answers makes no other one worse", () => {
    const settings = [
      { temperature: 0.2, success: 1, quality: right(0.6), scored: () => 1 },
      {
        temperature: 0.7,
        success: 1,
        quality: right(0.6),
        scored: (quality: number) => (quality === 100 ? 1 : 0.3),
      },
    ];
    expect(worldsWith((worse) => worse.has(0.2), settings)).toBe(0);
  });

  test("a setting that fails is found to be worse with every tenth call scored, although its rated calls are better", () => {
    const found = worldsWith(
      (worse) => worse.has(1.2) && !worse.has(0.7),
      [
        { temperature: 0.7, success: 1, quality: right(0.7), scored: () => 0.1 },
        { temperature: 1.2, success: 0.3, quality: right(0.85), scored: () => 0.1 },
      ],
    );
    expect(found).toBe(WORLDS);
  });
});
