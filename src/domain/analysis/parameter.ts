import type { SettingKey, Settings } from "../config/settings.ts";

/** A numeric parameter whose levels can be compared, and when a distance from its optimum is a drift. */
export interface Parameter {
  /** snake_case, as requests, history and drifts name it. */
  readonly name: string;
  readonly key: SettingKey;
  /** How far a value is from the nearest member of the optimum. */
  readonly distance: (served: number, nearest: number) => number;
  /** How sentences write a value. */
  readonly text: (value: number) => string;
}

const absolute = (served: number, nearest: number) => Math.abs(served - nearest);
const relative = (served: number, nearest: number) =>
  Math.abs(served - nearest) / Math.max(1, Math.abs(nearest));
const plain = (value: number) => String(Number(value.toPrecision(6)));

/** Temperature drifts by its difference, the others by their ratio (seed decision X22). */
export const PARAMETERS: readonly Parameter[] = [
  { name: "temperature", key: "temperature", distance: absolute, text: plain },
  { name: "max_tokens", key: "maxTokens", distance: relative, text: plain },
  {
    name: "timeout",
    key: "timeoutSeconds",
    distance: relative,
    text: (value) => `${plain(value)} s`,
  },
  { name: "max_retries", key: "maxRetries", distance: absolute, text: plain },
];

export function parameterOf(name: string): Parameter | undefined {
  return PARAMETERS.find((parameter) => parameter.name === name);
}

/** The level of a parameter in settings; undefined where they do not name it. */
export function levelIn(settings: Settings, parameter: Parameter): number | undefined {
  const value = settings[parameter.key];
  return typeof value === "number" ? value : undefined;
}
