import type { ServiceImpl } from "@connectrpc/connect";
import type { ConfigurationChange } from "../domain/config/change.ts";
import type { Engine } from "../engine/engine.ts";
import { pageOfRange } from "../engine/page.ts";
import type { HistoryService } from "../gen/attuned/v1/history_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { ranges } from "../store/keys.ts";
import { comparisonMethods } from "./history/comparison.ts";
import { overrideMethods } from "./history/overrides.ts";
import { pastModel } from "./history/past-model.ts";
import { snapshotMethods } from "./history/snapshots.ts";
import { transferMethods } from "./history/transfer.ts";
import { versionMethods } from "./history/versions.ts";
import { changeToWire } from "./wire/history.ts";
import { optionalPhase } from "./wire/phase.ts";
import { spanFromWire } from "./wire/time.ts";

/** The present and the past of the settings. */
export function createHistoryService(
  engine: Engine,
  clock: Clock,
): ServiceImpl<typeof HistoryService> {
  return {
    ...snapshotMethods(engine, clock),
    ...comparisonMethods(engine),
    ...versionMethods(engine),
    ...overrideMethods(engine),
    ...transferMethods(engine),
    async getHistory(request) {
      const { fromMs, untilMs } = spanFromWire(request.start, request.end);
      const phase = optionalPhase(request.phase);
      const range =
        request.model === ""
          ? ranges.changes
          : ranges.changesOfModel(await pastModel(engine, request.model));
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
