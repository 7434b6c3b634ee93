import type { ServedModel } from "../catalog/served-model.ts";
import type { ModelConfig } from "../config/model-config.ts";
import type { Phase } from "../config/phase.ts";
import { type Settings, settingFieldOf } from "../config/settings.ts";
import { type ConfigWarning, modelConfigWarnings } from "../config/validate.ts";
import { lifecycleWarning, tightestWindow, tightWindowWarning } from "./model-warnings.ts";
import { render } from "./render.ts";

/** A config, and what is known of the model that it is for. */
export type WarnedConfig = {
  /** The merge of all layers. */
  readonly merged: ModelConfig;
  /** What a caller writes or looks at: parameters that it does not set are not its concern. */
  readonly written?: ModelConfig;
  readonly served: ServedModel;
  /** Whether any layer above the defaults says how large the context is. */
  readonly statesWindow: boolean;
};

/**
 * Everything about a config that is accepted and worth knowing: where its vendor stands, what leaves
 * no room for a prompt, and which of the written parameters the provider would refuse or change.
 * Paths start with `config`.
 */
export function configWarnings(config: WarnedConfig): ConfigWarning[] {
  const { facts } = config.served;
  const lifecycle = facts === undefined ? undefined : lifecycleWarning(facts);
  return [
    ...(lifecycle
      ? [{ code: lifecycle.reason, field: "config.modelName", message: lifecycle.message }]
      : []),
    ...windowWarnings(config),
    ...modelConfigWarnings(config.merged),
    ...providerWarnings(config),
  ];
}

function windowWarnings({ merged, served, statesWindow }: WarnedConfig): ConfigWarning[] {
  const configured = merged.limits?.contextWindow;
  const provider = served.facts?.limits.contextWindow;
  const warnings: ConfigWarning[] = [];
  if (configured !== undefined && provider !== undefined && configured > provider) {
    warnings.push({
      code: "CONTEXT_TIGHT",
      field: "config.limits.contextWindow",
      message: `the config says ${configured} tokens, the provider takes ${provider}; prompts are held against the smaller`,
    });
  }
  for (const [phase, { maxTokens }] of Object.entries(merged.phases ?? {})) {
    if (maxTokens === undefined) continue;
    const isOver = configured !== undefined && maxTokens >= configured;
    const counted = statesWindow || isOver ? configured : undefined;
    const tight = tightWindowWarning(tightestWindow(served.facts, counted), maxTokens);
    if (tight === undefined) continue;
    const field = pathOf(phase, "maxTokens");
    warnings.push({ code: tight.reason, field, message: `${phase}: ${tight.message}` });
  }
  return warnings;
}

/** Renders each written phase strictly to the native API; only a known model has rules worth asking. */
function providerWarnings({ merged, written, served }: WarnedConfig): ConfigWarning[] {
  const { facts, nativeApi } = served;
  if (facts === undefined || written === undefined) return [];
  return Object.entries(written.phases ?? {}).flatMap(([phase, own]) => {
    const settings = merged.phases?.[phase as Phase] ?? {};
    const result = render({
      facts,
      wireModel: facts.canonicalId,
      settings,
      additionalParams: [],
      api: nativeApi,
      mode: "STRICT",
    });
    const violations = result.kind === "refused" ? result.violations : [];
    return violations.flatMap((violation) => {
      const key = settingFieldOf(violation.param)?.key;
      if (key === undefined || own[key as keyof Settings] === undefined) return [];
      const message = `${phase}: ${violation.param} ${JSON.stringify(violation.requested)} will not reach ${facts.displayName} as it is: ${violation.message}`;
      return [{ code: violation.reason, field: pathOf(phase, key), message }];
    });
  });
}

function pathOf(phase: string, key: string): string {
  return `config.phases[${phase}].settings.${key}`;
}
