import { create } from "@bufbuild/protobuf";
import type { LayerName } from "../../domain/config/layer.ts";
import type { ConfigWarning } from "../../domain/config/validate.ts";
import {
  ANSWER_MAX_AGE_SECONDS,
  type LookupRequest,
  type Resolution,
  type ResolutionReason,
} from "../../engine/lookups.ts";
import {
  type ResolveConfigRequest,
  type ResolveConfigResponse,
  ResolveConfigResponseSchema,
} from "../../gen/attuned/v1/config_service_pb.ts";
import { Layer, ResolutionReason as WireReason } from "../../gen/attuned/v1/resolution_pb.ts";
import { phaseToWire, requiredPhase } from "./phase.ts";
import { limitsToWire, settingsFromWire, settingsToWire } from "./settings.ts";

const LAYERS: Readonly<Record<LayerName, Layer>> = {
  builtin: Layer.BUILTIN,
  catalog: Layer.CATALOG,
  file: Layer.FILE,
  stored: Layer.STORED,
  override: Layer.OVERRIDE,
  experiment: Layer.EXPERIMENT,
  env: Layer.ENV,
  pin: Layer.PIN,
  call: Layer.CALL,
};

const REASONS: Readonly<Record<ResolutionReason, WireReason>> = {
  default: WireReason.DEFAULT,
  override: WireReason.OVERRIDE,
  experiment: WireReason.EXPERIMENT,
  disabled: WireReason.DISABLED,
  unknown_model: WireReason.UNKNOWN_MODEL,
};

export function lookupFromWire(request: ResolveConfigRequest): LookupRequest {
  return {
    model: request.model,
    phase: requiredPhase(request.phase),
    unit: request.unit,
    attributes: request.attributes,
    requireKnown: request.requireKnown,
    callSettings: settingsFromWire(request.callSettings),
  };
}

export function resolutionToWire(resolution: Resolution, storeId: string): ResolveConfigResponse {
  return create(ResolveConfigResponseSchema, {
    model: resolution.wireModel,
    configKey: resolution.configKey,
    phase: phaseToWire(resolution.phase),
    enabled: resolution.enabled,
    settings: settingsToWire(resolution.settings),
    limits: limitsToWire(resolution.limits),
    configId: resolution.arm.configId,
    revision: BigInt(resolution.revision),
    storeId,
    decisionToken: resolution.token,
    reason: REASONS[resolution.reason],
    cacheable: resolution.cacheable,
    maxAgeSeconds: resolution.cacheable ? ANSWER_MAX_AGE_SECONDS : 0,
    scoreRequested: resolution.scoreRequested,
    provenance: resolution.provenance.map(({ field, layer, revision, source }) => ({
      field,
      layer: LAYERS[layer],
      revision: BigInt(revision),
      source,
    })),
    warnings: warningsToWire(resolution.warnings),
  });
}

export function layerToWire(layer: LayerName): Layer {
  return LAYERS[layer];
}

export function warningsToWire(warnings: readonly ConfigWarning[]) {
  return warnings.map(({ code, message, field }) => ({ code, message, field }));
}
