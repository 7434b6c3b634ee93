import { create } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { Fault } from "../domain/kernel/fault.ts";
import { FAULT_STATUS } from "../domain/kernel/fault-reason.ts";
import { BATCH_ITEMS_MAX } from "../domain/kernel/limits.ts";
import type { Engine } from "../engine/engine.ts";
import type { LookupRequest, Resolution } from "../engine/lookups.ts";
import {
  BatchResolveResultSchema,
  type ConfigService,
} from "../gen/attuned/v1/config_service_pb.ts";
import {
  isContextTight,
  paramsLookup,
  paramsToWire,
  paramsWish,
  renderResolution,
} from "./llm-params.ts";
import { lookupFromWire, resolutionToWire } from "./wire/resolution.ts";

/** Who hears of what this service answers. */
export interface ConfigListeners {
  /** Every lookup that was answered. */
  onResolved(resolution: Resolution): void;
  /** Every rendering whose prompt and answer do not go well into the context window. */
  onContextTight(): void;
}

/** What agents call before they call a model. */
export function createConfigService(
  engine: Engine,
  hears: ConfigListeners,
): Partial<ServiceImpl<typeof ConfigService>> {
  const resolve = createResolve(engine, hears);
  const toWire = (resolution: Resolution) => resolutionToWire(resolution, engine.store.storeId);
  return {
    resolveConfig: (request, context) =>
      toWire(resolve({ ...lookupFromWire(request), ...enrolment(request, context) })),
    batchResolveConfigs({ requests }) {
      if (requests.length > BATCH_ITEMS_MAX) throw batchTooLarge(requests.length);
      return {
        results: requests.map((request) => {
          try {
            return create(BatchResolveResultSchema, {
              resolution: toWire(resolve(lookupFromWire(request))),
            });
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
    getLLMParams(request, context) {
      const wish = paramsWish(request);
      const resolution = resolve({ ...paramsLookup(request), ...enrolment(request, context) });
      const rendered = renderResolution(resolution, wish);
      if (isContextTight(rendered.result)) hears.onContextTight();
      return paramsToWire(resolution, wish, rendered);
    },
  };
}

/** Looks up, and tells who listens. */
export function createResolve(
  engine: Engine,
  hears: ConfigListeners,
): (request: LookupRequest) => Resolution {
  return (request) => {
    const resolution = engine.lookups.resolve(request);
    hears.onResolved(resolution);
    return resolution;
  };
}

/**
 * Whether a lookup enrols its unit. A GET may be repeated by anything on its way, so that one without a unit, which would be another
 * unit each time, never does.
 */
export function enrolment(
  { peek, unit }: { readonly peek: boolean; readonly unit: string },
  { requestMethod }: Pick<HandlerContext, "requestMethod">,
): Pick<LookupRequest, "enrols"> {
  return peek || (requestMethod === "GET" && unit === "") ? {} : { enrols: true };
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
