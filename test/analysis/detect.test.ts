import { afterEach, beforeEach, expect, test } from "vitest";
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
  await world.loop.stop();
  await world.engine.close();
});

function scored(temperature: number, quality: number, environment: string, count = 400) {
  return Array.from({ length: count }, (_, index) =>
    reported(
      `${environment}-${temperature}-${index}`,
      { settings: { temperature }, dimensions: [environment, ""] },
      {
        scores: { quality: quality + (index % 21) - 10 },
        occurredAtMs: world.platform.clock.ms - (2 + (index % 40)) * HOUR_MS,
      },
    ),
  );
}

test("dimensions that a request leaves out fit every value, for drifts as for the list of them", async () => {
  const { engine, service, loop, report } = world;
  await report([...scored(0.7, 80, "production"), ...scored(1.4, 30, "production")]);
  await report([...scored(0.7, 70, "staging"), ...scored(1.4, 70, "staging")]);
  const config = { modelName: "gpt-4", phases: { execution: { temperature: 1.4 } } };
  await engine.commit(putModelConfig(config, { etag: "", reason: "trial", changedBy: "test" }));
  await loop.runNow();
  const listed = (await service.listDrifts({})).drifts;
  expect(listed).toMatchObject([{ attributes: { environment: "production" }, magnitude: 0.7 }]);
  const detect = async (attributes: Record<string, string>) =>
    (await service.detectDrift({ ...SCOPE, attributes })).drifts.map((drift) => drift.attributes);
  expect(await detect({})).toStrictEqual([{ environment: "production" }]);
  expect(await detect({ environment: "production" })).toStrictEqual([
    { environment: "production" },
  ]);
  expect(await detect({ environment: "staging" })).toStrictEqual([]);
  const { status, reason } = await service.detectDrift({
    ...SCOPE,
    attributes: { environment: "staging" },
  });
  expect(status).toBe(AnalysisStatus.OK);
  expect(reason).toContain("no temperature is shown to be worse");
});

test("too little data is told with what is missing, and how long that takes at the present rate", async () => {
  const { service, report } = world;
  await report([...scored(0.7, 80, "production", 48), ...scored(1.4, 30, "production", 6)]);
  const response = await service.detectDrift(SCOPE);
  expect(response).toMatchObject({
    status: AnalysisStatus.INSUFFICIENT_DATA,
    sampleSize: 54n,
    samplesNeeded: 4n,
  });
  expect(response.reason).toContain("at least 4 more are needed");
  expect(response.timeToAnswer).toMatchObject({ outcomesNeeded: 4n });
  // 54 outcomes in 42 hours.
  expect(response.timeToAnswer?.outcomesPerDay).toBeGreaterThan(25);
  expect(response.timeToAnswer?.smallestDifference).toBeGreaterThan(0);
});
