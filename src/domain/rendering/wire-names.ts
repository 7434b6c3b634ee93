import type { RenderApi } from "../catalog/model-facts.ts";
import { SETTING_FIELDS, type SettingKey } from "../config/settings.ts";

/** Settings that can become request fields. The others are for the client. */
export const WIRE_SETTINGS = [
  "temperature",
  "maxTokens",
  "topP",
  "topK",
  "presencePenalty",
  "frequencyPenalty",
  "stopSequences",
  "seed",
  "responseFormat",
  "verbosity",
] as const satisfies readonly SettingKey[];

export type WireSetting = (typeof WIRE_SETTINGS)[number];

type Names = Readonly<Partial<Record<WireSetting, string>>>;

const OPENAI_STYLE = {
  temperature: "temperature",
  maxTokens: "max_tokens",
  topP: "top_p",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  stopSequences: "stop",
  seed: "seed",
  responseFormat: "response_format",
} as const;

/**
 * What each API calls a setting. A dot leads into a nested object; a setting without a name
 * does not exist in that API. Sources as in the rules of each API.
 */
export const WIRE_NAMES: Readonly<Record<RenderApi, Names>> = {
  "openai.chat": { ...OPENAI_STYLE, verbosity: "verbosity" },
  "openai.responses": {
    temperature: "temperature",
    maxTokens: "max_output_tokens",
    topP: "top_p",
    responseFormat: "text.format",
    verbosity: "text.verbosity",
  },
  "anthropic.messages": {
    temperature: "temperature",
    maxTokens: "max_tokens",
    topP: "top_p",
    topK: "top_k",
    stopSequences: "stop_sequences",
  },
  "google.generate": {
    temperature: "generationConfig.temperature",
    maxTokens: "generationConfig.maxOutputTokens",
    topP: "generationConfig.topP",
    topK: "generationConfig.topK",
    presencePenalty: "generationConfig.presencePenalty",
    frequencyPenalty: "generationConfig.frequencyPenalty",
    stopSequences: "generationConfig.stopSequences",
    seed: "generationConfig.seed",
    responseFormat: "generationConfig.responseMimeType",
  },
  "mistral.chat": { ...OPENAI_STYLE, seed: "random_seed" },
  "openai_compatible.vllm": { ...OPENAI_STYLE, topK: "top_k" },
  "openai_compatible.ollama": OPENAI_STYLE,
  "openai_compatible.llamacpp": { ...OPENAI_STYLE, topK: "top_k" },
};

const PARAMETERS: ReadonlyMap<SettingKey, string> = new Map(
  SETTING_FIELDS.map((field) => [field.key, field.parameter]),
);

/** The name of a setting in adjustments, history and the seed's dict. */
export function parameterOf(key: SettingKey): string {
  return PARAMETERS.get(key) ?? key;
}
