import { Client, credentials } from "@grpc/grpc-js";
import type { MethodDefinition } from "@grpc/proto-loader";
import { loadSync } from "@grpc/proto-loader";
import { describe, expect, test } from "vitest";
import { call, post, reasonOf } from "../support/connect-json.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";

interface Metrics {
  readonly metrics?: readonly Record<string, unknown>[];
}

const PHASE = "PHASE_EXECUTION";

function outcome(outcomeId: string, over: object = {}) {
  return {
    outcomeId,
    model: "gpt-4",
    phase: PHASE,
    settings: { temperature: 0.7, maxTokens: 2000 },
    status: "OUTCOME_STATUS_OK",
    latencyMs: 1500,
    ...over,
  };
}

async function metricsOf(daemon: Daemon, model = "gpt-4") {
  const { metrics = [] } = await call<Metrics>(daemon.agentsUrl, "OutcomeService/GetMetrics", {
    model,
    phase: PHASE,
  });
  return metrics;
}

/** A stream of a foreign gRPC client: what it sends, and what it is told at the end. */
function openStream(daemon: Daemon) {
  const definition = loadSync("attuned/v1/outcome_service.proto", {
    includeDirs: ["proto", "node_modules/google-proto-files"],
    keepCase: false,
    enums: String,
    longs: Number,
    defaults: true,
  });
  const service = definition["attuned.v1.OutcomeService"] as unknown as Record<
    string,
    MethodDefinition<object, object>
  >;
  const method = service["StreamOutcomes"];
  if (!method) throw new Error("the contract has no StreamOutcomes");
  const client = new Client(new URL(daemon.agentsUrl).host, credentials.createInsecure());
  let settle = (_: { code: number; response: Record<string, unknown> }) => {};
  const answer = new Promise<{ code: number; response: Record<string, unknown> }>((resolve) => {
    settle = resolve;
  });
  const stream = client.makeClientStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    (error, response) => settle({ code: error?.code ?? 0, response: { ...response } }),
  );
  return {
    async send(outcomes: readonly object[]): Promise<void> {
      if (!stream.write({ outcomes }))
        await new Promise((resolve) => stream.once("drain", resolve));
    },
    async end() {
      stream.end();
      const told = await answer;
      client.close();
      return told;
    },
    async breakOff() {
      stream.cancel();
      const told = await answer;
      client.close();
      return told;
    },
  };
}

describe("a stream of outcomes", () => {
  test("is acknowledged at its end, with what became of each, and counts once over restarts", async () => {
    const daemon = await startDaemon();
    const stream = openStream(daemon);
    for (let message = 0; message < 20; message++) {
      const outcomes = Array.from({ length: 100 }, (_, i) => outcome(`s-${message}-${i}`));
      await stream.send(outcomes);
    }
    await stream.send([outcome("s-0-0"), outcome("bad", { latencyMs: -1 }), outcome("s-last")]);
    const { code, response } = await stream.end();
    expect(code).toBe(0);
    expect(response).toMatchObject({
      acceptedCount: 2001,
      duplicateCount: 1,
      rejectedCount: 1,
      rejected: [{ index: 2001, reason: "OUTCOME_INVALID" }],
    });
    await daemon.kill();
    await using again = await startDaemon({ dataDir: daemon.dataDir });
    expect(await metricsOf(again)).toMatchObject([{ sampleSize: "2001" }]);
    const repeated = openStream(again);
    await repeated.send([outcome("s-3-7"), outcome("s-19-99")]);
    expect((await repeated.end()).response).toMatchObject({ acceptedCount: 0, duplicateCount: 2 });
  });

  test("that is broken off is not answered, and sending it again counts none twice", async () => {
    await using daemon = await startDaemon();
    const outcomes = Array.from({ length: 500 }, (_, i) => outcome(`s-${i}`));
    const broken = openStream(daemon);
    await broken.send(outcomes.slice(0, 300));
    const told = await broken.breakOff();
    expect(told.code).not.toBe(0);
    expect(told.response).toEqual({});
    const stream = openStream(daemon);
    await stream.send(outcomes);
    const { response } = await stream.end();
    expect(Number(response["acceptedCount"]) + Number(response["duplicateCount"])).toBe(500);
    expect(await metricsOf(daemon)).toMatchObject([{ sampleSize: "500" }]);
  });

  test("of a message that is too large ends with the reason, and what came before is stored", async () => {
    await using daemon = await startDaemon();
    const stream = openStream(daemon);
    await stream.send([outcome("first")]);
    await stream.send(Array.from({ length: 1001 }, (_, i) => outcome(`s-${i}`)));
    expect((await stream.end()).code).toBe(3);
    await eventually(
      () => metricsOf(daemon),
      ([metrics]) => metrics?.["sampleSize"] === "1",
    );
  });
});

