import { describe, expect, test } from "vitest";
import { OutcomeStatus } from "../../gen/attuned/v1/outcome_pb.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { csvReader } from "./csv.ts";
import { type LineReader, langfuseReader, litellmReader } from "./foreign-logs.ts";
import type { OutcomeLine } from "./outcome-line.ts";

function read(reader: LineReader, rows: readonly (object | string)[]) {
  return rows.flatMap((row, index) => {
    const text = typeof row === "string" ? row : JSON.stringify(row);
    return reader({ number: index + 1, text }) ?? [];
  });
}

function outcomesOf(reader: LineReader, rows: readonly (object | string)[]) {
  return read(reader, rows).map((line) => (line as OutcomeLine).outcome);
}

describe("a CSV file", () => {
  const columns = new Map([
    ["model", "engine"],
    ["latencyMs", "duration"],
    ["scores.quality", "rating"],
    ["settings.temperature", "temp"],
  ]);

  test("fills the fields that columns are mapped to, and those that are called alike", () => {
    const rows = [
      "outcomeId,engine,duration,rating,temp,status,labels.team,other",
      'c-1,gpt-4,1500,85.5,0.7,success,"a, ""b""",ignored',
      "c-2,gpt-4,,,,timeout,,",
    ];
    const [first, second] = outcomesOf(csvReader({ columns, phase: "execution" }), rows);
    expect(first).toMatchObject({
      outcomeId: "c-1",
      model: "gpt-4",
      phase: Phase.EXECUTION,
      latencyMs: 1500,
      scores: { quality: 85.5 },
      settings: { temperature: 0.7 },
      status: OutcomeStatus.OK,
      labels: { team: 'a, "b"' },
    });
    expect(second).toMatchObject({ status: OutcomeStatus.TIMEOUT, scores: {} });
    expect(second?.latencyMs).toBeUndefined();
  });

  test("gives rows without an id the same one at every reading, and no two the same", () => {
    const rows = ["model,latencyMs", "gpt-4,100", "gpt-4,100"];
    const ids = () =>
      outcomesOf(csvReader({ columns: new Map(), phase: "planning" }), rows).map(
        ({ outcomeId }) => outcomeId,
      );
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(2);
  });

  test.each([
    ["gpt-4,fast", "is no number"],
    ["gpt-4", "has 1 columns"],
    ['"gpt-4,1', "a quote is not closed"],
    ["gpt-4,1,2", "has 3 columns"],
  ])("refuses the row %s and goes on", (row, message) => {
    const reader = csvReader({ columns: new Map(), phase: "execution" });
    const lines = read(reader, ["model,latencyMs", row, "gpt-4,7"]);
    expect(lines[0]).toMatchObject({ line: 2, reason: "REQUEST_MALFORMED" });
    expect(JSON.stringify(lines[0])).toContain(message);
    expect((lines[1] as OutcomeLine).outcome.latencyMs).toBe(7);
  });

  test("refuses a map of what is no field or no column", () => {
    const of = (field: string, column: string) =>
      csvReader({ columns: new Map([[field, column]]), phase: "execution" });
    expect(() => of("colour", "x")).toThrow("has no field colour");
    expect(() => read(of("latencyMs", "x"), ["model,duration"])).toThrow("the columns are");
  });
});

test("a log of LiteLLM: what was sent, how long it took, what it cost, how it failed", () => {
  const rows = [
    {
      id: "chatcmpl-1",
      call_type: "acompletion",
      trace_id: "t-1",
      status: "success",
      model: "gpt-4o-mini",
      response_cost: 0.0123,
      prompt_tokens: 300,
      completion_tokens: 150,
      startTime: 1_760_000_000.5,
      endTime: 1_760_000_002,
      model_parameters: { temperature: 0.2, max_tokens: 500, stream: true },
    },
    {
      request_id: "r-2",
      model: "gpt-4o",
      spend: 0,
      status: "failure",
      error_str: "litellm.Timeout: Request timed out",
      startTime: "2026-11-01 10:00:00.000",
      endTime: "2026-11-01 10:00:30.000",
      metadata: "{}",
    },
    { id: "r-3", prompt_tokens: 1 },
  ];
  const [first, second, third] = read(litellmReader("PHASE_PLANNING"), rows);
  expect((first as OutcomeLine).outcome).toMatchObject({
    outcomeId: "chatcmpl-1",
    model: "gpt-4o-mini",
    phase: Phase.PLANNING,
    status: OutcomeStatus.OK,
    settings: { temperature: 0.2, maxTokens: 500 },
    latencyMs: 1500,
    inputTokens: 300,
    outputTokens: 150,
    costUsd: 0.0123,
    unit: "t-1",
  });
  expect((second as OutcomeLine).outcome).toMatchObject({
    outcomeId: "r-2",
    status: OutcomeStatus.TIMEOUT,
    latencyMs: 30_000,
    occurredAt: { seconds: 1_793_527_230n },
  });
  expect((second as OutcomeLine).outcome.costUsd).toBeUndefined();
  expect(third).toEqual({
    line: 3,
    reason: "OUTCOME_INVALID",
    message: "the call has no model",
  });
  expect(read(litellmReader("PHASE_PLANNING"), [{ model: "gpt-4o" }])).toMatchObject([
    { message: "the call has no id" },
  ]);
});

