import type { Violation } from "../kernel/fault.ts";
import {
  ATTRIBUTE_VALUE_LENGTH_MAX,
  CONFIG_LIST_MAX,
  CONFIG_TEXT_LENGTH_MAX,
  MODEL_NAME_LENGTH_MAX,
} from "../kernel/limits.ts";
import { hasControlCharacter } from "../kernel/text.ts";
import type { Limits, ModelConfig, RetryPolicy } from "./model-config.ts";
import { SETTING_FIELDS, type Settings, settingViolation } from "./settings.ts";

/** Something that is accepted and worth knowing. */
export interface ConfigWarning {
  readonly code: string;
  readonly message: string;
  readonly field: string;
}

const INT32_MAX = 2 ** 31 - 1;

/** What is wrong with a model's name, in words; undefined where nothing is. */
export function modelNameViolation(name: string): string | undefined {
  if (name.trim() === "") return "must not be empty";
  if (name.length > MODEL_NAME_LENGTH_MAX)
    return `must have at most ${MODEL_NAME_LENGTH_MAX} characters`;
  if (!name.isWellFormed()) return "must be well-formed text";
  return hasControlCharacter(name) ? "must not hold control characters" : undefined;
}

/** Every broken rule of settings, with paths below `path`. */
export function settingsViolations(settings: Settings, path: string): Violation[] {
  return SETTING_FIELDS.flatMap((field) => {
    const value = settings[field.key];
    const message = value === undefined ? undefined : settingViolation(field, value);
    return message === undefined ? [] : [{ field: `${path}.${field.key}`, message }];
  });
}

/** Every broken rule of a model config, with paths that start with `config`. Phases are named by their short name. */
export function modelConfigViolations(config: ModelConfig): Violation[] {
  const violations: Violation[] = [];
  const name = modelNameViolation(config.modelName);
  if (name) violations.push({ field: "config.modelName", message: name });
  for (const field of ["modelFamily", "displayName"] as const) {
    textViolation(violations, `config.${field}`, config[field], ATTRIBUTE_VALUE_LENGTH_MAX);
  }
  for (const field of ["description", "specialInstructions"] as const) {
    textViolation(violations, `config.${field}`, config[field], CONFIG_TEXT_LENGTH_MAX);
  }
  if ((config.optimizationTips?.length ?? 0) > CONFIG_LIST_MAX) {
    violations.push({
      field: "config.optimizationTips",
      message: `must have at most ${CONFIG_LIST_MAX} entries`,
    });
  }
  for (const [index, tip] of (config.optimizationTips ?? []).entries()) {
    textViolation(violations, `config.optimizationTips[${index}]`, tip, CONFIG_TEXT_LENGTH_MAX);
  }
  violations.push(
    ...limitsViolations(config.limits ?? {}),
    ...retryViolations(config.retryPolicy ?? {}),
  );
  for (const [phase, settings] of Object.entries(config.phases ?? {})) {
    violations.push(...settingsViolations(settings, `config.phases[${phase}].settings`));
  }
  return violations;
}

/** What a merged config alone says against itself. */
export function modelConfigWarnings(merged: ModelConfig): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  const parallel = merged.limits?.maxParallelCalls ?? 1;
  if (parallel > 1 && merged.capabilities && !merged.capabilities.includes("parallel_execution")) {
    warnings.push({
      code: "PARALLEL_UNSUPPORTED",
      field: "config.limits.maxParallelCalls",
      message: `${parallel} parallel calls, but the model is not listed with parallel_execution; set 1 or add the capability`,
    });
  }
  return warnings;
}

function textViolation(
  into: Violation[],
  field: string,
  text: string | undefined,
  max: number,
): void {
  if (text !== undefined && text.length > max) {
    into.push({ field, message: `must have at most ${max} characters` });
  }
}

function wholeViolation(field: string, value: number | undefined, min: number): Violation[] {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= INT32_MAX))
    return [];
  return [{ field, message: `must be a whole number of at least ${min}, is ${value}` }];
}

function limitsViolations(limits: Limits): Violation[] {
  return [
    ...wholeViolation("config.limits.contextWindow", limits.contextWindow, 1),
    ...wholeViolation("config.limits.maxIterations", limits.maxIterations, 1),
    ...wholeViolation("config.limits.maxParallelCalls", limits.maxParallelCalls, 1),
  ];
}

function retryViolations(policy: RetryPolicy): Violation[] {
  const violations = [
    ...wholeViolation("config.retryPolicy.maxRetries", policy.maxRetries, 0),
    ...wholeViolation("config.retryPolicy.initialDelayMs", policy.initialDelayMs, 0),
    ...wholeViolation("config.retryPolicy.maxDelayMs", policy.maxDelayMs, 0),
  ];
  const { backoffMultiplier: factor } = policy;
  if (factor !== undefined && !(Number.isFinite(factor) && factor >= 1 && factor <= 100)) {
    violations.push({
      field: "config.retryPolicy.backoffMultiplier",
      message: `must be at least 1 and at most 100, is ${factor}`,
    });
  }
  const errors = policy.retryOnErrors ?? [];
  if (
    errors.length > CONFIG_LIST_MAX ||
    errors.some((error) => error === "" || error.length > 64)
  ) {
    violations.push({
      field: "config.retryPolicy.retryOnErrors",
      message: `must be at most ${CONFIG_LIST_MAX} names of 1 to 64 characters`,
    });
  }
  return violations;
}
