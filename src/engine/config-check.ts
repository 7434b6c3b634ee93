import { servedModel } from "../domain/catalog/served-model.ts";
import {
  type ConfigConstraints,
  constraintViolations,
  inheritedConstraintWarnings,
} from "../domain/config/constraints.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import {
  baseLayers,
  type ConfigState,
  HEAD_LABEL,
  mergedConfig,
  resolveName,
} from "../domain/config/registry.ts";
import { type ConfigWarning, modelConfigViolations } from "../domain/config/validate.ts";
import { Fault, type Violation } from "../domain/kernel/fault.ts";
import { configWarnings } from "../domain/rendering/config-warnings.ts";

/** What a write of a config would meet. */
export interface ConfigCheck {
  /** Every broken rule; the write is refused where there is one. */
  readonly violations: readonly Violation[];
  readonly warnings: readonly ConfigWarning[];
  /** What the write would lead to; absent with violations. */
  readonly merged?: ModelConfig;
}

/**
 * What is worth knowing of a model's config in a state, with its newest stored layer whatever label is served; `written` is the
 * layer that a caller writes.
 */
export function warningsOf(
  { label: _, ...others }: ConfigState,
  model: string,
  written?: ModelConfig,
): ConfigWarning[] {
  const state = { ...others, label: HEAD_LABEL };
  return configWarnings({
    merged: mergedConfig(state, model),
    ...(written === undefined ? {} : { written }),
    served: servedModel(resolveName(state, model), state.catalog),
    statesWindow: baseLayers(state, model).some(
      ({ source, layer, config }) =>
        !(layer === "builtin" && source === "default") &&
        config.limits?.contextWindow !== undefined,
    ),
  });
}

/** Refuses a config that breaks a rule, with all of them. Errors: CONFIG_INVALID. */
export function requireValidConfig(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const message = violations.map((v) => `${v.field} ${v.message}`).join("; ");
  throw new Fault("CONFIG_INVALID", message, { violations });
}

/** Checks a config as a write would, and writes nothing. `found` are violations that parsing found already. */
export function checkConfig(
  state: ConfigState,
  config: ModelConfig,
  {
    found = [],
    constraints = {},
  }: {
    readonly found?: readonly Violation[];
    readonly constraints?: ConfigConstraints;
  },
): ConfigCheck {
  const broken = [...found, ...modelConfigViolations(config)];
  const violations = [...broken, ...constraintViolations(config, constraints)];
  if (broken.length > 0) return { violations, warnings: [] };
  const model = config.modelName.trim();
  const layer = { ...config, modelName: model };
  const stored = { config: layer, revision: state.revision + 1, changedBy: "", atMs: 0 };
  const candidate = { ...state, label: HEAD_LABEL, stored: state.stored.set(model, stored) };
  const merged = mergedConfig(candidate, model);
  const warnings = [
    ...warningsOf(candidate, model, layer),
    ...inheritedConstraintWarnings(layer, merged, constraints),
  ];
  return violations.length > 0 ? { violations, warnings } : { violations, warnings, merged };
}
