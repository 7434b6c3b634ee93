import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAULT_STATUS, type FaultReason } from "../../src/domain/kernel/fault-reason.ts";
import { createGrpcClient, type GrpcClient } from "../doors/grpc-client.ts";
import { call } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";
import { callRaw, type Verdict } from "./call.ts";
import { REFUSED_VALUES } from "./refused-values.ts";
import { nameOf, servedMethods } from "./served-methods.ts";

const daemon = await startDaemon();
const methods = await servedMethods(daemon.agentsUrl);
const byName = methods.map((method) => [nameOf(method), method] as const);
afterAll(() => daemon[Symbol.asyncDispose]());

const outcome = (outcomeId: string, over: object = {}) => ({
  outcomeId,
  model: "refusals",
  phase: "PHASE_EXECUTION",
  settings: { temperature: 0.7 },
  status: "OUTCOME_STATUS_OK",
  latencyMs: 100,
  ...over,
});

beforeAll(async () => {
  const outcomes = [outcome("before-1"), outcome("before-2"), outcome("before-3")];
  await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes });
});

test("every method that is served has its requests that must be refused", () => {
  const missing = methods.map(nameOf).filter((name) => REFUSED_VALUES[name] === undefined);
  expect(missing).toEqual([]);
});

describe("a request with a bad value is refused with its status and reason", () => {
  test.each(byName)("%s", async (name, method) => {
    for (const { what, request, reason, metadata } of REFUSED_VALUES[name] ?? []) {
      const verdict = await callRaw(daemon.agentsUrl, method, JSON.stringify(request));
      expect({ what, ...refusalOf(verdict) }).toEqual({ what, ...refusalFor(reason) });
      expect(Object.keys(verdict.metadata)).toEqual(expect.arrayContaining([...(metadata ?? [])]));
      expect(verdict.message).not.toBe("");
    }
  });
});

describe("gRPC hears the same", () => {
  const GRPC_CODES: Readonly<Record<string, number>> = {
    INVALID_ARGUMENT: 3,
    NOT_FOUND: 5,
    ALREADY_EXISTS: 6,
    RESOURCE_EXHAUSTED: 8,
    FAILED_PRECONDITION: 9,
    ABORTED: 10,
  };
  let client: GrpcClient;
  beforeAll(() => {
    client = createGrpcClient(daemon.agentsUrl.replace("http://", ""));
  });
  afterAll(() => client.close());

  const samples = [
    "ConfigService/ResolveConfig",
    "ModelService/PutModelConfig",
    "OutcomeService/GetMetrics",
    "OptimizerService/GetRecommendation",
    "HistoryService/GetHistory",
  ];
  test.each(samples)("%s", async (name) => {
    for (const { what, request, reason } of REFUSED_VALUES[name] ?? []) {
      // The other toolchain takes times as numbers of seconds and texts like "NaN" as they stand in JSON.
      if (/window|context of 0/.test(what)) continue;
      const { code, details } = await client.call(`attuned.v1.${name}`, withNumbers(request));
      const info = details["ErrorInfo"] ?? {};
      expect({ what, code, reason: info["reason"], domain: info["domain"] }).toEqual({
        what,
        code: GRPC_CODES[FAULT_STATUS[reason]],
        reason,
        domain: "attuned",
      });
    }
  });
});

