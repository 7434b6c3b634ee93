import { REFUSED_ANALYSIS } from "./refused-analysis.ts";
import { REFUSED_EXPERIMENTS } from "./refused-experiments.ts";
import { REFUSED_HISTORY } from "./refused-history.ts";
import {
  badAttributes,
  badNames,
  badPages,
  badPhases,
  badScopes,
  badSettings,
  EXECUTION,
  LONG_NAME,
  LONG_REASON,
  type RefusedValue,
  refused,
  SCOPE,
  unknownIds,
} from "./refused-parts.ts";

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
  ...REFUSED_HISTORY,
  "OutcomeService/ReportOutcomes": [
    refused("1001 outcomes", { outcomes: Array(1001).fill({}) }, "BATCH_TOO_LARGE"),
  ],
  "AdminService/Backup": [
    refused("a relative path", { directory: "backup" }, "BACKUP_REFUSED"),
    refused("a directory that is not empty", { directory: "/" }, "BACKUP_REFUSED"),
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
  ...REFUSED_ANALYSIS,
  ...REFUSED_EXPERIMENTS,
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
