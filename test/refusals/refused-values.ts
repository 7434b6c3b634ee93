import type { FaultReason } from "../../src/domain/kernel/fault-reason.ts";

/** A request that parses and is refused. The status is the one that the reason maps to. */
export interface RefusedValue {
  readonly what: string;
  readonly request: object;
  readonly reason: FaultReason;
  /** Keys that ErrorInfo's metadata must carry. */
  readonly metadata?: readonly string[];
}

const EXECUTION = { phase: "PHASE_EXECUTION" };
const SCOPE = { model: "gpt-4", ...EXECUTION };
const LONG_NAME = "m".repeat(257);
const LONG_REASON = "r".repeat(1025);
const REVERSED = { start: "2026-01-02T00:00:00Z", end: "2026-01-01T00:00:00Z" };
const NON_FINITE = ["NaN", "Infinity", "-Infinity"];
/** The base64url of "another list". */
const FOREIGN_PAGE_TOKEN = "YW5vdGhlciBsaXN0";

function refused(what: string, request: object, reason: FaultReason): RefusedValue {
  return { what, request, reason };
}

/** A model's name that is none, in a request that is right otherwise. */
function badNames(
  build: (name: string) => object,
  reason: FaultReason = "MODEL_NAME_INVALID",
): RefusedValue[] {
  return [
    refused("an empty name", build(""), reason),
    refused("a blank name", build("  "), reason),
    refused("a name with NUL", build("gpt\u00004"), reason),
    refused("a name with a line break", build("gpt\n4"), reason),
    refused("a name with DEL", build("gpt\u007f4"), reason),
    refused("a name of 257 characters", build(LONG_NAME), reason),
  ];
}

function badPhases(request: object): RefusedValue[] {
  return [
    refused("no phase", { ...request, phase: "PHASE_UNSPECIFIED" }, "PHASE_REQUIRED"),
    refused("a number that is no phase", { ...request, phase: 99 }, "PHASE_REQUIRED"),
  ];
}

