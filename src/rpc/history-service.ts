import type { ServiceImpl } from "@connectrpc/connect";
import type { ConfigurationChange } from "../domain/config/change.ts";
import type { Engine } from "../engine/engine.ts";
import { pageOfRange } from "../engine/page.ts";
import type { HistoryService } from "../gen/attuned/v1/history_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { ranges } from "../store/keys.ts";
import { requiredModel } from "./request-fields.ts";
import { changeToWire, snapshotToWire } from "./wire/history.ts";
import { optionalPhase } from "./wire/phase.ts";
import { spanFromWire } from "./wire/time.ts";

/** The present and the past of the settings. */
export function createHistoryService(
  engine: Engine,
  clock: Clock,
): Partial<ServiceImpl<typeof HistoryService>> {
  return {
    getCurrentConfig(request) {
      const resolution = engine.lookups.resolve({
        model: request.model,
        phase: optionalPhase(request.phase) ?? "execution",
        unit: "",
        attributes: request.attributes,
        requireKnown: false,
        callSettings: {},
      });
      return {
        snapshot: snapshotToWire(resolution, clock.nowMs()),
        revision: BigInt(resolution.revision),
      };
    },
    async getHistory(request) {
      const { fromMs, untilMs } = spanFromWire(request.start, request.end);
      const phase = optionalPhase(request.phase);
      const range =
        request.model === "" ? ranges.changes : ranges.changesOfModel(requiredModel(request.model));
      const page = await pageOfRange<ConfigurationChange>(engine.store, range, request, {
        keep: (change) =>
          change.atMs >= fromMs &&
          change.atMs < untilMs &&
          (phase === undefined || change.phase === phase) &&
          (request.parameter === "" || change.parameter === request.parameter),
      });
      return { changes: page.items.map(changeToWire), nextPageToken: page.nextPageToken };
    },
  };
}
