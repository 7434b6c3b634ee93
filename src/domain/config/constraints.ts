import type { Violation } from "../kernel/fault.ts";
import type { ModelConfig } from "./model-config.ts";
import type { Phase } from "./phase.ts";
import { type SettingKey, type Settings, settingFieldOf } from "./settings.ts";
import type { ConfigWarning } from "./validate.ts";

/** Bounds that a caller wants a config to keep; absent ones do not bind. */
export interface ConfigConstraints {
  readonly maxTemperature?: number;
  readonly minTemperature?: number;
  readonly maxTokens?: number;
  readonly maxTimeoutSeconds?: number;
  readonly maxRetries?: number;
}

interface Bound {
  readonly key: SettingKey;
  readonly constraint: keyof ConfigConstraints;
  readonly side: "most" | "least";
}

const BOUNDS: readonly Bound[] = [
  { key: "temperature", constraint: "minTemperature", side: "least" },
  { key: "temperature", constraint: "maxTemperature", side: "most" },
  { key: "maxTokens", constraint: "maxTokens", side: "most" },
  { key: "timeoutSeconds", constraint: "maxTimeoutSeconds", side: "most" },
  { key: "maxRetries", constraint: "maxRetries", side: "most" },
];

/** What is wrong with the bounds themselves. */
export function constraintFaults(constraints: ConfigConstraints): Violation[] {
  const faults = BOUNDS.flatMap(({ key, constraint }) => {
    const value = constraints[constraint];
    const fits = value === undefined || (Number.isFinite(value) && value >= 0);
    const field = `constraints.${constraint}`;
    return fits ? [] : [{ field, message: `bounds ${key}, so it must be 0 or more, is ${value}` }];
  });
  const { minTemperature = 0, maxTemperature = Number.POSITIVE_INFINITY } = constraints;
  if (minTemperature > maxTemperature) {
    const message = `must not be more than maxTemperature ${maxTemperature}, is ${minTemperature}`;
    faults.push({ field: "constraints.minTemperature", message });
  }
  return faults;
}

/** Every value of a config that breaks a bound. */
export function constraintViolations(
  config: ModelConfig,
  constraints: ConfigConstraints,
): Violation[] {
  return Object.entries(config.phases ?? {}).flatMap(([phase, settings]) =>
    broken(settings, constraints).map(({ key, message }) => ({
      field: `config.phases[${phase}].settings.${key}`,
      message,
    })),
  );
}

/** Values that break a bound and that lower layers bring: what is served, but not what is written. */
export function inheritedConstraintWarnings(
  config: ModelConfig,
  merged: ModelConfig,
  constraints: ConfigConstraints,
): ConfigWarning[] {
  return Object.entries(merged.phases ?? {}).flatMap(([phase, settings]) => {
    const own = config.phases?.[phase as Phase] ?? {};
    return broken(settings, constraints)
      .filter(({ key }) => own[key] === undefined)
      .map(({ key, message }) => ({
        code: "CONSTRAINT_INHERITED",
        field: `config.phases[${phase}].settings.${key}`,
        message: `${phase}: ${settingName(key)} of the layers below ${message}`,
      }));
  });
}

function broken(
  settings: Settings,
  constraints: ConfigConstraints,
): { readonly key: SettingKey; readonly message: string }[] {
  return BOUNDS.flatMap(({ key, constraint, side }) => {
    const value = settings[key];
    const bound = constraints[constraint];
    if (typeof value !== "number" || bound === undefined) return [];
    if (side === "most" ? value <= bound : value >= bound) return [];
    return [{ key, message: `must be at ${side} ${bound}, is ${value}` }];
  });
}

function settingName(key: SettingKey): string {
  const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return settingFieldOf(snake)?.parameter ?? snake;
}