test("an export of Langfuse, of the API and of blob storage; what is no generation is left out", () => {
  const rows = [
    {
      id: "obs-1",
      traceId: "t-1",
      type: "GENERATION",
      startTime: "2026-11-01T10:00:00.000Z",
      endTime: "2026-11-01T10:00:01.250Z",
      model: "claude-sonnet-4-5",
      modelParameters: { temperature: "0.3", max_tokens: 1024 },
      usageDetails: { input: 10, output: 20, total: 30 },
      costDetails: { total: 0.002 },
      level: "DEFAULT",
      environment: "staging",
    },
    { id: "obs-2", type: "SPAN", startTime: "2026-11-01T10:00:00.000Z" },
    {
      id: "obs-3",
      trace_id: "t-2",
      type: "GENERATION",
      start_time: "2026-11-01 10:00:00.000000",
      end_time: "2026-11-01 10:00:02.000000",
      provided_model_name: "gpt-4o",
      model_parameters: '{"temperature":0}',
      usage_details: { input: 1, output: 2 },
      level: "ERROR",
      status_message: "429 rate limit",
    },
  ];
  const [first, second, ...rest] = outcomesOf(langfuseReader("PHASE_EXECUTION"), rows);
  expect(rest).toEqual([]);
  expect(first).toMatchObject({
    outcomeId: "obs-1",
    model: "claude-sonnet-4-5",
    settings: { temperature: 0.3, maxTokens: 1024 },
    latencyMs: 1250,
    inputTokens: 10,
    outputTokens: 20,
    costUsd: 0.002,
    unit: "t-1",
    attributes: { environment: "staging" },
  });
  expect(second).toMatchObject({
    outcomeId: "obs-3",
    model: "gpt-4o",
    settings: { temperature: 0 },
    latencyMs: 2000,
    status: OutcomeStatus.RATE_LIMITED,
  });
});

test.each([
  ["an object", { a: 1 }],
  ["true", true],
  ["a word", "yesterday"],
  ["zero", 0],
  ["a number beyond nanoseconds", 1e25],
])("a log whose end time is %s: the call is refused with why", (_, endTime) => {
  const row = { id: "r-1", model: "gpt-4o", startTime: 1_760_000_000, endTime };
  const [refused] = read(litellmReader("PHASE_EXECUTION"), [row]);
  expect(refused).toMatchObject({ line: 1, reason: "REQUEST_MALFORMED" });
  expect(JSON.stringify(refused)).toContain("the end time");
  expect(JSON.stringify(refused)).toContain("seconds, milliseconds, microseconds or nanoseconds");
});

test.each([
  ["seconds", 1_760_000_000.5, 1_760_000_002],
  ["milliseconds", 1_760_000_000_500, 1_760_000_002_000],
  ["microseconds", 1_760_000_000_500_000, 1_760_000_002_000_000],
  ["nanoseconds, as text", "1760000000500000000", "1760000002000000000"],
])("a log whose times are %s", (_, start_time, end_time) => {
  const row = { id: "o-1", model: "gpt-4o", type: "GENERATION", start_time, end_time };
  expect(outcomesOf(langfuseReader("PHASE_EXECUTION"), [row])).toMatchObject([
    { latencyMs: 1500, occurredAt: { seconds: 1_760_000_002n, nanos: 0 } },
  ]);
});