describe("an outcome without a cost", () => {
  test("gets the catalog's price for its model, marked as derived with the day of the price", async () => {
    await using daemon = await startDaemon();
    const usage = { inputTokens: 1000, outputTokens: 100 };
    await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", {
      outcomes: [outcome("derived", usage), outcome("own", { ...usage, costUsd: 1 })],
    });
    const [metrics] = await metricsOf(daemon);
    expect(metrics).toMatchObject({
      derivedCostShare: 0.5,
      priceDate: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
    // gpt-4 lists at 30 and 60 dollars per million tokens.
    expect(Number(metrics?.["costPerRequest"])).toBeCloseTo((1 + 0.036) / 2, 9);
  });

  test("has none where it runs on a machine of one's own, or where half of its tokens are not known", async () => {
    await using daemon = await startDaemon();
    await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", {
      outcomes: [
        outcome("local", { model: "ollama/llama3:8b", inputTokens: 10, outputTokens: 10 }),
        outcome("half", { inputTokens: 1000 }),
      ],
    });
    for (const model of ["ollama/llama3:8b", "gpt-4"]) {
      const [metrics] = await metricsOf(daemon, model);
      expect(metrics).toMatchObject({ sampleSize: "1", missingCounts: { cost: "1" } });
      expect(metrics).not.toHaveProperty("costPerRequest");
    }
  });
});

test("metrics tell percentiles, and what is missing, late, repeated, refused and corrected", async () => {
  await using daemon = await startDaemon();
  const report = (outcomes: readonly object[]) =>
    call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes });
  const outcomes = Array.from({ length: 100 }, (_, i) =>
    outcome(`o-${i}`, {
      latencyMs: i + 1,
      costUsd: (i + 1) / 1000,
      inputTokens: 10,
      outputTokens: i,
    }),
  );
  await report(outcomes);
  await report([outcome("no-latency", { latencyMs: undefined }), ...outcomes.slice(0, 3)]);
  await report([outcome("refused", { scores: { quality: 101 } })]);
  await call(daemon.agentsUrl, "OutcomeService/ReportFeedback", {
    feedback: [{ outcomeId: "o-1", scores: { quality: 90 }, source: "judge" }],
  });
  const [metrics] = await metricsOf(daemon);
  expect(metrics).toMatchObject({
    sampleSize: "101",
    duplicateCount: "3",
    rejectedCount: "1",
    correctedCount: "1",
    avgQuality: 90,
    missingCounts: { latency: "1", tokens: "1", cost: "1", quality: "100" },
  });
  const percentiles = metrics as Record<string, Record<string, number>>;
  for (const [field, unit] of [
    ["latencyPercentiles", 1],
    ["costPercentiles", 1e-3],
  ] as const) {
    for (const [name, rank] of [
      ["p50", 50],
      ["p95", 95],
      ["p99", 99],
    ] as const)
      expect(Math.abs((percentiles[field]?.[name] ?? 0) / unit - rank)).toBeLessThan(rank * 0.011);
  }
});

