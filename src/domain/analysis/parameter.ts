import type { SettingKey } from "../config/settings.ts";
import type { MeasuredArm } from "./measured-arm.ts";

/** A parameter whose levels can be compared, and when a distance from its optimum is a drift. */
export interface Parameter {
  /** snake_case, as requests, history and drifts name it. */
  readonly name: string;
  /** The field of the settings; absent for a nominal parameter, which is no setting. */
  readonly key?: SettingKey;
  /** Whether its levels have an order: those of a nominal one have names only. */
  readonly isNominal: boolean;
  /** How far a value is from the nearest member of the optimum. */
  readonly distance: (served: number, nearest: number) => number;
  /** How sentences write a value. */
  readonly text: (value: number) => string;
}

const absolute = (served: number, nearest: number) => Math.abs(served - nearest);
const relative = (served: number, nearest: number) =>
  Math.abs(served - nearest) / Math.max(1, Math.abs(nearest));
const plain = (value: number) => String(Number(value.toPrecision(6)));
const isNominal = false;

/** Numeric parameters. Temperature drifts by its difference, the others by their ratio (seed decision X22). */
export const PARAMETERS: readonly Parameter[] = [
  { name: "temperature", key: "temperature", isNominal, distance: absolute, text: plain },
  { name: "max_tokens", key: "maxTokens", isNominal, distance: relative, text: plain },
  {
    name: "timeout",
    key: "timeoutSeconds",
    isNominal,
    distance: relative,
    text: (value) => `${plain(value)} s`,
  },
  { name: "max_retries", key: "maxRetries", isNominal, distance: absolute, text: plain },
];

/** The model, whose levels are names: any other one is another one. */
export const MODEL_PARAMETER: Parameter = {
  name: "model",
  isNominal: true,
  distance: (served, nearest) => (served === nearest ? 0 : 1),
  text: plain,
};

export const PARAMETER_NAMES: readonly string[] = [...PARAMETERS, MODEL_PARAMETER].map(
  ({ name }) => name,
);

export function parameterOf(name: string): Parameter | undefined {
  return name === MODEL_PARAMETER.name
    ? MODEL_PARAMETER
    : PARAMETERS.find((parameter) => parameter.name === name);
}

/** The level of a numeric parameter in settings; undefined where they do not name it. */
export function levelIn(
  settings: MeasuredArm["settings"],
  parameter: Parameter,
): number | undefined {
  const value = parameter.key && settings[parameter.key];
  return typeof value === "number" ? value : undefined;
}
