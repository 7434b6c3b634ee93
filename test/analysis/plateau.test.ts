import { expect, test } from "vitest";
import { settingsInsights } from "../../src/domain/analysis/answer-insights.ts";
import { metricOf } from "../../src/domain/analysis/metric.ts";
import { optimalSettingsSteps } from "../../src/domain/analysis/optimal-settings.ts";
import { findConfigDrift, isDrift } from "../../src/domain/drift/config-drift.ts";
import { addValue, EMPTY_SUMS, type PowerSums } from "../../src/stats/power-sums.ts";
import { finish } from "../../src/stats/steps.ts";
import { cliffWorld, driftAt } from "../statistics/plateau-worlds.ts";
import { impactOf, temperatureArms } from "../statistics/product-orders.ts";
import { hasSharedData, readReplay, type TemperatureRow } from "../statistics/shared-data.ts";

test("a good level that is served next to a cliff never drifts, and the cliff does", () => {
  const how = { looks: 8, outcomesPerLook: 60 };
  const worlds = Array.from({ length: 20 }, (_, seed) => cliffWorld(seed + 1, how));
  expect(worlds.some(({ isPlateauDrift }) => isPlateauDrift)).toBe(false);
  expect(worlds.every(({ isCliffDrift }) => isCliffDrift)).toBe(true);
  // In a sixth of the worlds the last good level looks worse at some look: that is not evidence.
  expect(worlds.filter(({ isEverInDoubt }) => isEverInDoubt).length).toBeGreaterThan(3);
});

function recordedLevels(): ReadonlyMap<number, PowerSums> {
  const levels = new Map<number, PowerSums>();
  for (const { settings, scores } of readReplay<TemperatureRow>(
    "temperature-gpt-3.5-turbo.ndjson.gz",
  )) {
    const sums = levels.get(settings.temperature) ?? EMPTY_SUMS;
    levels.set(settings.temperature, addValue(sums, scores.quality / 100));
  }
  return levels;
}

test.skipIf(!hasSharedData)(
  "settings that differ in temperature only stand as its levels do, and what is not shown is no equality",
  () => {
    const levels = recordedLevels();
    const metric = metricOf("quality");
    if (!metric) throw new Error("quality is known");
    const found = finish(
      optimalSettingsSteps(temperatureArms(levels), {
        ...{ metric, minSamples: 10, served: { temperature: 0.7 } },
        time: { closedBefore: 0, nowHour: 0, isDetailed: true },
      }),
    );
    const standing = new Map(
      found.options.map(({ settings, isOptimal }) => [settings.temperature, isOptimal]),
    );
    for (const { value, isOptimal } of impactOf(levels).levels)
      expect(standing.get(value)).toBe(isOptimal);
    expect(standing.get(1.4)).toBeUndefined();
    const scope = { model: "gpt-3.5-turbo", phase: "execution", dimensions: [] } as const;
    const [alike] = settingsInsights(found, scope).filter(
      ({ code }) => code === "NO_DIFFERENCE_SHOWN",
    );
    expect(alike?.text).toMatch(/^14 distinct settings are not shown to differ in quality/);
    expect(alike?.text).toMatch(/by up to \d+\.\d points; 3 others/);
  },
);

test.skipIf(!hasSharedData)(
  "of the recorded collapse 1.5 and 1.6 are shown alone, 1.4 is in doubt: serving it is no drift",
  () => {
    const impact = impactOf(recordedLevels());
    const standing = impact.levels.flatMap(({ value, isOptimal, isInDoubt }) =>
      isOptimal === true ? [] : [[value, isOptimal, isInDoubt]],
    );
    expect(standing).toStrictEqual([
      [1.4, undefined, true],
      [1.5, false, false],
      [1.6, false, false],
    ]);
    const scope = { model: "gpt-3.5-turbo", phase: "execution", dimensions: [] } as const;
    const at = (served: number) => {
      const found = findConfigDrift(scope, served, impact, 0.1);
      return isDrift(found) ? found.magnitude : found.reason;
    };
    expect(at(1.5)).toBe(0.2);
    expect(at(1.6)).toBe(0.3);
    expect(at(1.45)).toBe(0.15);
    expect(at(1.4)).toContain("in doubt");
    expect(at(1.35)).toContain("in doubt");
    expect(driftAt(impact, 0.7)).toBe(false);
  },
);
