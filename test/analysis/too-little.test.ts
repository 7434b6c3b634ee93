import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { AnalysisStatus } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { type AnalysisWorld, HOUR_MS, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

const SCOPE = { model: "gpt-4", phase: Phase.EXECUTION };
let world: AnalysisWorld;

beforeEach(async () => {
  world = await openAnalysisWorld();
});

afterEach(async () => {
  await world.engine.close();
});

/** Five scored calls, one an hour. */
function someCalls() {
  return Array.from({ length: 5 }, (_, index) =>
    reported(
      `o-${index}`,
      { settings: { temperature: 0.7, maxTokens: 1000 } },
      {
        scores: { quality: 70 + index },
        costNanoUsd: 1_000_000,
        outputTokens: 100,
        occurredAtMs: world.platform.clock.ms - index * HOUR_MS,
      },
    ),
  );
}

/** Every answer that can have too little data. */
async function answers() {
  const { engine, service } = world;
  for (const temperature of [0.6, 0.7]) {
    const config = { modelName: "gpt-4", phases: { execution: { temperature } } };
    await engine.commit(putModelConfig(config, { etag: "", reason: "trial", changedBy: "test" }));
  }
  const { revision } = engine.state.config;
  const phase = Phase.EXECUTION;
  return {
    impact: await service.analyzeParameterImpact({ ...SCOPE, parameter: "temperature" }),
    optimum: await service.findOptimalTemperature(SCOPE),
    models: await service.compareModels({ phase }),
    tokens: await service.analyzeTokenEfficiency(SCOPE),
    cost: await service.analyzeCost(SCOPE),
    change: await service.analyzeChangeImpact({ revision: BigInt(revision) }),
    settings: await service.getOptimalSettings(SCOPE),
    drift: await service.detectDrift(SCOPE),
  };
}

describe("every answer with too little data says how much is missing and how long that takes", () => {
  test("without any outcome: nothing comes in at present", async () => {
    for (const [name, found] of Object.entries(await answers())) {
      expect.soft([name, found.status]).toStrictEqual([name, AnalysisStatus.INSUFFICIENT_DATA]);
      expect.soft(Number(found.samplesNeeded), name).toBeGreaterThan(0);
      expect.soft(found.timeToAnswer?.text, name).toContain("no such outcomes come in at present");
    }
  });

  test("with a few: at the present rate, and what as many would show", async () => {
    await world.report(someCalls());
    for (const [name, found] of Object.entries(await answers())) {
      // A change of the present hour has nothing after it.
      if (name === "change") continue;
      expect.soft([name, found.status]).toStrictEqual([name, AnalysisStatus.INSUFFICIENT_DATA]);
      expect.soft(Number(found.samplesNeeded), name).toBeGreaterThan(0);
      expect.soft(found.timeToAnswer?.outcomesPerDay, name).toBeCloseTo(5, 9);
      expect.soft(found.timeToAnswer?.smallestDifference, name).toBeGreaterThan(0);
    }
  });

  test("a correlation that has no value says what it lacks", async () => {
    const { correlations } = await world.service.getImpactMetrics(SCOPE);
    for (const { value, samplesNeeded, timeToAnswer, reason } of correlations) {
      expect(value).toBeUndefined();
      expect(samplesNeeded).toBe(2n);
      expect(reason).toContain("at least 2 more");
      expect(timeToAnswer?.outcomesNeeded).toBe(2n);
    }
  });
});