function badAttributes(request: object): RefusedValue[] {
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

function badPages(request: object): RefusedValue[] {
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

function badScopes(request: object): RefusedValue[] {
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

function badSettings(build: (settings: object) => object): RefusedValue[] {
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

function put(config: object): object {
  return { config: { modelName: "gpt-4", ...config } };
}

function badConfigs(): RefusedValue[] {
  const phase = (settings: object) => put({ phases: [{ phase: "PHASE_PLANNING", settings }] });
  const invalid = (what: string, config: object) => refused(what, put(config), "CONFIG_INVALID");
  return [
    ...badSettings(phase),
    ...badNames((modelName) => ({ config: { modelName } }), "CONFIG_INVALID"),
    refused("no config", {}, "CONFIG_INVALID"),
    invalid("a phase entry without a phase", { phases: [{ settings: { temperature: 1 } }] }),
    invalid("a phase twice", { phases: Array(2).fill({ phase: "PHASE_PLANNING" }) }),
    invalid("a context of 0", { limits: { contextWindow: 0 } }),
    invalid("-1 iterations", { limits: { maxIterations: -1 } }),
    invalid("-1 parallel calls", { limits: { maxParallelCalls: -1 } }),
    invalid("-1 retries", { retryPolicy: { maxRetries: -1 } }),
    invalid("a backoff that is no number", { retryPolicy: { backoffMultiplier: "NaN" } }),
    invalid("a negative delay", { retryPolicy: { initialDelayMs: -1 } }),
    invalid("a number that is no capability", { capabilities: [99] }),
    invalid("a description of 5000 characters", { description: "d".repeat(5000) }),
    invalid("65 tips", { optimizationTips: Array(65).fill("tip") }),
  ];
}

/** Types of templates that nobody stored, or that are no types. */
const badPromptTypes: readonly RefusedValue[] = ["nobodys", "", "No Type", "t".repeat(65)].map(
  (type) => ({
    what: `the type ${JSON.stringify(type.slice(0, 10))}`,
    request: { model: "gpt-4", type },
    reason: "PROMPT_NOT_FOUND",
    metadata: ["model", "type", "types"],
  }),
);

function badTemplates(): RefusedValue[] {
  const invalid = (what: string, template: object, more: object = {}) =>
    refused(
      what,
      { template: { model: "gpt-4", type: "system", text: "x", ...template }, ...more },
      "PROMPT_INVALID",
    );
  const many = Array.from({ length: 65 }, (_, i) => `{{v${i}}}`).join("");
  return [
    invalid("no type", { type: "" }),
    invalid("a type with a space", { type: "my type" }),
    invalid("a type of 65 characters", { type: "t".repeat(65) }),
    invalid("braces without a name", { text: "{{" }),
    invalid("a section", { text: "{{#each}}" }),
    invalid("65 variables", { text: many }),
    invalid("a text of 100,001 characters", { text: "x".repeat(100_001) }),
    invalid("a reason of 1025 characters", {}, { reason: LONG_REASON }),
  ];
}

/** Ids that nobody was given. */
function unknownIds(field: string, reason: FaultReason): RefusedValue[] {
  return [
    refused("no id", {}, reason),
    refused("an unknown id", { [field]: "nobody" }, reason),
    refused("an id of 100,000 characters", { [field]: "r".repeat(100_000) }, reason),
  ];
}

function unknownVersions(request: object): RefusedValue[] {
  return ["", "nobodys", "v".repeat(100_000)].map((version) => ({
    what: `the version ${JSON.stringify(version.slice(0, 10))}`,
    request: { ...request, version },
    reason: "VERSION_NOT_FOUND",
    metadata: ["model", "version", "suggestions"],
  }));
}

function badComparands(): RefusedValue[] {
  const right = { live: { model: "gpt-4" } };
  const left = (what: string, comparand: object, reason: FaultReason) =>
    refused(what, { left: comparand, right }, reason);
  return [
    refused("nothing to compare", {}, "COMPARAND_INVALID"),
    left("one side without a source", {}, "COMPARAND_INVALID"),
    left(
      "a revision to come",
      { revision: { model: "gpt-4", revision: 2 ** 53 } },
      "COMPARAND_INVALID",
    ),
    left(
      "a negative revision",
      { revision: { model: "gpt-4", revision: -1 } },
      "COMPARAND_INVALID",
    ),
    left("an unknown version", { version: { model: "gpt-4", version: "x" } }, "VERSION_NOT_FOUND"),
    left("an unknown snapshot", { snapshotId: "nobody" }, "SNAPSHOT_NOT_FOUND"),
    left(
      "a snapshot's id of 100,000 characters",
      { snapshotId: "s".repeat(100_000) },
      "SNAPSHOT_NOT_FOUND",
    ),
    left("a version of no model", { version: { version: "v1" } }, "MODEL_NAME_INVALID"),
    left("a live scope of no model", { live: {} }, "MODEL_NAME_INVALID"),
    ...badAttributes({}).map(({ what, request, reason }) =>
      left(what, { live: { model: "gpt-4", ...request } }, reason),
    ),
  ];
}

function badOverrides(): RefusedValue[] {
  const override = (more: object) => ({ override: { model: "gpt-4", ...more } });
  const settings = { temperature: 0.5 };
  const keys = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`key${i}`, "value"]));
  return [
    refused("no override", {}, "CONFIG_INVALID"),
    refused("one that does nothing", override({}), "CONFIG_INVALID"),
    refused("9 keys", override({ settings, selector: keys }), "CONFIG_INVALID"),
    refused("an empty key", override({ settings, selector: { "": "x" } }), "CONFIG_INVALID"),
    refused("a number that is no phase", override({ settings, phase: 99 }), "PHASE_REQUIRED"),
    ...badSettings((bad) => override({ settings: bad })),
    ...badNames((model) => override({ model, settings })).slice(2),
    refused(
      "a reason of 1025 characters",
      { ...override({ settings }), reason: LONG_REASON },
      "CONFIG_INVALID",
    ),
  ];
}

/** Requests that must be refused, of every method. A method without anything to refuse has an empty list. */
export const REFUSED_VALUES: Readonly<Record<string, readonly RefusedValue[]>> = {
  "ConfigService/ResolveConfig": [
    ...badNames((model) => ({ model, ...EXECUTION })),
    ...badPhases(SCOPE),
    ...badAttributes(SCOPE),
    refused("a unit of 257 characters", { ...SCOPE, unit: LONG_NAME }, "ATTRIBUTES_INVALID"),
    ...badSettings((callSettings) => ({ ...SCOPE, callSettings })),
    {
      what: "a model that is not known",
      request: { ...SCOPE, model: "gpt-44", requireKnown: true },
      reason: "MODEL_NOT_FOUND",
      metadata: ["model", "suggestions"],
    },
  ],
  "ConfigService/BatchResolveConfigs": [
    refused("1001 requests", { requests: Array(1001).fill(SCOPE) }, "BATCH_TOO_LARGE"),
  ],
  "ConfigService/WatchConfigs": [
    refused("65 keys", { keys: Array(65).fill(SCOPE) }, "BATCH_TOO_LARGE"),
    ...badNames((model) => ({ keys: [{ model, ...EXECUTION }] })),
    ...badPhases({}).map(({ request, ...rest }) => ({
      ...rest,
      request: { keys: [{ model: "gpt-4", ...request }] },
    })),
    refused("a negative revision", { revision: -1 }, "REQUEST_MALFORMED"),
    refused("a negative heartbeat", { heartbeatSeconds: -1 }, "REQUEST_MALFORMED"),
  ],
  "ConfigService/GetLLMParams": [
    ...badNames((model) => ({ model, ...EXECUTION, mode: "RENDER_MODE_RAW" })),
    ...badPhases({ ...SCOPE, mode: "RENDER_MODE_RAW" }),
    ...badAttributes({ ...SCOPE, mode: "RENDER_MODE_RAW" }),
    {
      what: "a model that is not known",
      request: { ...SCOPE, model: "gpt-44", requireKnown: true, mode: "RENDER_MODE_RAW" },
      reason: "MODEL_NOT_FOUND",
      metadata: ["model", "suggestions"],
    },
    refused(
      "65 additional parameters",
      {
        ...SCOPE,
        mode: "RENDER_MODE_RAW",
        additionalParams: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, i])),
      },
      "REQUEST_MALFORMED",
    ),
    refused("a negative prompt", { ...SCOPE, promptTokens: -1 }, "REQUEST_MALFORMED"),
    refused("an unknown API", { ...SCOPE, api: "openai.completions" }, "API_UNKNOWN"),
    refused(
      "an unknown version of an API",
      { ...SCOPE, api: "anthropic.messages", apiVersion: "2020-01-01" },
      "API_UNKNOWN",
    ),
    refused(
      "a version of an API without versions",
      { ...SCOPE, api: "openai.chat", apiVersion: "2023-06-01" },
      "API_UNKNOWN",
    ),
    refused("a number that is no mode", { ...SCOPE, mode: 9 }, "RENDER_MODE_UNSUPPORTED"),
    {
      what: "settings that the model does not take, strictly",
      request: { ...SCOPE, model: "gpt-6-astra", mode: "RENDER_MODE_STRICT" },
      reason: "RENDER_REFUSED",
      metadata: ["api", "params"],
    },
  ],
  "ModelService/ListModels": [
    ...badPages({}),
    refused("an unknown lifecycle", { lifecycle: "alive" }, "REQUEST_MALFORMED"),
  ],
  "ModelService/GetModelConfig": [
    ...badNames((model) => ({ model })),
    {
      what: "a model that is not known",
      request: { model: "gpt-44" },
      reason: "MODEL_NOT_FOUND",
      metadata: ["model", "suggestions"],
    },
  ],
  "ModelService/PutModelConfig": [
    ...badConfigs(),
    refused(
      "a reason of 1025 characters",
      { ...put({ displayName: "x" }), reason: LONG_REASON },
      "CONFIG_INVALID",
    ),
    {
      what: "a stale etag",
      request: { ...put({ displayName: "x" }), etag: "stale" },
      reason: "ETAG_STALE",
      metadata: ["model", "etag"],
    },
  ],
  "ModelService/DeleteModelConfig": [
    ...badNames((model) => ({ model })),
    refused("a model with nothing stored", { model: "gpt-4" }, "MODEL_NOT_FOUND"),
    refused(
      "a reason of 1025 characters",
      { model: "gpt-4", reason: LONG_REASON },
      "REQUEST_MALFORMED",
    ),
  ],
  "ModelService/ListPhases": [],
  "ModelService/ResolveModelName": badNames((name) => ({ name })),
  "ModelService/DetectCapabilities": badNames((model) => ({ model })),
  // What is wrong with a config is its answer, not its error.
  "ModelService/ValidateConfig": [
    refused(
      "a bound that is no number",
      { ...put({}), constraints: { maxTemperature: "NaN" } },
      "REQUEST_MALFORMED",
    ),
    refused(
      "bounds that cross",
      { ...put({}), constraints: { minTemperature: 1, maxTemperature: 0 } },
      "REQUEST_MALFORMED",
    ),
    refused(
      "65 allowed models",
      { ...put({}), constraints: { allowedModels: Array(65).fill("gpt-4") } },
      "REQUEST_MALFORMED",
    ),
  ],
  "ModelService/GetPromptTemplate": [
    ...badPromptTypes,
    ...badNames((model) => ({ model, type: "system" })).slice(1),
  ],
  "ModelService/PutPromptTemplate": [
    refused("no template", {}, "PROMPT_INVALID"),
    ...badTemplates(),
    ...badNames((model) => ({ template: { model, type: "system", text: "x" } })).slice(1),
    {
      what: "a stale etag",
      request: { template: { model: "gpt-4", type: "system", text: "x" }, etag: "stale" },
      reason: "ETAG_STALE",
      metadata: ["model", "type", "etag"],
    },
  ],
  "ModelService/RenderPrompt": [
    ...badPromptTypes,
    ...badNames((model) => ({ model, type: "system" })).slice(1),
    {
      what: "no values",
      request: { model: "gpt-4", type: "system" },
      reason: "PROMPT_VARIABLES_MISSING",
      metadata: ["variables"],
    },
    refused(
      "65 values",
      {
        model: "gpt-4",
        type: "system",
        variables: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`v${i}`, "x"])),
      },
      "PROMPT_INVALID",
    ),
    refused(
      "a value of 100,001 characters",
      { model: "gpt-4", type: "system", variables: { role: "x".repeat(100_001) } },
      "PROMPT_INVALID",
    ),
  ],
  "ModelService/GetEnvironmentConfig": [],
  "ModelService/GetCatalogInfo": [],
  "HistoryService/GetCurrentConfig": [
    ...badNames((model) => ({ model })),
    refused("a number that is no phase", { ...SCOPE, phase: 99 }, "PHASE_REQUIRED"),
    ...badAttributes(SCOPE),
  ],
  "HistoryService/GetHistory": [
    ...badPages({}),
    refused("a reversed window", REVERSED, "WINDOW_INVALID"),
    refused("a number that is no phase", { phase: 99 }, "PHASE_REQUIRED"),
    refused("a name of 257 characters", { model: LONG_NAME }, "MODEL_NAME_INVALID"),
  ],
  "HistoryService/RecordSnapshot": [
    ...badNames((model) => ({ model })),
    ...badAttributes(SCOPE),
    refused("a number that is no phase", { ...SCOPE, phase: 99 }, "PHASE_REQUIRED"),
    refused(
      "17 entries of metadata",
      {
        ...SCOPE,
        metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, "v"])),
      },
      "ATTRIBUTES_INVALID",
    ),
    refused("a reason of 1025 characters", { ...SCOPE, reason: LONG_REASON }, "REQUEST_MALFORMED"),
  ],
  "HistoryService/CompareConfigs": badComparands(),
  "HistoryService/SaveConfigVersion": [
    ...badNames((model) => ({ model, version: "v1" })),
    refused("no version", { model: "gpt-4" }, "VERSION_NAME_INVALID"),
    refused("a slash", { model: "gpt-4", version: "v/1" }, "VERSION_NAME_INVALID"),
    refused("a space", { model: "gpt-4", version: "v 1" }, "VERSION_NAME_INVALID"),
    refused("129 characters", { model: "gpt-4", version: "v".repeat(129) }, "VERSION_NAME_INVALID"),
    refused("the name latest", { model: "gpt-4", version: "latest" }, "VERSION_NAME_INVALID"),
    refused("a model that is not known", { model: "gpt-44", version: "v1" }, "MODEL_NOT_FOUND"),
    refused(
      "a reason of 1025 characters",
      { model: "gpt-4", version: "v1", reason: LONG_REASON },
      "REQUEST_MALFORMED",
    ),
  ],
  "HistoryService/LoadConfigVersion": [
    ...badNames((model) => ({ model, version: "v1" })),
    ...unknownVersions({ model: "gpt-4" }),
  ],
  "HistoryService/ListConfigVersions": [
    ...badNames((model) => ({ model })),
    ...badPages({ model: "gpt-4" }),
  ],
  "HistoryService/DeleteConfigVersion": [
    ...badNames((model) => ({ model, version: "v1" })),
    ...unknownVersions({ model: "gpt-4" }),
  ],
  "HistoryService/SetLabel": [
    ...badNames((model) => ({ model, label: "production", version: "v1" })),
    refused("no label", { model: "gpt-4", version: "v1" }, "LABEL_INVALID"),
    refused("the label head", { model: "gpt-4", label: "head", version: "v1" }, "LABEL_INVALID"),
    refused("a label of digits", { model: "gpt-4", label: "17", version: "v1" }, "LABEL_INVALID"),
    {
      what: "a label that is not where it is expected",
      request: { model: "gpt-4", label: "production", version: "v1", expectedVersion: "v0" },
      reason: "ETAG_STALE",
      metadata: ["model", "label", "version"],
    },
    refused(
      "an unknown version",
      { model: "gpt-4", label: "production", version: "nobodys" },
      "VERSION_NOT_FOUND",
    ),
  ],
  "HistoryService/Rollback": [
    ...badNames((model) => ({ model, version: "v1" })),
    ...unknownVersions({ model: "gpt-4" }),
    refused("no target", { model: "gpt-4" }, "REQUEST_MALFORMED"),
    refused("a negative revision", { model: "gpt-4", revision: -1 }, "REQUEST_MALFORMED"),
    refused("a revision to come", { model: "gpt-4", revision: 2 ** 53 }, "REQUEST_MALFORMED"),
    {
      what: "a stale etag",
      request: { model: "gpt-4", revision: 0, etag: "stale" },
      reason: "ETAG_STALE",
      metadata: ["model", "etag"],
    },
  ],
  "HistoryService/PutOverride": badOverrides(),
  "HistoryService/DeleteOverride": unknownIds("overrideId", "OVERRIDE_NOT_FOUND"),
  "HistoryService/ListOverrides": [...badNames((model) => ({ model })).slice(1), ...badPages({})],
  "HistoryService/ExportConfigs": [
    refused("an unknown format", { format: "xml" }, "FORMAT_INVALID"),
    ...badNames((model) => ({ models: [model] })),
  ],
  "HistoryService/ImportConfigs": [
    refused("no YAML", { content: "a: [" }, "FORMAT_INVALID"),
    refused("nothing", {}, "FORMAT_INVALID"),
    refused("another document", { content: "a: 1" }, "CONFIG_INVALID"),
    refused(
      "a config out of range",
      { content: "format: attuned/v1\nconfigs: [{model_name: m, limits: {max_iterations: 0}}]" },
      "CONFIG_INVALID",
    ),
    refused(
      "a reason of 1025 characters",
      { content: "format: attuned/v1", reason: LONG_REASON },
      "REQUEST_MALFORMED",
    ),
  ],
  "OutcomeService/ReportOutcomes": [
    refused("1001 outcomes", { outcomes: Array(1001).fill({}) }, "BATCH_TOO_LARGE"),
  ],
  "OutcomeService/ReportFeedback": [
    refused(
      "1001 items",
      {
        feedback: Array.from({ length: 1001 }, () => ({ outcomeId: "o", scores: { quality: 1 } })),
      },
      "BATCH_TOO_LARGE",
    ),
  ],
  "OutcomeService/StreamOutcomes": [
    refused(
      "1001 outcomes in one message",
      { outcomes: Array.from({ length: 1001 }, () => ({})) },
      "BATCH_TOO_LARGE",
    ),
  ],
  "OutcomeService/GetMetrics": [...badScopes(SCOPE), ...badPages(SCOPE)],
  "AnalysisService/AnalyzeParameterImpact": [
    ...badScopes({ ...SCOPE, parameter: "temperature" }),
    refused("no parameter", SCOPE, "PARAMETER_INVALID"),
    refused("an unknown parameter", { ...SCOPE, parameter: "mood" }, "PARAMETER_INVALID"),
    refused(
      "an unknown metric",
      { ...SCOPE, parameter: "temperature", metric: "mood" },
      "METRIC_INVALID",
    ),
  ],
  "AnalysisService/FindOptimalTemperature": [
    ...badScopes(SCOPE),
    refused("an unknown metric", { ...SCOPE, metric: "mood" }, "METRIC_INVALID"),
  ],
  "AnalysisService/DetectDrift": [
    ...badScopes(SCOPE).filter(({ reason }) => reason !== "WINDOW_INVALID"),
    ...[...NON_FINITE, -1, 1.5].map((threshold) =>
      refused(`a threshold of ${threshold}`, { ...SCOPE, threshold }, "THRESHOLD_INVALID"),
    ),
  ],
  "AnalysisService/ListDrifts": badPages({}),
  "OptimizerService/ListRecommendations": [
    ...badPages({}),
    refused("a number that is no phase", { phase: 99 }, "PHASE_REQUIRED"),
  ],
  "OptimizerService/GetRecommendation": unknownIds("recommendationId", "RECOMMENDATION_NOT_FOUND"),
  "OptimizerService/DismissRecommendation": unknownIds(
    "recommendationId",
    "RECOMMENDATION_NOT_FOUND",
  ),
  "OptimizerService/GetLoopStatus": [],
  "OptimizerService/RunLoop": [],
  "AdminService/GetStatus": [],
};
