import type { ParamRule } from "./param-rule.ts";

const apis = ["anthropic.messages"] as const;
const MESSAGES = "https://docs.claude.com/en/api/messages";
const SDK =
  "https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts";
const VERSIONS = "https://docs.claude.com/en/api/versioning";
const THINKING = "https://docs.claude.com/en/docs/build-with-claude/extended-thinking";
const asOf = "2026-11-22";

/** The version that took sampling parameters away from every model. */
const ANTHROPIC_WITHOUT_SAMPLING = "2026-10-21";
/** The version that still has them, sent where the caller names none. */
export const ANTHROPIC_DEFAULT_VERSION = "2023-06-01";

/** Versions that settings can be rendered for. */
export const ANTHROPIC_VERSIONS = [ANTHROPIC_DEFAULT_VERSION, ANTHROPIC_WITHOUT_SAMPLING] as const;

/** Everything but the models up to 4.6: an unknown Claude is taken for a new one. */
const NEW_CLAUDE =
  /(?:^|[./])claude-(?!instant|2|3|(?:opus|sonnet|haiku)-4(?:-[0156])?(?:-\d{8})?$)/;

const noSampling = { apis, effect: { kind: "omit" }, asOf } as const;

const removed = {
  ...noSampling,
  apiVersions: [ANTHROPIC_WITHOUT_SAMPLING],
  reason: "UNSUPPORTED_BY_API_VERSION",
  evidence: VERSIONS,
} as const;

const refused = {
  ...noSampling,
  model: NEW_CLAUDE,
  reason: "UNSUPPORTED_BY_MODEL",
  evidence: SDK,
} as const;

const whileThinking = {
  ...noSampling,
  reasoning: ["on"],
  reason: "REQUIRES_EFFORT_NONE",
  evidence: THINKING,
} as const;

export const ANTHROPIC_RULES: readonly ParamRule[] = [
  {
    ...removed,
    id: "anthropic-version-temperature",
    param: "temperature",
    message: "this version of the API refuses temperature for every model",
  },
  {
    ...removed,
    id: "anthropic-version-top-p",
    param: "topP",
    message: "this version of the API refuses top_p for every model",
  },
  {
    ...removed,
    id: "anthropic-version-top-k",
    param: "topK",
    message: "this version of the API refuses top_k for every model",
  },
  {
    ...refused,
    id: "anthropic-new-temperature",
    param: "temperature",
    message: "models after Claude Opus 4.6 take no temperature",
  },
  {
    ...refused,
    id: "anthropic-new-top-p",
    param: "topP",
    message: "models after Claude Opus 4.6 take no top_p",
  },
  {
    ...refused,
    id: "anthropic-new-top-k",
    param: "topK",
    message: "models after Claude Opus 4.6 take no top_k",
  },
  {
    ...whileThinking,
    id: "anthropic-thinking-temperature",
    param: "temperature",
    message: "temperature is refused while the model thinks",
  },
  {
    ...whileThinking,
    id: "anthropic-thinking-top-p",
    param: "topP",
    message: "top_p is refused while the model thinks",
  },
  {
    ...whileThinking,
    id: "anthropic-thinking-top-k",
    param: "topK",
    message: "top_k is refused while the model thinks",
  },
  {
    id: "anthropic-temperature-range",
    apis,
    param: "temperature",
    effect: { kind: "range", min: 0, max: 1 },
    reason: "CLAMPED_TO_RANGE",
    message: "temperature is 0 to 1",
    evidence: MESSAGES,
    asOf,
  },
  {
    id: "anthropic-top-p-range",
    apis,
    param: "topP",
    effect: { kind: "range", min: 0, max: 1 },
    reason: "CLAMPED_TO_RANGE",
    message: "top_p is 0 to 1",
    evidence: MESSAGES,
    asOf,
  },
];
