import type { FaultReason } from "../../src/domain/kernel/fault-reason.ts";

/** A request that parses and is refused. The status is the one that the reason maps to. */
export interface RefusedValue {
  readonly what: string;
  readonly request: object;
  readonly reason: FaultReason;
  /** Keys that ErrorInfo's metadata must carry. */
  readonly metadata?: readonly string[];
}

export const EXECUTION = { phase: "PHASE_EXECUTION" };
export const SCOPE = { model: "gpt-4", ...EXECUTION };
export const LONG_NAME = "m".repeat(257);
export const LONG_REASON = "r".repeat(1025);
export const REVERSED = { start: "2026-01-02T00:00:00Z", end: "2026-01-01T00:00:00Z" };
export const NON_FINITE = ["NaN", "Infinity", "-Infinity"];
/** The base64url of "another list". */
const FOREIGN_PAGE_TOKEN = "YW5vdGhlciBsaXN0";

export function refused(what: string, request: object, reason: FaultReason): RefusedValue {
  return { what, request, reason };
}

/** A model's name that is none, in a request that is right otherwise. */
export function badNames(
  build: (name: string) => object,
  reason: FaultReason = "MODEL_NAME_INVALID",
): RefusedValue[] {
  return [
    refused("an empty name", build(""), reason),
    refused("a blank name", build("  "), reason),
    refused("a name with NUL", build("gpt\u00004"), reason),
    refused("a name with a line break", build("gpt\n4"), reason),
    refused("a name with DEL", build("gpt\u007f4"), reason),
    refused("a name with NEL, a control of Unicode", build("gpt\u00854"), reason),
    refused("a name with a line separator", build("gpt\u20284"), reason),
    refused("a name of 257 characters", build(LONG_NAME), reason),
  ];
}

export function badPhases(request: object): RefusedValue[] {
  return [
    refused("no phase", { ...request, phase: "PHASE_UNSPECIFIED" }, "PHASE_REQUIRED"),
    refused("a number that is no phase", { ...request, phase: 99 }, "PHASE_REQUIRED"),
  ];
}

export function badAttributes(request: object): RefusedValue[] {
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`key${i}`, "value"]));
  return [
    refused("17 attributes", { ...request, attributes: many }, "ATTRIBUTES_INVALID"),
    refused("an empty key", { ...request, attributes: { "": "x" } }, "ATTRIBUTES_INVALID"),
    refused(
      "an attribute of 257 characters",
      { ...request, attributes: { environment: LONG_NAME } },
      "ATTRIBUTES_INVALID",
    ),
    refused(
      "an attribute with a control character",
      { ...request, attributes: { agent: "a\u0007" } },
      "ATTRIBUTES_INVALID",
    ),
  ];
}

export function badPages(request: object): RefusedValue[] {
  return [
    refused("a negative page size", { ...request, pageSize: -1 }, "REQUEST_MALFORMED"),
    refused("a page token that is none", { ...request, pageToken: "!" }, "PAGE_TOKEN_INVALID"),
    refused(
      "a page token of another list",
      { ...request, pageToken: FOREIGN_PAGE_TOKEN },
      "PAGE_TOKEN_INVALID",
    ),
  ];
}

export function badScopes(request: object): RefusedValue[] {
  return [
    ...badNames((model) => ({ ...request, model })),
    ...badPhases(request),
    ...badAttributes(request),
    refused("a reversed window", { ...request, window: REVERSED }, "WINDOW_INVALID"),
    refused(
      "an empty window",
      { ...request, window: { start: REVERSED.start, end: REVERSED.start } },
      "WINDOW_INVALID",
    ),
  ];
}

const NUMBER_SETTINGS = ["temperature", "topP", "timeoutSeconds", "presencePenalty"];
const COUNT_SETTINGS = ["maxTokens", "maxRetries", "topK"];

export function badSettings(build: (settings: object) => object): RefusedValue[] {
  return [
    ...NUMBER_SETTINGS.flatMap((key) =>
      [...NON_FINITE, -3, 100_000].map((value) =>
        refused(`${key} ${value}`, build({ [key]: value }), "CONFIG_INVALID"),
      ),
    ),
    ...COUNT_SETTINGS.map((key) => refused(`${key} -1`, build({ [key]: -1 }), "CONFIG_INVALID")),
    refused("an unknown effort", build({ reasoningEffort: "huge" }), "CONFIG_INVALID"),
    refused("17 stops", build({ stopSequences: Array(17).fill("x") }), "CONFIG_INVALID"),
  ];
}

/** Ids that nobody was given. */
export function unknownIds(field: string, reason: FaultReason): RefusedValue[] {
  return [
    refused("no id", {}, reason),
    refused("an unknown id", { [field]: "nobody" }, reason),
    refused("an id of 100,000 characters", { [field]: "r".repeat(100_000) }, reason),
  ];
}
