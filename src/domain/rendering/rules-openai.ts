import type { ParamRule } from "./param-rule.ts";

const CHAT = ["openai.chat"] as const;
const BOTH = ["openai.chat", "openai.responses"] as const;
const REASONING_GUIDE = "https://developers.openai.com/api/docs/guides/reasoning";
const LATEST_GUIDE = "https://platform.openai.com/docs/guides/latest-model";
const AI_SDK = "https://github.com/vercel/ai/blob/main/packages/openai/src/openai-model-catalog.ts";
const asOf = "2026-11-22";

/** Reasons before every answer and cannot stop; gpt-5-chat answers at once. */
const ALWAYS =
  /^(?:o[1-9]|gpt-5(?:-(?!chat)|$)|gpt-6-astra|gpt-6\.1-sol|gpt-[\d.]+(?:-[a-z]+)?-pro)/;
/** Can reason, and stops when told to. Unknown newer models are taken for the same kind. */
const STOPPABLE = /^gpt-(?:5\.[1-9]|[6-9]|\d\d)/;
const REASONING = /^(?:o[1-9]|gpt-(?:5(?:-(?!chat)|$)|5\.|[6-9]|\d\d)|codex)/;
const SEARCH = /^gpt-4o(?:-mini)?-search-preview/;

const noSampling = {
  apis: BOTH,
  effect: { kind: "omit" },
  evidence: REASONING_GUIDE,
  asOf,
} as const;

export const OPENAI_RULES: readonly ParamRule[] = [
  {
    ...noSampling,
    id: "openai-always-reasoning-temperature",
    param: "temperature",
    model: ALWAYS,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "the model always reasons and takes no temperature",
  },
  {
    ...noSampling,
    id: "openai-always-reasoning-top-p",
    param: "topP",
    model: ALWAYS,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "the model always reasons and takes no top_p",
  },
  {
    ...noSampling,
    id: "openai-latest-chat-temperature",
    param: "temperature",
    model: /^chat-latest$|^gpt-5\.\d-chat/,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "the sources disagree whether this chat model reasons; the stricter one is taken",
    evidence: AI_SDK,
  },
  {
    ...noSampling,
    id: "openai-latest-chat-top-p",
    param: "topP",
    model: /^chat-latest$|^gpt-5\.\d-chat/,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "the sources disagree whether this chat model reasons; the stricter one is taken",
    evidence: AI_SDK,
  },
  {
    ...noSampling,
    id: "openai-reasoning-temperature",
    param: "temperature",
    model: STOPPABLE,
    reasoning: ["on", "default"],
    reason: "REQUIRES_EFFORT_NONE",
    message: "temperature is accepted only with reasoning_effort none",
    evidence: LATEST_GUIDE,
  },
  {
    ...noSampling,
    id: "openai-reasoning-top-p",
    param: "topP",
    model: STOPPABLE,
    reasoning: ["on", "default"],
    reason: "REQUIRES_EFFORT_NONE",
    message: "top_p is accepted only with reasoning_effort none",
    evidence: LATEST_GUIDE,
  },
  {
    ...noSampling,
    id: "openai-search-temperature",
    apis: CHAT,
    param: "temperature",
    model: SEARCH,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "search previews take no temperature",
    evidence: AI_SDK,
  },
  {
    ...noSampling,
    id: "openai-reasoning-presence-penalty",
    apis: CHAT,
    param: "presencePenalty",
    model: REASONING,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "reasoning models take no presence_penalty",
  },
  {
    ...noSampling,
    id: "openai-reasoning-frequency-penalty",
    apis: CHAT,
    param: "frequencyPenalty",
    model: REASONING,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "reasoning models take no frequency_penalty",
  },
  {
    ...noSampling,
    id: "openai-o-stop",
    apis: CHAT,
    param: "stopSequences",
    model: /^(?:o3|o4-mini)(?:-|$)/,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "o3 and o4-mini take no stop sequences",
  },
  {
    ...noSampling,
    id: "openai-verbosity-gpt-5",
    param: "verbosity",
    model: /^(?!gpt-(?:5|6|7|8|9|\d\d))/,
    reason: "UNSUPPORTED_BY_MODEL",
    message: "verbosity came with gpt-5",
    evidence: LATEST_GUIDE,
  },
  {
    id: "openai-max-completion-tokens",
    apis: CHAT,
    param: "maxTokens",
    model: REASONING,
    effect: { kind: "rename", to: "max_completion_tokens" },
    reason: "RENAMED",
    message: "reasoning models take max_completion_tokens, which counts reasoning as well",
    evidence: REASONING_GUIDE,
    asOf,
  },
  {
    id: "openai-stop-count",
    apis: CHAT,
    param: "stopSequences",
    effect: { kind: "items", max: 4 },
    reason: "CLAMPED_TO_RANGE",
    message: "at most 4 stop sequences are taken",
    evidence: "https://platform.openai.com/docs/api-reference/chat/create",
    asOf,
  },
  {
    id: "openai-temperature-range",
    apis: BOTH,
    param: "temperature",
    effect: { kind: "range", min: 0, max: 2 },
    reason: "CLAMPED_TO_RANGE",
    message: "temperature is 0 to 2",
    evidence: "https://platform.openai.com/docs/api-reference/chat/create",
    asOf,
  },
  {
    id: "openai-top-p-range",
    apis: BOTH,
    param: "topP",
    effect: { kind: "range", min: 0, max: 1 },
    reason: "CLAMPED_TO_RANGE",
    message: "top_p is 0 to 1",
    evidence: "https://platform.openai.com/docs/api-reference/chat/create",
    asOf,
  },
];