describe("a batch of outcomes", () => {
  const report = (outcomes: readonly object[]) =>
    call<Report>(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes });

  test("rejects each bad item with its reason and accepts the good ones around it", async () => {
    const bad = await badItems();
    const outcomes = bad.flatMap(([, item], i) => [outcome(`good-${i}`), item]);
    const answer = await report(outcomes);
    expect(answer.acceptedCount).toBe(bad.length);
    const expected = bad.map(([what, , reason], i) => ({ what, index: 2 * i + 1, reason }));
    const actual = (answer.rejected ?? []).map(({ index, reason }, i) => ({
      what: bad[i]?.[0],
      index: index ?? 0,
      reason,
    }));
    expect(actual).toEqual(expected);
    const again = await report(outcomes);
    expect(again.duplicateCount).toBe(bad.length);
  });

  test("takes the largest one and an empty one", async () => {
    const largest = Array.from({ length: 1000 }, (_, i) => outcome(`large-${i}`));
    expect((await report(largest)).acceptedCount).toBe(1000);
    expect(await report([])).toEqual({});
  });

  async function badItems(): Promise<(readonly [what: string, item: object, reason: string])[]> {
    const { decisionToken } = await call<{ decisionToken: string }>(
      daemon.agentsUrl,
      "ConfigService/ResolveConfig",
      { model: "refusals", phase: "PHASE_EXECUTION" },
    );
    const { decisionToken: foreign } = await foreignToken();
    const flipped = `${decisionToken.slice(0, 20)}${decisionToken[20] === "A" ? "B" : "A"}${decisionToken.slice(21)}`;
    const token = (what: string, value: string) =>
      [what, outcome("bad-token", { decisionToken: value }), "TOKEN_INVALID"] as const;
    const invalid = (what: string, over: object) =>
      [what, outcome("bad", over), "OUTCOME_INVALID"] as const;
    return [
      token("a forged token", Buffer.from("forged token of nobody").toString("base64url")),
      token("a damaged token", flipped),
      token("a truncated token", decisionToken.slice(0, -4)),
      token("a token with something after it", `${decisionToken}AAAA`),
      token("a token with a stray character", `${decisionToken}=`),
      token("a token of another store", foreign),
      token("an endless token", "A".repeat(100_000)),
      invalid("no status", { status: "OUTCOME_STATUS_UNSPECIFIED" }),
      invalid("a number that is no status", { status: 99 }),
      invalid("no id", { outcomeId: "" }),
      invalid("an id of 129 characters", { outcomeId: "i".repeat(129) }),
      ...["NaN", "Infinity", "-Infinity", -1].flatMap((value) => [
        invalid(`latency ${value}`, { latencyMs: value }),
        invalid(`cost ${value}`, { costUsd: value }),
        invalid(`quality ${value}`, { scores: { quality: value } }),
        invalid(`temperature ${value}`, { settings: { temperature: value } }),
      ]),
      ...["inputTokens", "outputTokens", "cachedInputTokens", "reasoningTokens"].map((key) =>
        invalid(`${key} -1`, { [key]: -1 }),
      ),
      invalid("-1 retries", { retries: -1 }),
      invalid("-1 iterations", { iterations: -1 }),
      invalid("a quality of 101", { scores: { quality: 101 } }),
      invalid("a score named success", { scores: { success: 1 } }),
      invalid("17 scores", {
        scores: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`s${i}`, 1])),
      }),
      invalid("a call before 1970", { occurredAt: "1969-12-31T23:59:59Z" }),
      invalid("a call in a year", { occurredAt: new Date(Date.now() + 3e10).toISOString() }),
      invalid("a unit of 257 characters", { unit: "u".repeat(257) }),
      invalid("17 labels", {
        labels: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`l${i}`, "x"])),
      }),
      ["no model", outcome("bad", { model: "" }), "MODEL_NAME_INVALID"],
      ["a name with NUL", outcome("bad", { model: "a\u0000b" }), "MODEL_NAME_INVALID"],
      [
        "a name of 257 characters",
        outcome("bad", { model: "m".repeat(257) }),
        "MODEL_NAME_INVALID",
      ],
      ["no phase", outcome("bad", { phase: "PHASE_UNSPECIFIED" }), "PHASE_REQUIRED"],
      ["a number that is no phase", outcome("bad", { phase: 99 }), "PHASE_REQUIRED"],
      ["other content", outcome("before-1", { latencyMs: 101 }), "OUTCOME_ID_REUSED"],
    ];
  }
});

test("the daemon serves on, lost nothing that it accepted, and logged no failure of its own", async () => {
  const { metrics } = await call<{ metrics: { sampleSize: string }[] }>(
    daemon.agentsUrl,
    "OutcomeService/GetMetrics",
    { model: "refusals", phase: "PHASE_EXECUTION" },
  );
  const outcomes = [outcome("before-1"), outcome("before-2"), outcome("before-3")];
  expect(await call(daemon.agentsUrl, "OutcomeService/ReportOutcomes", { outcomes })).toEqual({
    duplicateCount: 3,
  });
  expect(metrics).toHaveLength(1);
  expect(Number(metrics[0]?.sampleSize)).toBeGreaterThanOrEqual(3);
  const { revision } = await call<{ revision?: string }>(
    daemon.agentsUrl,
    "AdminService/GetStatus",
  );
  expect(revision ?? "0").toBe(revisionAtStart());
  expect(daemon.stderr()).not.toContain("call failed");
});

interface Report {
  readonly acceptedCount?: number;
  readonly duplicateCount?: number;
  readonly rejected?: { readonly index?: number; readonly reason: string }[];
}

function refusalOf({ code, reason, domain }: Verdict) {
  return { code, reason, domain };
}

function refusalFor(reason: FaultReason) {
  return { code: FAULT_STATUS[reason], reason, domain: "attuned" };
}

function revisionAtStart(): string {
  return /revision=(\d+)/.exec(daemon.readyLine)?.[1] ?? "";
}

async function foreignToken(): Promise<{ decisionToken: string }> {
  await using other = await startDaemon();
  return await call(other.agentsUrl, "ConfigService/ResolveConfig", {
    model: "refusals",
    phase: "PHASE_EXECUTION",
  });
}

/** The request with the JSON names of numbers that JSON cannot write as those numbers. */
function withNumbers(request: object): object {
  const text = JSON.stringify(request);
  return JSON.parse(text, (_, value) =>
    typeof value === "string" && /^(NaN|-?Infinity)$/.test(value) ? Number(value) : value,
  ) as object;
}
