import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import type { RenderApi } from "../domain/catalog/model-facts.ts";
import type { LayerName } from "../domain/config/layer.ts";
import { SETTING_FIELDS, type SettingKey } from "../domain/config/settings.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { ADDITIONAL_PARAMS_MAX } from "../domain/kernel/limits.ts";
import { render } from "../domain/rendering/render.ts";
import type { JsonValue, RenderInput, RenderResult } from "../domain/rendering/rendering.ts";
import { statedWindow } from "../engine/lookup-warnings.ts";
import type { LookupRequest, Resolution } from "../engine/lookups.ts";
import type {
  GetLLMParamsRequest,
  GetLLMParamsResponseSchema,
} from "../gen/attuned/v1/config_service_pb.ts";
import { requiredPhase } from "./wire/phase.ts";
import {
  adjustmentToWire,
  apiVersionFromWire,
  joinWarnings,
  renderApiFromWire,
  renderModeFromWire,
  renderRefusal,
} from "./wire/rendering.ts";
import { warningsToWire } from "./wire/resolution.ts";

/** Layers whose settings someone chose for just these calls: advice does not remove them. */
const DELIBERATE: ReadonlySet<LayerName> = new Set(["override", "pin", "call"]);
const KEYS: ReadonlySet<string> = new Set(SETTING_FIELDS.map(({ key }) => key));

/** The lookup behind a request for parameters. Errors: PHASE_REQUIRED, REQUEST_MALFORMED. */
export function paramsLookup(request: GetLLMParamsRequest): LookupRequest {
  const malformed = (field: string, message: string) =>
    new Fault("REQUEST_MALFORMED", `${field} ${message}`, { violations: [{ field, message }] });
  if (Object.keys(request.additionalParams ?? {}).length > ADDITIONAL_PARAMS_MAX) {
    throw malformed("additionalParams", `must have at most ${ADDITIONAL_PARAMS_MAX} keys`);
  }
  if (hasNonFinite(request.additionalParams)) {
    throw malformed("additionalParams", "must hold finite numbers only: JSON knows no others");
  }
  if (request.promptTokens < 0) {
    throw malformed("promptTokens", `must not be negative, is ${request.promptTokens}`);
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

/** How a request wants its parameters. */
export type ParamsWish = Pick<RenderInput, "mode" | "additionalParams" | "promptTokens"> & {
  /** Undefined means the model's native one. */
  readonly api: RenderApi | undefined;
  readonly apiVersion: string;
};

/** Errors: RENDER_MODE_UNSUPPORTED, API_UNKNOWN. */
export function paramsWish(request: GetLLMParamsRequest): ParamsWish {
  return {
    mode: renderModeFromWire(request.mode),
    api: renderApiFromWire(request.api),
    apiVersion: request.apiVersion,
    additionalParams: Object.entries((request.additionalParams ?? {}) as Record<string, JsonValue>),
    ...(request.promptTokens === 0 ? {} : { promptTokens: request.promptTokens }),
  };
}

/** Renders a resolution. Errors: API_UNKNOWN for a version that the API does not have. */
export function renderResolution(
  resolution: Resolution,
  wish: ParamsWish,
): { readonly api: RenderApi; readonly result: RenderResult } {
  const { mode, additionalParams, promptTokens } = wish;
  const api = wish.api ?? resolution.nativeApi;
  const apiVersion = apiVersionFromWire(wish.apiVersion, api);
  const contextWindow = statedWindow(resolution);
  const result = render({
    facts: resolution.facts,
    wireModel: resolution.wireModel,
    settings: resolution.settings,
    additionalParams,
    api,
    mode,
    deliberate: deliberateKeys(resolution),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(contextWindow === undefined ? {} : { contextWindow }),
  });
  return { api, result };
}

/** Whether a rendering found that prompt and answer do not go well into the context window. */
export function isContextTight(result: RenderResult): boolean {
  const adjustments = result.kind === "refused" ? result.violations : result.adjustments;
  return [...adjustments, ...result.warnings].some(({ reason }) => reason === "CONTEXT_TIGHT");
}

/** The answer. Errors: RENDER_REFUSED. */
export function paramsToWire(
  resolution: Resolution,
  { mode }: ParamsWish,
  { api, result }: { readonly api: RenderApi; readonly result: RenderResult },
): MessageInitShape<typeof GetLLMParamsResponseSchema> {
  if (result.kind === "refused") {
    throw renderRefusal(result.violations, { api, facts: resolution.facts });
  }
  const isRaw = mode === "RAW";
  const { maxIterations, maxParallelCalls } = resolution.limits;
  return {
    params: result.body as JsonObject,
    adjustments: result.adjustments.map(adjustmentToWire),
    enabled: resolution.enabled,
    configId: resolution.arm.configId,
    revision: BigInt(resolution.revision),
    decisionToken: resolution.token,
    scoreRequested: resolution.scoreRequested,
    warnings: warningsToWire(joinWarnings(result.warnings, resolution.warnings)),
    ...(isRaw ? {} : { api, apiVersion: result.apiVersion, headers: { ...result.headers } }),
    client: {
      ...result.client,
      ...(maxIterations === undefined ? {} : { maxIterations }),
      ...(maxParallelCalls === undefined ? {} : { maxParallelCalls }),
    },
  };
}

function deliberateKeys({ provenance }: Resolution): ReadonlySet<SettingKey> {
  const chosen = provenance.filter(({ field, layer }) => DELIBERATE.has(layer) && KEYS.has(field));
  return new Set(chosen.map(({ field }) => field as SettingKey));
}

/** Whether a number that JSON cannot write is anywhere in a value; 1e400 and what the binary format holds get that far. */
function hasNonFinite(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasNonFinite);
}