describe("feedback", () => {
  test("is durable when it is answered, and refused item by item", async () => {
    const daemon = await startDaemon();
    await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", {
      outcomes: [outcome("a", { externalRef: "trace-a" }), outcome("b")],
    });
    const { decisionToken } = await call<{ decisionToken: string }>(
      daemon.agentsUrl,
      "ConfigService/ResolveConfig",
      { model: "gpt-4", phase: PHASE },
    );
    const answer = await call(daemon.agentsUrl, "OutcomeService/ReportFeedback", {
      feedback: [
        { outcomeId: "a", scores: { quality: 60 }, source: "judge" },
        { externalRef: "trace-a", scores: { quality: 80 }, source: "judge" },
        { outcomeId: "b", scores: { quality: 101 } },
        { outcomeId: "nobody", scores: { quality: 1 } },
        { decisionToken, scores: { quality: 1 } },
        { outcomeId: "b" },
      ],
    });
    expect(answer).toMatchObject({ acceptedCount: 2, rejected: expect.any(Array) });
    expect(
      (answer["rejected"] as { index: number; reason: string }[]).map(({ index, reason }) => [
        index,
        reason,
      ]),
    ).toEqual([
      [2, "FEEDBACK_INVALID"],
      [3, "TARGET_NOT_FOUND"],
      [4, "TOKEN_INVALID"],
      [5, "FEEDBACK_INVALID"],
    ]);
    await daemon.kill();
    await using again = await startDaemon({ dataDir: daemon.dataDir });
    expect(await metricsOf(again)).toMatchObject([{ avgQuality: 80, sampleSize: "2" }]);
    const repeated = await call(again.agentsUrl, "OutcomeService/ReportFeedback", {
      feedback: [{ outcomeId: "a", scores: { quality: 80 }, source: "judge" }],
    });
    expect(repeated).toEqual({ duplicateCount: 1 });
  });

  test("of more than a thousand items is refused as a whole", async () => {
    await using daemon = await startDaemon();
    const feedback = Array.from({ length: 1001 }, () => ({
      outcomeId: "a",
      scores: { quality: 1 },
    }));
    const answer = await post(daemon.agentsUrl, "OutcomeService/ReportFeedback", { feedback });
    expect([answer.status, reasonOf(answer)]).toEqual([400, "BATCH_TOO_LARGE"]);
  });
});

test("a producer that numbers its outcomes needs no ids, and a restart forgets none of its numbers", async () => {
  const daemon = await startDaemon();
  const numbered = (sequence: number) =>
    outcome("", { producerId: "worker-1", sequence: String(sequence) });
  const report = (to: Daemon, sequences: readonly number[]) =>
    call(to.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes: sequences.map(numbered) });
  expect(await report(daemon, [1, 2, 3])).toEqual({ acceptedCount: 3 });
  expect(await report(daemon, [3, 4])).toEqual({ acceptedCount: 1, duplicateCount: 1 });
  await daemon.kill();
  await using again = await startDaemon({ dataDir: daemon.dataDir });
  expect(await report(again, [1, 2, 3, 4, 5])).toEqual({ acceptedCount: 1, duplicateCount: 4 });
  const refused = await call(again.agentsUrl, "OutcomeService/ReportOutcomes", {
    outcomes: [outcome("x", { producerId: "worker-1" })],
  });
  expect(refused).toMatchObject({ rejected: [{ reason: "OUTCOME_INVALID" }] });
  const page = await readMetrics(again.managementUrl);
  expect(sampleValue(page, "attuned_outcome_id_window_seconds")).toBe(86_400);
  expect(sampleValue(page, "attuned_store_writable")).toBe(1);
  for (const table of ["outcome_ids", "feedback_targets", "changed_cells"])
    expect(sampleValue(page, "attuned_table_bytes", { table })).toBeGreaterThan(0);
});
