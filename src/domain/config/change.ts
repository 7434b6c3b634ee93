import type { ModelConfig } from "./model-config.ts";
import { PHASES, type Phase } from "./phase.ts";
import type { Attributes } from "./scope.ts";
import { SETTING_FIELDS, type Settings, type SettingValue, sameSetting } from "./settings.ts";

export type ChangeValue = SettingValue | Readonly<Record<string, unknown>>;

/** One parameter that becomes another; a phase only for parameters of a phase. */
export interface ParameterChange {
  readonly parameter: string;
  readonly phase?: Phase;
  readonly oldValue?: ChangeValue;
  readonly newValue?: ChangeValue;
}

/** A parameter change that was accepted. */
export interface ConfigurationChange extends ParameterChange {
  readonly changeId: string;
  readonly atMs: number;
  readonly reason: string;
  readonly changedBy: string;
  readonly model: string;
  readonly revision: number;
  /** What a request must bring for the change to be its: the selector of an override. Absent for every request. */
  readonly attributes?: Attributes;
  /** The override or pin that made it. */
  readonly overrideId?: string;
}

/** Parameters of the whole config, with the snake_case names of the history. */
const CONFIG_PARAMETERS: readonly (readonly [
  string,
  (config: ModelConfig) => ChangeValue | undefined,
])[] = [
  ["enabled", (config) => config.enabled],
  ["limits.context_window", (config) => config.limits?.contextWindow],
  ["limits.max_iterations", (config) => config.limits?.maxIterations],
  ["limits.max_parallel_calls", (config) => config.limits?.maxParallelCalls],
  ["retry_policy.max_retries", (config) => config.retryPolicy?.maxRetries],
  ["retry_policy.retry_on_errors", (config) => config.retryPolicy?.retryOnErrors],
  ["retry_policy.backoff_multiplier", (config) => config.retryPolicy?.backoffMultiplier],
  ["retry_policy.initial_delay_ms", (config) => config.retryPolicy?.initialDelayMs],
  ["retry_policy.max_delay_ms", (config) => config.retryPolicy?.maxDelayMs],
  [
    "retry_policy.retry_on_validation_failure",
    (config) => config.retryPolicy?.retryOnValidationFailure,
  ],
  ["capabilities", (config) => config.capabilities],
  ["model_family", (config) => config.modelFamily],
  ["display_name", (config) => config.displayName],
  ["description", (config) => config.description],
  ["special_instructions", (config) => config.specialInstructions],
  ["optimization_tips", (config) => config.optimizationTips],
];

/** What turns one merged config into another: nothing where they are equal. Phases first, in the order of work. */
export function diffModelConfigs(before: ModelConfig, after: ModelConfig): ParameterChange[] {
  const changes: ParameterChange[] = [];
  for (const { phase } of PHASES) {
    changes.push(...diffSettings(before.phases?.[phase] ?? {}, after.phases?.[phase] ?? {}, phase));
  }
  for (const [parameter, read] of CONFIG_PARAMETERS)
    push(changes, parameter, read(before), read(after));
  return changes;
}

/** What turns settings into others, in the order in which fields are shown. */
export function diffSettings(before: Settings, after: Settings, phase?: Phase): ParameterChange[] {
  const changes: ParameterChange[] = [];
  for (const { key, parameter } of SETTING_FIELDS)
    push(changes, parameter, before[key], after[key], phase);
  return changes;
}

function push(
  into: ParameterChange[],
  parameter: string,
  oldValue: ChangeValue | undefined,
  newValue: ChangeValue | undefined,
  phase?: Phase,
): void {
  const same = sameSetting(oldValue as SettingValue, newValue as SettingValue);
  if (same) return;
  into.push({
    parameter,
    ...(phase === undefined ? {} : { phase }),
    ...(oldValue === undefined ? {} : { oldValue }),
    ...(newValue === undefined ? {} : { newValue }),
  });
}
