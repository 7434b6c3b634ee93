import type { ServiceImpl } from "@connectrpc/connect";
import type { Engine } from "../../engine/engine.ts";
import { recordSnapshot } from "../../engine/snapshot-changes.ts";
import { newestSnapshot, showsAnswer } from "../../engine/snapshots.ts";
import type {
  GetCurrentConfigRequest,
  HistoryService,
  RecordSnapshotRequest,
} from "../../gen/attuned/v1/history_service_pb.ts";
import type { Clock } from "../../platform/clock.ts";
import { callerName } from "../request-fields.ts";
import { changeToWire, recordedSnapshotToWire, snapshotToWire } from "../wire/history.ts";
import { optionalPhase } from "../wire/phase.ts";

/** Flat snapshots of scopes: the present one, and recorded ones. */
export function snapshotMethods(engine: Engine, clock: Clock) {
  const answerOf = (request: GetCurrentConfigRequest | RecordSnapshotRequest) =>
    engine.lookups.resolve({
      model: request.model,
      phase: optionalPhase(request.phase) ?? "execution",
      unit: "",
      attributes: request.attributes,
      requireKnown: false,
      callSettings: {},
    });
  return {
    async getCurrentConfig(request) {
      const answer = answerOf(request);
      const { phase, arm } = answer;
      const scope = { modelKey: arm.scope.model, phase, attributes: request.attributes };
      const newest = await newestSnapshot(engine.store, scope);
      const isPresent = newest?.model === answer.wireModel && showsAnswer(newest, answer);
      return {
        snapshot: isPresent
          ? recordedSnapshotToWire(newest)
          : snapshotToWire(answer, request.attributes, clock.nowMs()),
        revision: BigInt(answer.revision),
      };
    },
    async recordSnapshot(request, context) {
      const { phase, arm, wireModel } = answerOf(request);
      const { attributes, metadata, reason } = request;
      const scope = { modelKey: arm.scope.model, model: wireModel, phase, attributes, metadata };
      const author = { reason, changedBy: callerName(context) };
      const { snapshot, changes } = await engine.commit(recordSnapshot(scope, author));
      return {
        snapshot: recordedSnapshotToWire(snapshot),
        revision: BigInt(snapshot.revision),
        changes: changes.map(changeToWire),
      };
    },
  } satisfies Partial<ServiceImpl<typeof HistoryService>>;
}
