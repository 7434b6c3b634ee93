import type { ServiceImpl } from "@connectrpc/connect";
import type { Engine } from "../../engine/engine.ts";
import { deleteOverride, putOverride } from "../../engine/override-changes.ts";
import { pageOfArray } from "../../engine/page.ts";
import type { HistoryService } from "../../gen/attuned/v1/history_service_pb.ts";
import { callerName, requiredModel } from "../request-fields.ts";
import { changeToWire } from "../wire/history.ts";
import { warningsToWire } from "../wire/resolution.ts";
import { overrideFromWire, overrideToWire } from "../wire/version.ts";

/** Overrides and pins. */
export function overrideMethods(engine: Engine) {
  /** Overrides of an alias are those of the config that it stands for. */
  const keyOf = (model: string) =>
    model === "" ? "" : engine.lookups.modelKey(requiredModel(model));
  return {
    async putOverride(request, context) {
      const content = overrideFromWire(request.override);
      const reason = request.reason === "" ? (request.override?.reason ?? "") : request.reason;
      const author = { reason, changedBy: callerName(context) };
      const target = { ...content, model: keyOf(content.model) };
      const written = await engine.commit(putOverride(target, author));
      return {
        override: overrideToWire(written.override),
        revision: BigInt(written.revision),
        warnings: warningsToWire(written.warnings),
        changes: written.changes.map(changeToWire),
      };
    },
    async deleteOverride(request, context) {
      const author = { reason: request.reason, changedBy: callerName(context) };
      const removed = await engine.commit(deleteOverride(request.overrideId, author));
      return { revision: BigInt(removed.revision), changes: removed.changes.map(changeToWire) };
    },
    listOverrides(request) {
      const model = keyOf(request.model);
      const overrides = [...engine.state.config.overrides.values()]
        .filter((override) => model === "" || override.model === "" || override.model === model)
        .toSorted((a, b) => (a.overrideId < b.overrideId ? -1 : 1));
      const page = pageOfArray(overrides, request, ({ overrideId }) => overrideId);
      return {
        overrides: page.items.map(overrideToWire),
        nextPageToken: page.nextPageToken,
      };
    },
  } satisfies Partial<ServiceImpl<typeof HistoryService>>;
}
