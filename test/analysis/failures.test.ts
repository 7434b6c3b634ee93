import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Settings } from "../../src/domain/config/settings.ts";
import type { Outcome } from "../../src/domain/outcome/outcome.ts";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { type AnalysisWorld, HOUR_MS, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

const MODEL = "gemini-ultra";
const SCOPE = { model: MODEL, phase: Phase.EXECUTION };

let world: AnalysisWorld;

beforeEach(async () => {
  world = await openAnalysisWorld();
});

afterEach(async () => {
  await world.loop.stop();
  await world.engine.close();
});

function calls(settings: Settings, count: number, over: (index: number) => Partial<Outcome>) {
  const startMs = world.platform.clock.ms - 48 * HOUR_MS;
  return Array.from({ length: count }, (_, index) =>
    reported(
      `${JSON.stringify(settings)}-${index}`,
      { model: MODEL, settings },
      { occurredAtMs: startMs + (Math.floor(index / 20) % 40) * HOUR_MS, ...over(index) },
    ),
  );
}

async function serve(temperature: number): Promise<void> {
  const config = { modelName: MODEL, phases: { execution: { temperature } } };
  await world.engine.commit(
    putModelConfig(config, { etag: "", reason: "trial", changedBy: "test" }),
  );
}

describe("a setting that fails in seven of ten calls, unscored, with the rest better than its rival", () => {
  beforeEach(async () => {
    await world.report([
      ...calls({ temperature: 0.7 }, 600, (index) => ({
        scores: { quality: 60 + (index % 21) },
        costNanoUsd: 2_000_000,
      })),
      ...calls({ temperature: 1.2 }, 600, (index) => ({
        ...(index % 10 < 7
          ? { status: "model_error" as const }
          : { scores: { quality: 75 + (index % 21) } }),
        costNanoUsd: 1_000_000,
      })),
    ]);
  });

  test("is not the best temperature, and the means among rated calls stand beside", async () => {
    const found = await world.service.findOptimalTemperature(SCOPE);
    expect(found.optimalTemperature).toBe(0.7);
    const [good, bad] = found.groups;
    expect([good?.optimal, bad?.optimal]).toStrictEqual([true, false]);
    expect(bad?.mean).toBeLessThan(30);
    expect(bad?.ratedMean).toBeGreaterThan(80);
    expect(bad?.differenceHigh).toBeLessThan(0);
    const settings = await world.service.getOptimalSettings(SCOPE);
    expect(settings.settings?.temperature).toBe(0.7);
    const { models } = await world.service.compareModels({ phase: Phase.EXECUTION });
    const [metrics] = models.map((model) => model.metrics);
    // 70, and a rated mean of 85 in three of ten calls, of half of the calls each.
    expect(metrics?.avgQuality).toBeCloseTo((70 + 0.3 * 85) / 2, 0);
    expect(metrics?.ratedQuality).toBeCloseTo((70 + 0.3 * 85) / 1.3, 0);
    expect(metrics?.intervals["quality"]?.high).toBeLessThan(60);
    const { correlations } = await world.service.getImpactMetrics(SCOPE);
    expect(correlations[0]?.value).toBeLessThan(0);
  });

  test("is no ground for a drift or a proposal against the good one, and drifts itself when it is served", async () => {
    await serve(0.7);
    await world.loop.runNow();
    expect((await world.service.detectDrift(SCOPE)).drifts).toStrictEqual([]);
    expect([...world.engine.state.findings.recommendations]).toStrictEqual([]);
    await serve(1.2);
    await world.loop.runNow();
    const { drifts } = await world.service.listDrifts({});
    expect(drifts).toMatchObject([{ parameter: "temperature", served: { kind: { value: 1.2 } } }]);
    const [proposal] = world.engine.state.findings.recommendations.values();
    expect(proposal).toMatchObject({ currentValue: 1.2, recommendedValue: 0.7 });
    expect(proposal?.improvements.quality?.relative).toBeGreaterThan(1);
    expect(proposal?.confidence).toBeLessThan(1);
  });

  test("is neither cheaper and as good nor the best value, although it costs half", async () => {
    const response = await world.service.analyzeCost({ ...SCOPE, usdPerQualityPoint: 0.0001 });
    expect(response.options.map(({ onFront }) => onFront)).toStrictEqual([true, true]);
    const cheap = response.options.find(({ settings }) => settings?.temperature === 1.2);
    const good = response.options.find(({ settings }) => settings?.temperature === 0.7);
    expect(cheap?.avgQuality).toBeLessThan(30);
    expect(response.bestValue).not.toBe(cheap?.configId);
    expect(Math.abs(cheap?.netBenefitGain ?? good?.netBenefitGain ?? 0)).toBeGreaterThan(20);
    const codes = response.insights.map(({ code }) => code);
    expect(codes).not.toContain("CHEAPER_AS_GOOD");
  });
});

test("with every tenth success scored, a setting that fails half of its calls wins nothing", async () => {
  const tenth = (index: number, quality: number) => (index % 20 < 2 ? { scores: { quality } } : {});
  await world.report([
    ...calls({ temperature: 0.7 }, 2_000, (index) => ({
      ...tenth(index, 70),
      costNanoUsd: 2_000_000,
    })),
    ...calls({ temperature: 1.2 }, 1_900, (index) => ({
      ...(Math.floor(index / 20) % 2 === 0 ? { status: "timeout" as const } : tenth(index, 80)),
      costNanoUsd: 1_000_000,
    })),
  ]);
  const found = await world.service.findOptimalTemperature(SCOPE);
  expect(found.groups.map(({ optimal }) => optimal)).toStrictEqual([true, false]);
  expect(found.groups[1]?.mean).toBeCloseTo(40, 0);
  expect(
    found.groups.map(({ unscoredShare = 0 }) => Math.round(100 * unscoredShare)),
  ).toStrictEqual([90, 90]);
  expect(found.insights.map(({ code }) => code)).toContain("SCORES_MISSING");
  const cost = await world.service.analyzeCost({ ...SCOPE, usdPerQualityPoint: 0.001 });
  const [most] = cost.options;
  expect(most).toMatchObject({ onFront: true, settings: { temperature: 0.7 } });
  expect(cost.bestValue).toBe(most?.configId);
  expect(cost.insights.map(({ code }) => code)).toContain("SCORES_MISSING");
});
