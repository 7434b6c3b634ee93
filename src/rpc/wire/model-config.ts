import { create } from "@bufbuild/protobuf";
import {
  CAPABILITIES,
  type Capability,
  type ModelConfig,
  type RetryPolicy,
} from "../../domain/config/model-config.ts";
import { PHASES, type Phase } from "../../domain/config/phase.ts";
import type { Settings } from "../../domain/config/settings.ts";
import { Fault, type Violation } from "../../domain/kernel/fault.ts";
import {
  type ModelCapability,
  ModelConfigSchema,
  type ModelConfig as WireModelConfig,
  type RetryPolicy as WireRetryPolicy,
} from "../../gen/attuned/v1/model_config_pb.ts";
import { phaseToWire, requiredPhase } from "./phase.ts";
import { limitsFromWire, limitsToWire, settingsFromWire, settingsToWire } from "./settings.ts";

/** Parses a model config as written by a caller. Errors: CONFIG_INVALID for a missing config, a missing or a doubled phase. */
export function modelConfigFromWire(wire: WireModelConfig | undefined): ModelConfig {
  if (!wire) {
    throw new Fault("CONFIG_INVALID", "config is missing", {
      violations: [{ field: "config", message: "must be given" }],
    });
  }
  const limits = limitsFromWire(wire.limits);
  const retryPolicy = retryPolicyFromWire(wire.retryPolicy);
  const phases = phasesFromWire(wire);
  return {
    modelName: wire.modelName,
    ...text("modelFamily", wire.modelFamily),
    ...text("displayName", wire.displayName),
    ...text("description", wire.description),
    ...text("specialInstructions", wire.specialInstructions),
    ...(wire.capabilities.length === 0
      ? {}
      : { capabilities: capabilitiesFromWire(wire.capabilities) }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(retryPolicy).length === 0 ? {} : { retryPolicy }),
    ...(Object.keys(phases).length === 0 ? {} : { phases }),
    ...(wire.optimizationTips.length === 0 ? {} : { optimizationTips: wire.optimizationTips }),
    ...(wire.enabled === undefined ? {} : { enabled: wire.enabled }),
  };
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

function phasesFromWire(wire: WireModelConfig): Partial<Record<Phase, Settings>> {
  const phases: Partial<Record<Phase, Settings>> = {};
  const violations: Violation[] = [];
  for (const [index, entry] of wire.phases.entries()) {
    const field = `config.phases[${index}].phase`;
    if (entry.phase === 0) {
      violations.push({ field, message: "must be one of the six phases" });
      continue;
    }
    const phase = requiredPhase(entry.phase);
    if (phases[phase]) violations.push({ field, message: `${phase} is given twice` });
    phases[phase] = settingsFromWire(entry.settings);
  }
  if (violations.length === 0) return phases;
  throw new Fault("CONFIG_INVALID", violations.map((v) => `${v.field} ${v.message}`).join("; "), {
    violations,
  });
}

function capabilitiesFromWire(wire: readonly ModelCapability[]): Capability[] {
  return wire.map((number, index) => {
    const capability = CAPABILITIES[number - 1];
    if (capability) return capability;
    const message = "must be one of the capabilities";
    throw new Fault("CONFIG_INVALID", `config.capabilities[${index}] ${message}`, {
      violations: [{ field: `config.capabilities[${index}]`, message }],
    });
  });
}

function capabilityToWire(capability: Capability): ModelCapability {
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
