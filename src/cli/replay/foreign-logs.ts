import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Line } from "./lines.ts";
import { type ForeignCall, objectAt, outcomeOfCall, textAt, valueAt } from "./mapped-outcome.ts";
import type { OutcomeLine, RejectedLine } from "./outcome-line.ts";

/** Reads the outcome of a line or record; undefined for one that holds none. */
export type LineReader = (line: Line) => OutcomeLine | RejectedLine | undefined;

/** Types of Langfuse observations that are calls to a model. */
const LANGFUSE_CALLS = new Set(["GENERATION", "generation"]);

/** LiteLLM: standard logging payloads or rows of the spend log, an object a record. */
export function litellmReader(phase: string): LineReader {
  return objectReader(phase, (row) => {
    const metadata = objectAt(row, "metadata");
    const parameters = {
      ...objectAt(row, "model_parameters"),
      ...objectAt(row, "optional_params"),
    };
    const usage = objectAt(metadata, "usage_object");
    const failure = textAt(row, "error_str", "exception", "error_message");
    const status = textAt(row, "status") ?? textAt(metadata, "status") ?? "success";
    return {
      id: textAt(row, "id", "request_id", "litellm_call_id"),
      model: textAt(row, "model", "model_group"),
      isOk: status === "success" && failure === undefined,
      failure: failure ?? textAt(objectAt(row, "error_information"), "error_class", "error_code"),
      startedAt: valueAt(row, "startTime"),
      endedAt: valueAt(row, "endTime"),
      inputTokens: valueAt(row, "prompt_tokens"),
      outputTokens: valueAt(row, "completion_tokens"),
      cachedInputTokens: valueAt(objectAt(usage, "prompt_tokens_details"), "cached_tokens"),
      reasoningTokens: valueAt(objectAt(usage, "completion_tokens_details"), "reasoning_tokens"),
      costUsd: valueAt(row, "response_cost", "spend"),
      parameters,
      unit: textAt(row, "session_id", "trace_id"),
      environment: undefined,
      scores: {},
    };
  });
}

/** Langfuse: observations as the API or the export writes them, an object a record; those that are no calls are left out. */
export function langfuseReader(phase: string): LineReader {
  return objectReader(phase, (row) => {
    const type = textAt(row, "type");
    if (type !== undefined && !LANGFUSE_CALLS.has(type)) return undefined;
    const usage = { ...objectAt(row, "usage"), ...objectAt(row, "usageDetails") };
    const details = { ...usage, ...objectAt(row, "usage_details") };
    const costs = { ...objectAt(row, "costDetails"), ...objectAt(row, "cost_details") };
    const level = textAt(row, "level") ?? "DEFAULT";
    return {
      id: textAt(row, "id"),
      model: textAt(row, "model", "provided_model_name", "providedModelName"),
      isOk: level !== "ERROR",
      failure: textAt(row, "statusMessage", "status_message"),
      startedAt: valueAt(row, "startTime", "start_time"),
      endedAt: valueAt(row, "endTime", "end_time"),
      inputTokens: valueAt(details, "input", "promptTokens"),
      outputTokens: valueAt(details, "output", "completionTokens"),
      cachedInputTokens: undefined,
      reasoningTokens: undefined,
      costUsd:
        valueAt(costs, "total") ?? valueAt(row, "calculatedTotalCost", "total_cost", "totalCost"),
      parameters: { ...objectAt(row, "modelParameters"), ...objectAt(row, "model_parameters") },
      unit: textAt(row, "sessionId", "session_id", "traceId", "trace_id"),
      environment: textAt(row, "environment"),
      scores: {},
    };
  });
}

/** Reads a record that is one object. */
function objectReader(
  phase: string,
  callOf: (row: JsonObject) => ForeignCall | undefined,
): LineReader {
  return (line) => {
    const malformed = (message: string): RejectedLine => ({
      line: line.number,
      reason: "REQUEST_MALFORMED",
      message,
    });
    if (line.problem !== undefined) return malformed(line.problem);
    let json: JsonValue;
    try {
      json = JSON.parse(line.text) as JsonValue;
    } catch (error) {
      return malformed(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (typeof json !== "object" || json === null || Array.isArray(json))
      return malformed("not an object");
    const call = callOf(json);
    return call && outcomeOfCall(call, { number: line.number, bytes: line.text.length }, phase);
  };
}
