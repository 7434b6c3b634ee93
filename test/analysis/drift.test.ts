import { afterEach, expect, test } from "vitest";
import type { Outcome } from "../../src/domain/outcome/outcome.ts";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { DriftKind, DriftState } from "../../src/gen/attuned/v1/drift_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { type AnalysisWorld, HOUR_MS, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

const SCOPE = { model: "gpt-4", phase: Phase.EXECUTION };
const worlds: AnalysisWorld[] = [];

afterEach(async () => {
  for (const { loop, engine } of worlds.splice(0)) {
    await loop.stop();
    await engine.close();
  }
});

async function open(more: Parameters<typeof openAnalysisWorld>[0] = {}): Promise<AnalysisWorld> {
  const world = await openAnalysisWorld(more);
  worlds.push(world);
  return world;
}

/** Successes and failures in turn, `failing` of every ten, under one setting. */
function calls(from: number, count: number, failing: number, over: Partial<Outcome> = {}) {
  return Array.from({ length: count }, (_, index) =>
    reported(
      `o-${from + index}`,
      { settings: { temperature: 0.7 } },
      {
        status: index % 10 < failing ? "model_error" : "ok",
        occurredAtMs: 1_799_900_000_000 + (from + index) * 1_000,
        ...over,
      },
    ),
  );
}

test("B019 B141 a metric that falls while the settings stay opens an outcome drift, which is listed and detected", async () => {
  const { service, loop, report } = await open();
  await report(calls(0, 600, 1));
  await loop.runNow();
  expect((await service.listDrifts({})).drifts).toStrictEqual([]);
  await report(calls(600, 300, 6));
  await loop.runNow();
  const { drifts } = await service.listDrifts({ kinds: [DriftKind.OUTCOME] });
  expect(drifts).toMatchObject([
    { state: DriftState.OPEN, ...SCOPE, parameter: "success", metric: "success" },
  ]);
  const changeAtS = 1_799_900_000 + 600;
  expect(Math.abs(Number(drifts[0]?.openedAt?.seconds) - changeAtS)).toBeLessThan(60);
  const detected = await service.detectDrift(SCOPE);
  expect(detected.drifts.map(({ kind }) => kind)).toContain(DriftKind.OUTCOME);
});

test("an outcome drift is resolved when the metric is back", async () => {
  const { service, loop, report } = await open();
  await report([...calls(0, 600, 1), ...calls(600, 300, 6)]);
  await loop.runNow();
  await report(calls(900, 600, 1));
  await loop.runNow();
  const { drifts } = await service.listDrifts({ kinds: [DriftKind.OUTCOME] });
  expect(drifts.map(({ state }) => state)).toStrictEqual([DriftState.RESOLVED]);
});

test.each([0, 120_000])(
  "a restart goes on where the watch was, its state %i ms old: the drift is the same as without one",
  async (agedMs) => {
    const parts = [calls(0, 550, 1), calls(550, 120, 1), calls(670, 90, 6), calls(760, 200, 6)];
    const whole = await open();
    for (const part of parts) {
      await whole.report(part);
      await whole.loop.runNow();
    }
    const [expected] = (await whole.service.listDrifts({})).drifts;
    expect(expected).toMatchObject({ kind: DriftKind.OUTCOME });

    const first = await openAnalysisWorld();
    for (const part of parts.slice(0, 2)) {
      await first.report(part);
      await first.loop.runNow();
      first.platform.clock.ms += agedMs;
    }
    // These are on disk and in no pass yet.
    await first.report(parts[2] ?? []);
    await first.loop.stop();
    await first.engine.close();
    const second = await open({ database: first.memory.database });
    await second.loop.runNow();
    await second.report(parts[3] ?? []);
    await second.loop.runNow();
    const [found] = (await second.service.listDrifts({})).drifts;
    expect({ ...found, driftId: "" }).toStrictEqual({ ...expected, driftId: "" });
  },
);

test("B110 agents that apply other settings than they were told open an application drift that names them", async () => {
  const { service, loop, report } = await open();
  const applied = (temperature: number) => ({
    decidedAtMs: 1_799_900_000_000,
    appliedSettings: { temperature },
  });
  await report([...calls(0, 100, 0, applied(0.7)), ...calls(100, 20, 0, applied(1.2))]);
  await loop.runNow();
  const { drifts } = await service.listDrifts({ kinds: [DriftKind.APPLICATION] });
  expect(drifts).toMatchObject([
    { parameter: "temperature", differingParameters: ["temperature"], threshold: 0.01 },
  ]);
  expect(drifts[0]?.magnitude).toBeCloseTo(20 / 120, 5);
});

test("B110 another response model for the same model opens a model drift of magnitude 1", async () => {
  const { service, loop, report } = await open();
  await report(calls(0, 20, 0, { responseModel: "gpt-4-0613" }));
  await loop.runNow();
  await report(calls(20, 1, 0, { responseModel: "gpt-4-0999" }));
  await loop.runNow();
  const { drifts } = await service.listDrifts({ kinds: [DriftKind.MODEL] });
  expect(drifts).toMatchObject([
    { magnitude: 1, optimumValues: ["gpt-4-0613"], state: DriftState.OPEN },
  ]);
});

test("B072 B109 B112 temperature drifts strictly beyond the threshold from its known optimum", async () => {
  const { engine, service, report } = await open();
  const scored = (temperature: number, quality: number) =>
    Array.from({ length: 400 }, (_, index) =>
      reported(
        `t-${temperature}-${index}`,
        { settings: { temperature } },
        { scores: { quality: quality + (index % 21) - 10 }, occurredAtMs: 1_799_900_000_000 },
      ),
    );
  await report([...scored(0.7, 80), ...scored(1.4, 30)]);
  const detect = async (temperature: number, threshold?: number) => {
    const config = { modelName: "gpt-4", phases: { execution: { temperature } } };
    await engine.commit(putModelConfig(config, { etag: "", reason: "trial", changedBy: "test" }));
    const request = { ...SCOPE, ...(threshold === undefined ? {} : { threshold }) };
    return (await service.detectDrift(request)).drifts;
  };
  // 0.8 - 0.7 is 0.10000000000000009.
  expect(await detect(0.8)).toStrictEqual([]);
  expect(await detect(0.85)).toMatchObject([
    { parameter: "temperature", optimumSource: "MEASURED" },
  ]);
  expect(await detect(0.85, 0.2)).toStrictEqual([]);
  expect((await detect(1.4))[0]?.magnitude).toBeCloseTo(0.7, 9);
});

test("outcomes of the current hour and of long ago are all watched", async () => {
  const { service, loop, report, platform } = await open();
  await report(calls(0, 600, 1, { occurredAtMs: platform.clock.ms - 30 * 24 * HOUR_MS }));
  await report(calls(600, 300, 6, { occurredAtMs: platform.clock.ms }));
  await loop.runNow();
  const { drifts } = await service.listDrifts({ kinds: [DriftKind.OUTCOME] });
  expect(drifts).toHaveLength(1);
});
