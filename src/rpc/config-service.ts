import { create, type JsonObject } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { Fault } from "../domain/kernel/fault.ts";
import { FAULT_STATUS } from "../domain/kernel/fault-reason.ts";
import { ADDITIONAL_PARAMS_MAX, BATCH_ITEMS_MAX } from "../domain/kernel/limits.ts";
import type { Engine } from "../engine/engine.ts";
import type { LookupRequest, Resolution } from "../engine/lookups.ts";
import {
  BatchResolveResultSchema,
  type ConfigService,
  type GetLLMParamsRequest,
  RenderMode,
  type ResolveConfigRequest,
} from "../gen/attuned/v1/config_service_pb.ts";
import { requiredPhase } from "./wire/phase.ts";
import { lookupFromWire, resolutionToWire, warningsToWire } from "./wire/resolution.ts";

/** What agents call before they call a model. `onResolved` hears of every lookup that was answered. */
export function createConfigService(
  engine: Engine,
  onResolved: (resolution: Resolution) => void,
): Partial<ServiceImpl<typeof ConfigService>> {
  const resolve = (request: LookupRequest): Resolution => {
    const resolution = engine.lookups.resolve(request);
    onResolved(resolution);
    return resolution;
  };
  const resolveWire = (request: ResolveConfigRequest) =>
    resolutionToWire(resolve(lookupFromWire(request)), engine.store.storeId);
  return {
    resolveConfig: resolveWire,
    batchResolveConfigs({ requests }) {
      if (requests.length > BATCH_ITEMS_MAX) throw batchTooLarge(requests.length);
      return {
        results: requests.map((request) => {
          try {
            return create(BatchResolveResultSchema, { resolution: resolveWire(request) });
          } catch (failure) {
            if (!(failure instanceof Fault)) throw failure;
            const { reason, message } = failure;
            return create(BatchResolveResultSchema, {
              error: { code: FAULT_STATUS[reason], reason, message },
            });
          }
        }),
      };
    },
    getLLMParams(request) {
      const resolution = resolve(lookupOf(request));
      return {
        params: rawParams(resolution, request),
        adjustments: [],
        enabled: resolution.enabled,
        configId: resolution.arm.configId,
        revision: BigInt(resolution.revision),
        decisionToken: resolution.token,
        warnings: warningsToWire(resolution.warnings),
      };
    },
  };
}

function lookupOf(request: GetLLMParamsRequest): LookupRequest {
  if (request.mode !== RenderMode.RAW) {
    throw new Fault(
      "RENDER_MODE_UNSUPPORTED",
      "this version renders RENDER_MODE_RAW only; ask for that mode",
      {
        violations: [{ field: "mode", message: "must be RENDER_MODE_RAW" }],
      },
    );
  }
  if (Object.keys(request.additionalParams ?? {}).length > ADDITIONAL_PARAMS_MAX) {
    const message = `must have at most ${ADDITIONAL_PARAMS_MAX} keys`;
    throw new Fault("REQUEST_MALFORMED", `additionalParams ${message}`, {
      violations: [{ field: "additionalParams", message }],
    });
  }
  if (hasNonFinite(request.additionalParams)) {
    const message = "must hold finite numbers only: JSON knows no others";
    throw new Fault("REQUEST_MALFORMED", `additionalParams ${message}`, {
      violations: [{ field: "additionalParams", message }],
    });
  }
  return {
    model: request.model,
    phase: requiredPhase(request.phase),
    unit: request.unit,
    attributes: request.attributes,
    requireKnown: request.requireKnown,
    callSettings: {},
  };
}

/** Whether a number that JSON cannot write is anywhere in a value; 1e400 and what the binary format holds get that far. */
function hasNonFinite(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasNonFinite);
}

/** The seed's dict: exactly model, temperature, max_tokens, top_p, in this order; then what the caller adds or overrides. */
function rawParams({ wireModel, settings }: Resolution, request: GetLLMParamsRequest): JsonObject {
  return {
    model: wireModel,
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxTokens === undefined ? {} : { max_tokens: settings.maxTokens }),
    ...(settings.topP === undefined ? {} : { top_p: settings.topP }),
    ...request.additionalParams,
  };
}

function batchTooLarge(count: number): Fault {
  return new Fault(
    "BATCH_TOO_LARGE",
    `a batch holds at most ${BATCH_ITEMS_MAX} requests, this one ${count}; send them in parts`,
    {
      metadata: { max: String(BATCH_ITEMS_MAX) },
    },
  );
}
