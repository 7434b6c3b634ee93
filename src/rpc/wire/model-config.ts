import { create } from "@bufbuild/protobuf";
import { CAPABILITIES, type Capability } from "../../domain/catalog/model-facts.ts";
import type { ModelConfig, RetryPolicy } from "../../domain/config/model-config.ts";
import { PHASES, type Phase, phaseOfNumber } from "../../domain/config/phase.ts";
import type { Settings } from "../../domain/config/settings.ts";
import { modelConfigViolations } from "../../domain/config/validate.ts";
import { Fault, type Violation } from "../../domain/kernel/fault.ts";
import {
  type ModelCapability,
  ModelConfigSchema,
  type ModelConfig as WireModelConfig,
  type RetryPolicy as WireRetryPolicy,
} from "../../gen/attuned/v1/model_config_pb.ts";
import { phaseToWire } from "./phase.ts";
import { limitsFromWire, limitsToWire, settingsFromWire, settingsToWire } from "./settings.ts";

/** A model config as written by a caller, and what of it could not be read. */
export interface ParsedModelConfig {
  readonly config: ModelConfig;
  readonly violations: readonly Violation[];
}

/** Parses a model config that is to be written. Errors: CONFIG_INVALID for what cannot be read, with everything else that is wrong. */
export function modelConfigFromWire(wire: WireModelConfig | undefined): ModelConfig {
  const { config, violations: unread } = parseModelConfig(wire);
  if (unread.length === 0) return config;
  const violations = wire ? [...unread, ...modelConfigViolations(config)] : unread;
  throw new Fault("CONFIG_INVALID", violations.map((v) => `${v.field} ${v.message}`).join("; "), {
    violations,
  });
}

/** Reads what can be read; phases and capabilities that cannot are left out and listed. */
export function parseModelConfig(wire: WireModelConfig | undefined): ParsedModelConfig {
  if (!wire) {
    return {
      config: { modelName: "" },
      violations: [{ field: "config", message: "must be given" }],
    };
  }
  const violations: Violation[] = [];
  const limits = limitsFromWire(wire.limits);
  const retryPolicy = retryPolicyFromWire(wire.retryPolicy);
  const phases = phasesFromWire(wire, violations);
  const capabilities = capabilitiesFromWire(wire.capabilities, violations);
  const config = {
    modelName: wire.modelName,
    ...text("modelFamily", wire.modelFamily),
    ...text("displayName", wire.displayName),
    ...text("description", wire.description),
    ...text("specialInstructions", wire.specialInstructions),
    ...(capabilities.length === 0 ? {} : { capabilities }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(retryPolicy).length === 0 ? {} : { retryPolicy }),
    ...(Object.keys(phases).length === 0 ? {} : { phases }),
    ...(wire.optimizationTips.length === 0 ? {} : { optimizationTips: wire.optimizationTips }),
    ...(wire.enabled === undefined ? {} : { enabled: wire.enabled }),
  };
  return { config, violations };
}

export function modelConfigToWire(config: ModelConfig): WireModelConfig {
  return create(ModelConfigSchema, {
    modelName: config.modelName,
    modelFamily: config.modelFamily ?? "",
    displayName: config.displayName ?? "",
    description: config.description ?? "",
    capabilities: (config.capabilities ?? []).map(capabilityToWire),
    ...(config.limits ? { limits: limitsToWire(config.limits) } : {}),
    ...(config.retryPolicy ? { retryPolicy: retryPolicyToWire(config.retryPolicy) } : {}),
    phases: PHASES.flatMap(({ phase }) => {
      const settings = config.phases?.[phase];
      return settings ? [{ phase: phaseToWire(phase), settings: settingsToWire(settings) }] : [];
    }),
    specialInstructions: config.specialInstructions ?? "",
    optimizationTips: [...(config.optimizationTips ?? [])],
    ...(config.enabled === undefined ? {} : { enabled: config.enabled }),
    group: config.group ?? "",
  });
}

function phasesFromWire(
  wire: WireModelConfig,
  violations: Violation[],
): Partial<Record<Phase, Settings>> {
  const phases: Partial<Record<Phase, Settings>> = {};
  for (const [index, entry] of wire.phases.entries()) {
    const field = `config.phases[${index}].phase`;
    const phase = phaseOfNumber(entry.phase);
    if (phase === undefined) {
      violations.push({ field, message: "must be one of the six phases" });
      continue;
    }
    if (phases[phase]) violations.push({ field, message: `${phase} is given twice` });
    phases[phase] = settingsFromWire(entry.settings);
  }
  return phases;
}

function capabilitiesFromWire(
  wire: readonly ModelCapability[],
  violations: Violation[],
): Capability[] {
  return wire.flatMap((number, index) => {
    const capability = CAPABILITIES[number - 1];
    if (capability) return [capability];
    const message = "must be one of the capabilities";
    violations.push({ field: `config.capabilities[${index}]`, message });
    return [];
  });
}

export function capabilityToWire(capability: Capability): ModelCapability {
  return (CAPABILITIES.indexOf(capability) + 1) as ModelCapability;
}

function retryPolicyFromWire(wire: WireRetryPolicy | undefined): RetryPolicy {
  if (!wire) return {};
  const { retryOnErrors } = wire;
  const set = (
    [
      "maxRetries",
      "backoffMultiplier",
      "initialDelayMs",
      "maxDelayMs",
      "retryOnValidationFailure",
    ] as const
  )
    .filter((key) => wire[key] !== undefined)
    .map((key) => [key, wire[key]]);
  return { ...Object.fromEntries(set), ...(retryOnErrors.length === 0 ? {} : { retryOnErrors }) };
}

function retryPolicyToWire(policy: RetryPolicy) {
  return { ...policy, retryOnErrors: [...(policy.retryOnErrors ?? [])] };
}

function text<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  return value === "" ? {} : ({ [key]: value } as Partial<Record<K, string>>);
}
