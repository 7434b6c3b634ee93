import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";

const daemon = await startDaemon();
afterAll(() => daemon[Symbol.asyncDispose]());
const ask = <T>(method: string, request: object = {}) => call<T>(daemon.agentsUrl, method, request);

interface Snapshot {
  readonly snapshotId: string;
  readonly timestamp: string;
  readonly model: string;
  readonly temperature: number;
  readonly maxTokens: number;
  readonly timeoutSeconds: number;
  readonly maxRetries: number;
  readonly enabled: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

interface Change {
  readonly changeId: string;
  readonly timestamp: string;
  readonly parameter: string;
  readonly oldValue: unknown;
  readonly newValue: unknown;
  readonly reason: string;
  readonly changedBy: string;
  readonly revision: string;
}

const current = async (request: object) =>
  (await ask<{ snapshot: Snapshot }>("HistoryService/GetCurrentConfig", request)).snapshot;
const history = async (request: object = {}) =>
  (await ask<{ changes?: Change[] }>("HistoryService/GetHistory", request)).changes ?? [];
const putTemperature = (modelName: string, temperature: number, reason: string) =>
  ask<{ revision: string; changes?: Change[] }>("ModelService/PutModelConfig", {
    config: { modelName, phases: [{ phase: "PHASE_EXECUTION", settings: { temperature } }] },
    reason,
  });

describe("B024 B062 the current configuration as a snapshot", () => {
  let snapshot: Snapshot;
  beforeAll(async () => {
    snapshot = await current({
      model: "gpt-oss-20b",
      attributes: { environment: "production", agent: "planner" },
    });
  });

  test("test_track_configuration (B092): nine fields, the seed's example values without any set-up", () => {
    expect(snapshot).toMatchObject({
      model: "gpt-oss-20b",
      temperature: 0.7,
      maxTokens: 2000,
      timeoutSeconds: 30,
      maxRetries: 3,
      enabled: true,
    });
  });

  test("B028 snapshot_id names the content: the same settings, the same id", async () => {
    expect(snapshot.snapshotId).toMatch(/^cfg-\S+$/);
    expect((await current({ model: "gpt-oss-20b" })).snapshotId).toBe(snapshot.snapshotId);
    expect((await current({ model: "gpt-4" })).snapshotId).not.toBe(snapshot.snapshotId);
  });

  test("B029 timestamp is when it was taken", () => {
    expect(Math.abs(Date.parse(snapshot.timestamp) - Date.now())).toBeLessThan(60_000);
  });

  test("B030 model, B031 temperature, B032 max_tokens, B033 timeout, B034 max_retries, B035 enabled", () => {
    const { model, temperature, maxTokens, timeoutSeconds, maxRetries, enabled } = snapshot;
    expect([model, temperature, maxTokens, timeoutSeconds, maxRetries, enabled]).toEqual([
      "gpt-oss-20b",
      0.7,
      2000,
      30,
      3,
      true,
    ]);
  });

  test("B036 metadata carries the environment and what the snapshot is of", () => {
    expect(snapshot.metadata).toMatchObject({
      environment: "production",
      agent: "planner",
      phase: "execution",
    });
  });
});

describe("B025 a change is an event", () => {
  test("test_track_change (B093): temperature 0.7 becomes 0.5, for a reason", async () => {
    await putTemperature("change-model", 0.5, "Optimization for consistency");
    const [change] = await history({ model: "change-model" });
    expect(change).toMatchObject({
      parameter: "temperature",
      oldValue: 0.7,
      newValue: 0.5,
      reason: "Optimization for consistency",
      changedBy: "system",
    });
  });

  test("B037 change_id, B038 timestamp, B039 parameter, B040 old_value, B041 new_value, B042 reason, B043 changed_by", async () => {
    const [change] = await history({ model: "change-model" });
    expect(change?.changeId).toMatch(/^chg-\S+$/);
    expect(Math.abs(Date.parse(change?.timestamp ?? "") - Date.now())).toBeLessThan(60_000);
    const { parameter, oldValue, newValue, reason, changedBy } = change ?? {};
    expect({ parameter, oldValue, newValue, reason, changedBy }).toEqual({
      parameter: "temperature",
      oldValue: 0.7,
      newValue: 0.5,
      reason: "Optimization for consistency",
      changedBy: "system",
    });
  });

  test("B061 B065 every accepted write records its changes with its revision, no call beside it is needed", async () => {
    const put = await putTemperature("change-model", 0.4, "again");
    const [newest] = await history({ model: "change-model" });
    expect(newest).toEqual(put.changes?.[0]);
    expect(newest?.revision).toBe(put.revision);
  });

  test("B066 a write that changes nothing records nothing and takes no revision", async () => {
    const before = await history();
    const first = await putTemperature("change-model", 0.4, "the same");
    expect(first.changes ?? []).toEqual([]);
    expect(await history()).toEqual(before);
    expect((await putTemperature("change-model", 0.4, "the same")).revision).toBe(first.revision);
  });

  test("B009 B063 B067 B140 the history is read newest first, in pages, and by time", async () => {
    const startedMs = Date.now();
    for (const temperature of [0.1, 0.2, 0.3]) await putTemperature("paged", temperature, "step");
    const all = await history({ model: "paged" });
    expect(all.map(({ newValue }) => newValue)).toEqual([0.3, 0.2, 0.1]);
    const paged: unknown[] = [];
    let pageToken = "";
    do {
      const page = await ask<{ changes: Change[]; nextPageToken?: string }>(
        "HistoryService/GetHistory",
        { model: "paged", pageSize: 1, pageToken },
      );
      expect(page.changes).toHaveLength(1);
      paged.push(...page.changes);
      pageToken = page.nextPageToken ?? "";
    } while (pageToken !== "");
    expect(paged).toEqual(all);
    const [start, end] = [startedMs - 3_600_000, startedMs - 60_000].map((ms) =>
      new Date(ms).toISOString(),
    );
    expect(await history({ model: "paged", start })).toEqual(all);
    expect(await history({ model: "paged", start, end })).toEqual([]);
  });
});

describe("B026 the metrics of a configuration", () => {
  interface Metrics {
    readonly configId: string;
    readonly avgQuality: number;
    readonly avgLatency: number;
    readonly avgTokens: number;
    readonly successRate: number;
    readonly costPerRequest: number;
    readonly sampleSize: string;
    readonly settings: Readonly<Record<string, unknown>>;
  }
  let metrics: Metrics;
  beforeAll(async () => {
    const outcomes = Array.from({ length: 100 }, (_, i) => ({
      outcomeId: `metrics-${i}`,
      model: "metrics-model",
      phase: "PHASE_EXECUTION",
      settings: { temperature: 0.7, maxTokens: 2000 },
      status: i < 98 ? "OUTCOME_STATUS_OK" : "OUTCOME_STATUS_MODEL_ERROR",
      latencyMs: i % 2 === 0 ? 1000 : 1500,
      inputTokens: 300,
      outputTokens: 150,
      costUsd: 0.0012,
      iterations: 5,
      scores: { quality: i % 2 === 0 ? 85 : 86 },
    }));
    await ask("OutcomeService/ReportOutcomes", { outcomes });
    const answer = await ask<{ metrics: [Metrics] }>("OutcomeService/GetMetrics", {
      model: "metrics-model",
      phase: "PHASE_EXECUTION",
    });
    metrics = answer.metrics[0];
  });

  test("A055 track_performance: model, phase, temperature, max_tokens, success, duration and iterations are one outcome", async () => {
    const outcome = {
      outcomeId: "a055",
      model: "gpt-4",
      phase: "PHASE_EXECUTION",
      settings: { temperature: 0.7, maxTokens: 2000 },
      status: "OUTCOME_STATUS_OK",
      latencyMs: 1500,
      iterations: 5,
    };
    expect(await ask("OutcomeService/ReportOutcomes", { outcomes: [outcome] })).toEqual({
      acceptedCount: 1,
    });
  });

  test("B044 config_id names the arm, with its settings", () => {
    expect(metrics.configId).toMatch(/^c1-[0-9a-f]+$/);
    expect(metrics.settings).toEqual({ temperature: 0.7, maxTokens: 2000 });
  });
  test("B045 avg_quality is 85.5", () => expect(metrics.avgQuality).toBeCloseTo(85.5, 9));
  test("B046 avg_latency is 1250 ms", () => expect(metrics.avgLatency).toBe(1250));
  test("B047 avg_tokens is 450, input and output together", () =>
    expect(metrics.avgTokens).toBe(450));
  test("B048 success_rate is 0.98", () => expect(metrics.successRate).toBeCloseTo(0.98, 12));
  test("B049 cost_per_request is 0.0012", () =>
    expect(metrics.costPerRequest).toBeCloseTo(0.0012, 12));
  test("B050 sample_size is 100", () => expect(metrics.sampleSize).toBe("100"));
});
