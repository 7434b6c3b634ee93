import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { timeMs } from "./log-time.ts";
import { type OutcomeLine, outcomeFromJson, type RejectedLine } from "./outcome-line.ts";

/** What another program's log says of one call, in the words of an outcome. Absent is what the log does not say. */
export interface ForeignCall {
  readonly id: string | undefined;
  readonly model: string | undefined;
  readonly isOk: boolean;
  /** How it failed, where that is known: a text in which "timeout" or "429" is found. */
  readonly failure: string | undefined;
  readonly startedAt: JsonValue | undefined;
  readonly endedAt: JsonValue | undefined;
  readonly inputTokens: JsonValue | undefined;
  readonly outputTokens: JsonValue | undefined;
  readonly cachedInputTokens: JsonValue | undefined;
  readonly reasoningTokens: JsonValue | undefined;
  readonly costUsd: JsonValue | undefined;
  /** Parameters of the request, in its own names. */
  readonly parameters: JsonObject;
  readonly unit: string | undefined;
  readonly environment: string | undefined;
  readonly scores: JsonObject;
}

/** Characters of a wrong value that a message repeats. */
const SHOWN_MAX = 64;

/** Parameters by the name that providers use, and ours. */
const SETTINGS: Readonly<Record<string, string>> = {
  temperature: "temperature",
  max_tokens: "maxTokens",
  max_completion_tokens: "maxTokens",
  max_output_tokens: "maxTokens",
  maxTokens: "maxTokens",
  top_p: "topP",
  topP: "topP",
  frequency_penalty: "frequencyPenalty",
  presence_penalty: "presencePenalty",
  seed: "seed",
};

/** The outcome of a call that another program logged, or why it is none. Calls are counted for `phase`, which logs do not know. */
export function outcomeOfCall(
  call: ForeignCall,
  line: { readonly number: number; readonly bytes: number },
  phase: string,
): OutcomeLine | RejectedLine {
  if (call.id === undefined || call.model === undefined) {
    const missing = call.id === undefined ? "id" : "model";
    return { line: line.number, reason: "OUTCOME_INVALID", message: `the call has no ${missing}` };
  }
  const startedMs = timeMs(call.startedAt);
  const endedMs = timeMs(call.endedAt);
  if (startedMs === "impossible") return impossibleTime(line.number, "start", call.startedAt);
  if (endedMs === "impossible") return impossibleTime(line.number, "end", call.endedAt);
  const json: JsonObject = {
    outcomeId: call.id.slice(0, 128),
    externalRef: call.id.slice(0, 256),
    model: call.model,
    phase,
    status: statusOf(call),
    settings: settingsOf(call.parameters),
    scores: call.scores,
    ...(call.unit === undefined ? {} : { unit: call.unit.slice(0, 256) }),
    ...(call.environment === undefined ? {} : { attributes: { environment: call.environment } }),
    ...(endedMs === undefined ? {} : { occurredAt: new Date(endedMs).toISOString() }),
    ...(startedMs === undefined || endedMs === undefined
      ? {}
      : { latencyMs: Math.max(0, endedMs - startedMs) }),
    ...numbers(call),
  };
  return outcomeFromJson(json, line.number, line.bytes);
}

/** An id for a line that has none: the same whenever the same line of the same place is read. */
export function idOfLine(number: number, text: string): string {
  return `line-${createHash("sha256").update(`${number}\n${text}`).digest("hex").slice(0, 32)}`;
}

/** An object's property that is an object; an empty one where it is none. A text that holds JSON counts as what it holds. */
export function objectAt(json: JsonObject, name: string): JsonObject {
  const value = json[name];
  if (typeof value === "string" && value.startsWith("{")) {
    try {
      return asObject(JSON.parse(value) as JsonValue);
    } catch {
      return {};
    }
  }
  return asObject(value);
}

/** The first of some properties that is a text with something in it. */
export function textAt(json: JsonObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = json[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** The first of some properties that is there. */
export function valueAt(json: JsonObject, ...names: readonly string[]): JsonValue | undefined {
  for (const name of names) {
    const value = json[name];
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

function asObject(value: JsonValue | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function statusOf({ isOk, failure = "" }: ForeignCall): string {
  if (isOk) return "OUTCOME_STATUS_OK";
  if (/time.?out|timed out/i.test(failure)) return "OUTCOME_STATUS_TIMEOUT";
  if (/rate.?limit|429|quota/i.test(failure)) return "OUTCOME_STATUS_RATE_LIMITED";
  if (/unsupported.?param|bad.?request|invalid.?request/i.test(failure))
    return "OUTCOME_STATUS_REJECTED_PARAM";
  return "OUTCOME_STATUS_MODEL_ERROR";
}

function settingsOf(parameters: JsonObject): JsonObject {
  const settings: JsonObject = {};
  for (const [name, value] of Object.entries(parameters)) {
    const own = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    const number = numberOf(value);
    if (own !== undefined && number !== undefined) settings[own] = number;
  }
  return settings;
}

function numbers(call: ForeignCall): JsonObject {
  const found: JsonObject = {};
  for (const name of [
    "inputTokens",
    "outputTokens",
    "cachedInputTokens",
    "reasoningTokens",
  ] as const) {
    const count = numberOf(call[name]);
    if (count !== undefined) found[name] = Math.round(count);
  }
  // A cost of nothing is how logs write one that they do not know; the catalog's price knows better.
  const costUsd = numberOf(call.costUsd);
  if (costUsd !== undefined && costUsd > 0) found["costUsd"] = costUsd;
  return found;
}

function numberOf(value: JsonValue | undefined): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function impossibleTime(line: number, which: string, value: JsonValue | undefined): RejectedLine {
  const shown = JSON.stringify(value).slice(0, SHOWN_MAX);
  const message = `the ${which} time ${shown} is none of 1973 to 5138, neither as text such as 2026-11-01T10:00:00Z nor as seconds, milliseconds, microseconds or nanoseconds since 1970`;
  return { line, reason: "REQUEST_MALFORMED", message };
}
