import type { RenderApi } from "../catalog/model-facts.ts";

/** A place where we send on purpose what the AI SDK's providers would not, or the reverse. */
export type DeliberateDifference = {
  readonly apis: readonly RenderApi[];
  readonly model: RegExp;
  /** Request fields, as paths. */
  readonly fields: readonly string[];
  readonly reason: string;
};

/** Every difference that the differential test accepts; one that is no longer found fails it. */
export const DELIBERATE_DIFFERENCES: readonly DeliberateDifference[] = [
  {
    apis: ["openai.chat"],
    model: /^(?:o\d|gpt-)/,
    fields: ["max_completion_tokens", "max_tokens"],
    reason: "headroom for reasoning is added where an effort is asked for",
  },
  {
    apis: ["openai.responses"],
    model: /^(?:o\d|gpt-)/,
    fields: ["max_output_tokens"],
    reason: "headroom for reasoning is added where an effort is asked for",
  },
  {
    apis: ["anthropic.messages"],
    model: /^claude-(?:(?:opus|sonnet)-4-[6-8]|(?:opus|sonnet|haiku)-5|fable|mythos)/,
    fields: ["max_tokens"],
    reason: "headroom for adaptive thinking is added; the SDK adds it for budgets only",
  },
  {
    apis: ["mistral.chat"],
    model: /^(?:labs-leanstral|magistral|mistral-(?:large-4|medium|small))/,
    fields: ["max_tokens"],
    reason: "headroom for reasoning is added where an effort is asked for",
  },
  {
    apis: ["openai.responses"],
    model: /^(?:o\d|gpt-)/,
    fields: ["reasoning.summary"],
    reason: "the SDK asks for a summary of the reasoning to show it; that is no setting of ours",
  },
  {
    apis: ["openai.chat", "openai.responses"],
    model: /^chat-latest$/,
    fields: ["temperature", "top_p"],
    reason: "one source says that it reasons, the SDK does not know it: the stricter one is taken",
  },
  {
    apis: ["openai.chat"],
    model: /^o(?:3|4-mini)/,
    fields: ["stop"],
    reason: "OpenAI's types say that o3 and o4-mini take no stop sequences",
  },
  {
    apis: ["openai.chat", "openai.responses"],
    model: /^gpt-5\.6-\w+-pro$/,
    fields: ["temperature", "top_p"],
    reason: "OpenAI's pro models never stop reasoning; the SDK takes these for plain gpt-5.6",
  },
  {
    apis: ["openai.responses"],
    model: /^gpt-daybreak/,
    fields: ["reasoning.effort"],
    reason: "the catalog lists its efforts, the SDK does not know the family",
  },
  {
    apis: ["anthropic.messages"],
    model: /^claude-(?:opus|sonnet)-4$/,
    fields: ["temperature", "top_p", "top_k"],
    reason: "the canonical id is no name for the wire; with its date the SDK knows the model",
  },
  {
    apis: ["google.generate"],
    model: /^gemini-(?:[34]|\w+-latest|flash-lite-latest|robotics)/,
    fields: ["generationConfig.temperature", "generationConfig.topP"],
    reason: "Google advises against sampling settings from Gemini 3 on; the SDK sends them",
  },
  {
    apis: ["google.generate"],
    model: /^gemini-(?:pro|ultra)$/,
    fields: ["generationConfig.maxOutputTokens"],
    reason: "cut at the model's output limit, which the SDK does not know",
  },
];
