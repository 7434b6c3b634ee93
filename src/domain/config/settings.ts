import { REASONING_EFFORTS } from "../catalog/model-facts.ts";
import { STOP_SEQUENCE_LENGTH_MAX, STOP_SEQUENCES_MAX } from "../kernel/limits.ts";

/** Settings of one model call. Absent means: falls through to the layer below. */
export interface Settings {
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly topP?: number;
  readonly timeoutSeconds?: number;
  readonly maxRetries?: number;
  readonly topK?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly stopSequences?: readonly string[];
  readonly responseFormat?: string;
  readonly enableReasoning?: boolean;
  readonly reasoningEffort?: string;
  readonly verbosity?: string;
  readonly seed?: number;
}

export type SettingKey = keyof Settings;
export type SettingValue = number | boolean | string | readonly string[];

export interface SettingField {
  readonly key: SettingKey;
  /** Name in history, drift, recommendations and the seed's routes. */
  readonly parameter: string;
  readonly kind: "number" | "integer" | "boolean" | "text" | "texts";
  readonly min?: number;
  readonly max?: number;
  /** Whether `min` itself is outside. */
  readonly minExclusive?: true;
  readonly choices?: readonly string[];
}

const INT32_MAX = 2 ** 31 - 1;

/** Every field of Settings, in the order in which they are shown. The ranges are the widest that any provider accepts. */
export const SETTING_FIELDS: readonly SettingField[] = [
  { key: "temperature", parameter: "temperature", kind: "number", min: 0, max: 2 },
  { key: "maxTokens", parameter: "max_tokens", kind: "integer", min: 1, max: INT32_MAX },
  { key: "topP", parameter: "top_p", kind: "number", min: 0, max: 1 },
  {
    key: "timeoutSeconds",
    parameter: "timeout",
    kind: "number",
    min: 0,
    minExclusive: true,
    max: 86_400,
  },
  { key: "maxRetries", parameter: "max_retries", kind: "integer", min: 0, max: 100 },
  { key: "topK", parameter: "top_k", kind: "integer", min: 1, max: INT32_MAX },
  { key: "presencePenalty", parameter: "presence_penalty", kind: "number", min: -2, max: 2 },
  { key: "frequencyPenalty", parameter: "frequency_penalty", kind: "number", min: -2, max: 2 },
  { key: "stopSequences", parameter: "stop_sequences", kind: "texts" },
  { key: "responseFormat", parameter: "response_format", kind: "text" },
  { key: "enableReasoning", parameter: "enable_reasoning", kind: "boolean" },
  {
    key: "reasoningEffort",
    parameter: "reasoning_effort",
    kind: "text",
    choices: REASONING_EFFORTS,
  },
  { key: "verbosity", parameter: "verbosity", kind: "text", choices: ["low", "medium", "high"] },
  { key: "seed", parameter: "seed", kind: "integer", min: -INT32_MAX - 1, max: INT32_MAX },
];

const byParameter = new Map(SETTING_FIELDS.map((field) => [field.parameter, field]));

export function settingFieldOf(parameter: string): SettingField | undefined {
  return byParameter.get(parameter);
}

/** What is wrong with a value of a field, in words; undefined where nothing is. */
export function settingViolation(field: SettingField, value: SettingValue): string | undefined {
  switch (field.kind) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false";
    case "text":
      return textViolation(field, value);
    case "texts":
      return textsViolation(value);
    case "integer":
    case "number":
      return numberViolation(field, value);
  }
}

/** JSON with sorted keys: equal settings give equal text. */
export function canonicalSettings(settings: Settings): string {
  const keys = SETTING_FIELDS.map((field) => field.key).filter(
    (key) => settings[key] !== undefined,
  );
  return JSON.stringify(Object.fromEntries(keys.toSorted().map((key) => [key, settings[key]])));
}

/** Whether two values of a field are the same. */
export function sameSetting(a: SettingValue | undefined, b: SettingValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return JSON.stringify(a) === JSON.stringify(b);
  return a === b;
}

function numberViolation(field: SettingField, value: SettingValue): string | undefined {
  if (typeof value !== "number" || !Number.isFinite(value)) return "must be a finite number";
  if (field.kind === "integer" && !Number.isInteger(value)) return "must be a whole number";
  const { min = -Infinity, max = Infinity } = field;
  const low = field.minExclusive ? value > min : value >= min;
  if (low && value <= max) return undefined;
  return `must be ${field.minExclusive ? "more than" : "at least"} ${min} and at most ${max}, is ${value}`;
}

function textViolation(field: SettingField, value: SettingValue): string | undefined {
  if (typeof value !== "string" || value === "" || value.length > 256) {
    return "must be a text of 1 to 256 characters";
  }
  if (!field.choices || field.choices.includes(value)) return undefined;
  return `must be one of ${field.choices.join(", ")}, is ${JSON.stringify(value)}`;
}

function textsViolation(value: SettingValue): string | undefined {
  const fits = (text: unknown) =>
    typeof text === "string" && text !== "" && text.length <= STOP_SEQUENCE_LENGTH_MAX;
  if (Array.isArray(value) && value.length <= STOP_SEQUENCES_MAX && value.every(fits))
    return undefined;
  return `must be at most ${STOP_SEQUENCES_MAX} texts of 1 to ${STOP_SEQUENCE_LENGTH_MAX} characters`;
}
