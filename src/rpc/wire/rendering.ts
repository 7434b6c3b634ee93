import { create } from "@bufbuild/protobuf";
import { type ModelFacts, RENDER_APIS, type RenderApi } from "../../domain/catalog/model-facts.ts";
import type { ConfigWarning } from "../../domain/config/validate.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Adjustment, RenderMode, RenderWarning } from "../../domain/rendering/rendering.ts";
import { ANTHROPIC_VERSIONS } from "../../domain/rendering/rules-anthropic.ts";
import {
  AdjustmentSchema,
  type Adjustment as WireAdjustment,
  RenderMode as WireMode,
} from "../../gen/attuned/v1/config_service_pb.ts";
import { valueToWire } from "./value.ts";

const MODES: ReadonlyMap<WireMode, RenderMode> = new Map([
  [WireMode.UNSPECIFIED, "ADJUST"],
  [WireMode.RAW, "RAW"],
  [WireMode.ADJUST, "ADJUST"],
  [WireMode.STRICT, "STRICT"],
]);

/** The mode of a request; unspecified adjusts. Errors: RENDER_MODE_UNSUPPORTED for a number that is no mode. */
export function renderModeFromWire(mode: WireMode): RenderMode {
  const known = MODES.get(mode);
  if (known !== undefined) return known;
  const message = "must be RENDER_MODE_RAW, RENDER_MODE_ADJUST or RENDER_MODE_STRICT";
  throw new Fault("RENDER_MODE_UNSUPPORTED", `mode ${message}`, {
    violations: [{ field: "mode", message }],
  });
}

/** The API of a request; undefined where it names none. Errors: API_UNKNOWN with those that are known. */
export function renderApiFromWire(api: string): RenderApi | undefined {
  if (api === "") return undefined;
  const known = RENDER_APIS.find((name) => name === api);
  if (known !== undefined) return known;
  throw unknownApi("api", `must be one of ${RENDER_APIS.join(", ")}, is ${JSON.stringify(api)}`);
}

/** The version of an API; undefined where the request names none. Errors: API_UNKNOWN with those that are known. */
export function apiVersionFromWire(version: string, api: RenderApi): string | undefined {
  if (version === "") return undefined;
  if (api !== "anthropic.messages") {
    throw unknownApi("apiVersion", `must be empty, as ${api} has no versions`);
  }
  if (ANTHROPIC_VERSIONS.some((known) => known === version)) return version;
  const known = ANTHROPIC_VERSIONS.join(" or ");
  throw unknownApi("apiVersion", `must be ${known} for ${api}, is ${JSON.stringify(version)}`);
}

function unknownApi(field: string, message: string): Fault {
  return new Fault("API_UNKNOWN", `${field} ${message}`, {
    metadata: { known: RENDER_APIS.join(",") },
    violations: [{ field, message }],
  });
}

export function adjustmentToWire(adjustment: Adjustment): WireAdjustment {
  const requested = valueToWire(adjustment.requested);
  const rendered = valueToWire(adjustment.rendered);
  const { param, action, reason, message, ruleId } = adjustment;
  return create(AdjustmentSchema, {
    param,
    ...(requested ? { requested } : {}),
    ...(rendered ? { rendered } : {}),
    action,
    reason,
    message,
    ruleId,
  });
}

/** The refusal of a strict rendering, with everything that stands against it. */
export function renderRefusal(
  violations: readonly Adjustment[],
  { api, facts }: { readonly api: RenderApi; readonly facts: ModelFacts | undefined },
): Fault {
  const names = [...new Set(violations.map(({ param }) => param))].join(", ");
  const model = facts?.displayName ?? "the model";
  return new Fault(
    "RENDER_REFUSED",
    `${api} would not take these settings for ${model} as they are: ${names}; change them, or ask for RENDER_MODE_ADJUST`,
    {
      metadata: { api, params: names },
      violations: violations.map(({ param, requested, reason, message }) => ({
        field: param,
        message: `${reason}: ${message}${requested === undefined ? "" : `, requested ${JSON.stringify(requested)}`}`,
      })),
    },
  );
}

/** Warnings of a rendering and of its lookup; where both say the same thing, the rendering's words, which know more. */
export function joinWarnings(
  rendering: readonly RenderWarning[],
  lookup: readonly ConfigWarning[],
): ConfigWarning[] {
  const said = rendering.map(({ reason, message }) => ({ code: reason, field: "", message }));
  const codes = new Set(said.map(({ code }): string => code));
  return [...said, ...lookup.filter(({ code }) => !codes.has(code))];
}
