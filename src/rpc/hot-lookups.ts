import type { Engine } from "../engine/engine.ts";
import type { Resolution } from "../engine/lookups.ts";
import { ConfigService } from "../gen/attuned/v1/config_service_pb.ts";
import { type ConfigListeners, createResolve, enrolment } from "./config-service.ts";
import { KeptFrames } from "./kept-frames.ts";
import {
  isContextTight,
  type ParamsWish,
  paramsLookup,
  paramsToWire,
  paramsWish,
  renderResolution,
} from "./llm-params.ts";
import { type HotCall, hotCall } from "./server/hot-call.ts";
import { lookupFromWire, resolutionToWire } from "./wire/resolution.ts";

/** Every request of the lane is a POST. */
const LANE = { requestMethod: "POST" };

/** The lookups that the fast lane answers, as the service does; what it answers to many is encoded once. */
export function createHotLookups(engine: Engine, hears: ConfigListeners): readonly HotCall[] {
  const resolve = createResolve(engine, hears);
  const resolutions = new KeptFrames();
  const params = new KeptFrames();
  return [
    hotCall(ConfigService.method.resolveConfig, (request, { format, frame }) => {
      const resolution = resolve({ ...lookupFromWire(request), ...enrolment(request, LANE) });
      const known = resolutions.find(resolution, format);
      if (known) return known.frame;
      const made = frame(resolutionToWire(resolution, engine.store.storeId));
      if (isShared(resolution))
        resolutions.keep(resolution, format, { frame: made, isTight: false });
      return made;
    }),
    hotCall(ConfigService.method.getLLMParams, (request, { format, frame }) => {
      const wish = paramsWish(request);
      const resolution = resolve({ ...paramsLookup(request), ...enrolment(request, LANE) });
      const key = isUsual(wish) ? `${format} ${wish.mode} ${wish.api} ${wish.apiVersion}` : "";
      const known = key === "" ? undefined : params.find(resolution, key);
      if (known?.isTight) hears.onContextTight();
      if (known) return known.frame;
      const rendered = renderResolution(resolution, wish);
      const isTight = isContextTight(rendered.result);
      if (isTight) hears.onContextTight();
      const made = frame(paramsToWire(resolution, wish, rendered));
      if (key !== "" && isShared(resolution))
        params.keep(resolution, key, { frame: made, isTight });
      return made;
    }),
  ];
}

/** Whether further lookups get this very resolution. An experiment's carries a token of its own each time. */
function isShared({ reason }: Resolution): boolean {
  return reason !== "experiment";
}

/** Whether many callers wish the same. */
function isUsual({ additionalParams, promptTokens }: ParamsWish): boolean {
  return additionalParams.length === 0 && promptTokens === undefined;
}
