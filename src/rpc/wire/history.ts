import { create, type JsonObject } from "@bufbuild/protobuf";
import type { ConfigurationChange } from "../../domain/config/change.ts";
import type { Resolution } from "../../engine/lookups.ts";
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
  const oldValue = valueToWire(change.oldValue);
  const newValue = valueToWire(change.newValue);
  return create(ConfigurationChangeSchema, {
    changeId: change.changeId,
    timestamp: timestampToWire(change.atMs),
    parameter: change.parameter,
    ...(oldValue ? { oldValue } : {}),
    ...(newValue ? { newValue } : {}),
    reason: change.reason,
    changedBy: change.changedBy,
    model: change.model,
    ...(change.phase ? { phase: phaseToWire(change.phase) } : {}),
    revision: BigInt(change.revision),
  });
}

/** The flat snapshot of a resolution, as the seed has it. Its id names the content: equal settings, equal id. */
export function snapshotToWire(resolution: Resolution, nowMs: number): ConfigurationSnapshot {
  const { settings, arm } = resolution;
  const metadata: JsonObject = {
    phase: resolution.phase,
    revision: String(resolution.revision),
    config_id: arm.configId,
  };
  const [environment, agent] = arm.scope.dimensions;
  if (environment) metadata["environment"] = environment;
  if (agent) metadata["agent"] = agent;
  return create(ConfigurationSnapshotSchema, {
    snapshotId: `cfg-${arm.configId}`,
    timestamp: timestampToWire(nowMs),
    model: resolution.wireModel,
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
    ...(settings.timeoutSeconds === undefined ? {} : { timeoutSeconds: settings.timeoutSeconds }),
    ...(settings.maxRetries === undefined ? {} : { maxRetries: settings.maxRetries }),
    enabled: resolution.enabled,
    metadata,
  });
}
