import { afterEach, expect, test } from "vitest";
import type { Settings } from "../../src/domain/config/settings.ts";
import type { MetricWatch } from "../../src/domain/drift/metric-watch.ts";
import { callStartMs } from "../../src/domain/outcome/maturity.ts";
import type { Outcome } from "../../src/domain/outcome/outcome.ts";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { DriftKind, DriftState } from "../../src/gen/attuned/v1/drift_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { ranges } from "../../src/store/keys.ts";
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

/** What the watch wrote of every arm. */
async function watchedArms({ memory }: AnalysisWorld) {
  const arms: { readonly metrics: { readonly success?: MetricWatch } }[] = [];
  const { store } = memory;
  for await (const [, value] of store.scan<(typeof arms)[number]>({ range: ranges.watched }))
    if ("arm" in value) arms.push(value);
  return arms;
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

test("B110 B111 temperature, token limit and model version each drift by a check of their own, in one list", async () => {
  const { engine, service, loop, report } = await open();
  const scored = (settings: Settings, quality: number, responseModel: string) =>
    Array.from({ length: 400 }, (_, index) =>
      reported(
        `${JSON.stringify(settings)}-${index}`,
        { settings },
        {
          scores: { quality: quality + (index % 21) - 10 },
          occurredAtMs: 1_799_900_000_000,
          responseModel,
        },
      ),
    );
  await report(scored({ temperature: 0.7, maxTokens: 2_000 }, 80, "gpt-4-0613"));
  await loop.runNow();
  await report(scored({ temperature: 1.4, maxTokens: 1_000 }, 30, "gpt-4-0999"));
  const served = {
    modelName: "gpt-4",
    phases: { execution: { temperature: 1.4, maxTokens: 1_000 } },
  };
  await engine.commit(putModelConfig(served, { etag: "", reason: "trial", changedBy: "test" }));
  await loop.runNow();
  const { drifts } = await service.detectDrift(SCOPE);
  const byType = Object.fromEntries(drifts.map((drift) => [drift.parameter, drift]));
  // The temperature by its difference, tokens by their ratio, another version of the model by any change.
  expect(byType["temperature"]).toMatchObject({ kind: DriftKind.CONFIG, threshold: 0.1 });
  expect(byType["temperature"]?.magnitude).toBeCloseTo(0.7, 9);
  expect(byType["max_tokens"]).toMatchObject({ kind: DriftKind.CONFIG, magnitude: 0.5 });
  expect(byType["response_model"]).toMatchObject({
    kind: DriftKind.MODEL,
    magnitude: 1,
    optimumValues: ["gpt-4-0613"],
  });
  expect(byType["response_model"]?.served).toMatchObject({
    kind: { case: "stringValue", value: "gpt-4-0999" },
  });
});

test("outcomes of the current hour and of long ago are all watched, those of now once they are mature", async () => {
  const { service, loop, report, platform } = await open();
  await report(calls(0, 600, 1, { occurredAtMs: platform.clock.ms - 30 * 24 * HOUR_MS }));
  await report(calls(600, 300, 6, { occurredAtMs: platform.clock.ms }));
  await loop.runNow();
  const listed = async () => (await service.listDrifts({ kinds: [DriftKind.OUTCOME] })).drifts;
  expect(await listed()).toHaveLength(0);
  platform.clock.ms += HELD_MS;
  await loop.runNow();
  expect(await listed()).toHaveLength(1);
});

/** Settings without a timeout: two minutes, half a minute for the report, and a minute that tokens do not tell. */
const HELD_MS = 210_000;
const START_MS = 1_800_000_000_000;

/** One call at a moment, one of ten failing, and failures told `lateMs` after their calls. */
function tokened(index: number, atMs: number, lateMs: number) {
  const isFailed = index % 10 === 3;
  const own = reported(
    `t-${index}`,
    { settings: { temperature: 0.7 } },
    {
      status: isFailed ? "timeout" : "ok",
      decidedAtMs: Math.floor(atMs / 60_000) * 60_000,
      occurredAtMs: atMs,
      content: Math.imul(index + 1, 0x9e3779b1) >>> 0,
    },
  );
  return { outcome: own, arrivesAtMs: atMs + (isFailed ? lateMs : 0) };
}

/** Traffic of ten calls a second that falls to one, in the order of arrival. */
function fallingTraffic(lateMs: number) {
  const busy = Array.from({ length: 9_000 }, (_, i) => tokened(i, START_MS + i * 100, lateMs));
  const calm = Array.from({ length: 300 }, (_, i) =>
    tokened(9_000 + i, START_MS + 900_000 + i * 1_000, lateMs),
  );
  return [...busy, ...calm].toSorted((a, b) => a.arrivesAtMs - b.arrivesAtMs);
}

/** Reports what arrived until each pass, every ten seconds, until everything is mature. */
async function live(world: AnalysisWorld, arrivals: ReturnType<typeof fallingTraffic>) {
  const { platform, report, loop } = world;
  let next = 0;
  const lastMs = (arrivals.at(-1)?.arrivesAtMs ?? 0) + HELD_MS + 60_000;
  for (platform.clock.ms = START_MS; platform.clock.ms <= lastMs; platform.clock.ms += 10_000) {
    const until = arrivals.findIndex(({ arrivesAtMs }) => arrivesAtMs > platform.clock.ms);
    const end = until < 0 ? arrivals.length : until;
    await report(arrivals.slice(next, end).map(({ outcome }) => outcome));
    next = end;
    await loop.runNow();
  }
}

test("failures that come later than successes are no drift when the traffic falls: cohorts wait until they are mature", async () => {
  const world = await open();
  await live(world, fallingTraffic(100_000));
  const { drifts } = await world.service.listDrifts({ kinds: [DriftKind.OUTCOME] });
  expect(drifts).toStrictEqual([]);
  const [watched] = await watchedArms(world);
  expect(watched?.metrics.success?.reference[0]?.n).toBeGreaterThanOrEqual(4_000);
});

test("a cohort that was folded takes nothing more in: what comes after its deadline is left out for good", async () => {
  const world = await open();
  const arrivals = fallingTraffic(0).slice(0, 2_000);
  await live(world, arrivals);
  const before = await watchedArms(world);
  const late = Array.from({ length: 400 }, (_, i) => tokened(20_003 + 10 * i, START_MS, 0).outcome);
  await world.report(late);
  world.platform.clock.ms += 120_000;
  await world.loop.runNow();
  expect((await watchedArms(world)).map(({ metrics }) => metrics)).toStrictEqual(
    before.map(({ metrics }) => metrics),
  );
});

test.each([0, 70_000])(
  "a restart keeps what waits to mature, its state %i ms old: the watch is the same as without one",
  async (agedMs) => {
    const arrivals = fallingTraffic(100_000).slice(0, 3_000);
    const [early, rest] = [arrivals.slice(0, 1_500), arrivals.slice(1_500)];
    const run = async (isRestarted: boolean) => {
      let world = await openAnalysisWorld({ nowMs: START_MS + 150_000 });
      await world.report(early.map(({ outcome }) => outcome));
      // Without a decision they are mature at once, and in the journal behind some that are not.
      await world.report(calls(0, 50, 1));
      await world.loop.runNow();
      world.platform.clock.ms += agedMs;
      await world.loop.runNow();
      if (isRestarted) {
        await world.loop.stop();
        await world.engine.close();
        const { database } = world.memory;
        world = await openAnalysisWorld({ database, nowMs: world.platform.clock.ms });
      }
      worlds.push(world);
      await world.report(rest.map(({ outcome }) => outcome));
      for (let pass = 0; pass < 3; pass++) {
        world.platform.clock.ms += HELD_MS;
        await world.loop.runNow();
      }
      return (await watchedArms(world)).map(({ metrics }) => metrics);
    };
    const whole = await run(false);
    expect(whole[0]?.success?.since.n).toBeGreaterThan(0);
    expect(await run(true)).toStrictEqual(whole);
  },
);

test("a token that was kept for long says nothing of when it was used: the call's own time does", () => {
  const settings = { temperature: 0.7 };
  const kept = { decidedAtMs: START_MS, occurredAtMs: START_MS + HOUR_MS, latencyMs: 90_000 };
  expect(callStartMs(reported("k", { settings }, kept))).toBe(START_MS + HOUR_MS - 90_000);
  const fresh = { ...kept, occurredAtMs: START_MS + HELD_MS };
  expect(callStartMs(reported("f", { settings }, fresh))).toBe(START_MS);
});
