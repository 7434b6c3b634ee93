import { create, type JsonObject } from "@bufbuild/protobuf";
import type { ConfigurationChange, ParameterChange } from "../../domain/config/change.ts";
import type { Attributes } from "../../domain/config/scope.ts";
import type { Resolution } from "../../engine/lookups.ts";
import type { Snapshot } from "../../engine/snapshots.ts";
import {
  ConfigurationChangeSchema,
  type ConfigurationSnapshot,
  ConfigurationSnapshotSchema,
  type ConfigurationChange as WireChange,
} from "../../gen/attuned/v1/history_pb.ts";
import { phaseToWire } from "./phase.ts";
import { timestampToWire } from "./time.ts";
import { valueToWire } from "./value.ts";

export function changeToWire(change: ConfigurationChange): WireChange {
  return create(ConfigurationChangeSchema, {
    ...differenceToWire(change, change.model),
    changeId: change.changeId,
    timestamp: timestampToWire(change.atMs),
    reason: change.reason,
    changedBy: change.changedBy,
    revision: BigInt(change.revision),
    attributes: { ...change.attributes },
    overrideId: change.overrideId ?? "",
  });
}

/** A difference that nobody made: without id, time and author. The model is empty where the sides have different ones. */
export function differenceToWire(change: ParameterChange, model: string): WireChange {
  const oldValue = valueToWire(change.oldValue);
  const newValue = valueToWire(change.newValue);
  return create(ConfigurationChangeSchema, {
    parameter: change.parameter,
    ...(oldValue ? { oldValue } : {}),
    ...(newValue ? { newValue } : {}),
    model,
    ...(change.phase ? { phase: phaseToWire(change.phase) } : {}),
  });
}

/** The flat snapshot of a resolution that no recorded one shows. Its id names the content: equal settings, equal id. */
export function snapshotToWire(
  resolution: Resolution,
  attributes: Attributes,
  nowMs: number,
): ConfigurationSnapshot {
  const { phase, settings, enabled, arm, revision, wireModel } = resolution;
  return recordedSnapshotToWire({
    snapshotId: `cfg-${arm.configId}`,
    atMs: nowMs,
    revision,
    model: wireModel,
    modelKey: arm.scope.model,
    phase,
    attributes,
    settings,
    enabled,
    configId: arm.configId,
    metadata: {},
  });
}

/** A recorded snapshot as the seed has it; the caller's metadata gives way to what the daemon knows. */
export function recordedSnapshotToWire(snapshot: Snapshot): ConfigurationSnapshot {
  const { settings } = snapshot;
  const metadata: JsonObject = {
    ...snapshot.metadata,
    ...snapshot.attributes,
    phase: snapshot.phase,
    revision: String(snapshot.revision),
    config_id: snapshot.configId,
  };
  return create(ConfigurationSnapshotSchema, {
    snapshotId: snapshot.snapshotId,
    timestamp: timestampToWire(snapshot.atMs),
    model: snapshot.model,
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
    ...(settings.timeoutSeconds === undefined ? {} : { timeoutSeconds: settings.timeoutSeconds }),
    ...(settings.maxRetries === undefined ? {} : { maxRetries: settings.maxRetries }),
    enabled: snapshot.enabled,
    metadata,
  });
}
