import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../../src/domain/outcome/outcome.ts";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { AnalysisStatus, Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { refusalOf } from "../../src/rpc/rpc-fixtures.ts";
import { type AnalysisWorld, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

let world: AnalysisWorld;

beforeAll(async () => {
  world = await openAnalysisWorld();
});

afterAll(async () => {
  await world.engine.close();
});

/** Values that go round in a range, so that every call has one and the mean is in the middle. */
function around(middle: number, half: number, index: number): number {
  return middle - half + ((2 * half) / 20) * (index % 21);
}

describe("AnalyzeChangeImpact", () => {
  test("B010 compares before with after, also within the hour of the change, by the value that outcomes name", async () => {
    const { engine, platform, service, report } = world;
    const config = (temperature: number) => ({
      modelName: "gpt-4",
      phases: { planning: { temperature } },
    });
    await engine.commit(
      putModelConfig(config(0.9), { etag: "", reason: "trial", changedBy: "anna" }),
    );
    const { revision } = engine.state.config;
    const planning = (name: string, temperature: number, quality: number, occurredAtMs: number) =>
      Array.from({ length: 210 }, (_, index) => {
        const settings = { temperature };
        const scores = { quality: around(quality, 10, index) };
        const own = reported(`${name}-${index}`, { settings }, { scores, occurredAtMs });
        return { ...own, arm: { ...own.arm, scope: { ...own.arm.scope, phase: "planning" } } };
      }) as Outcome[];
    await report([
      ...planning("before", 0.3, 80, platform.clock.ms),
      ...planning("after", 0.9, 60, platform.clock.ms),
    ]);
    const response = await service.analyzeChangeImpact({ revision: BigInt(revision) });
    const [quality] = response.metrics;
    expect(quality).toMatchObject({ metric: "quality", verdict: "WORSE" });
    expect(quality?.difference).toBeCloseTo(-20, 6);
    expect(quality?.differenceHigh).toBeLessThan(0);
    expect(quality?.naiveDifference).toBeCloseTo(-20, 6);
    expect(response.evidence).toBe(Evidence.OBSERVATIONAL);
    const changeId = response.changes[0]?.changeId ?? "";
    const again = await service.analyzeChangeImpact({ changeId });
    expect(again.metrics).toStrictEqual(response.metrics);
  });

  test("of a change that nothing came after yet says how many outcomes are missing, and how long they take", async () => {
    const { engine, service } = world;
    const config = { modelName: "gpt-4", phases: { reflection: { temperature: 0.9 } } };
    await engine.commit(putModelConfig(config, { etag: "", reason: "trial", changedBy: "anna" }));
    const revision = BigInt(engine.state.config.revision);
    const { status, samplesNeeded, timeToAnswer } = await service.analyzeChangeImpact({ revision });
    expect(status).toBe(AnalysisStatus.INSUFFICIENT_DATA);
    expect(timeToAnswer?.outcomesNeeded).toBe(samplesNeeded);
    expect(timeToAnswer?.text).toContain("no such outcomes come in at present");
  });

  test("refuses a change that never was", async () => {
    const unknown = world.service.analyzeChangeImpact({ changeId: "chg-none" });
    expect((await refusalOf(unknown)).reason).toBe("CHANGE_NOT_FOUND");
  });
});
