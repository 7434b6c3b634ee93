import { create } from "@bufbuild/protobuf";
import type { Override } from "../../domain/config/override.ts";
import { versionPath } from "../../domain/config/version.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { LabelRecord, VersionRecord } from "../../engine/config-load.ts";
import type { OverrideContent } from "../../engine/override-changes.ts";
import type { VersionSummary } from "../../engine/versions.ts";
import {
  ConfigOverrideSchema,
  type ConfigVersion,
  ConfigVersionSchema,
  type ConfigOverride as WireOverride,
} from "../../gen/attuned/v1/version_pb.ts";
import { modelConfigToWire } from "./model-config.ts";
import { optionalPhase, phaseToWire } from "./phase.ts";
import { settingsFromWire, settingsToWire } from "./settings.ts";
import { timestampToWire } from "./time.ts";

/** A version without its content, with those of the model's labels that point to it. */
export function versionToWire(
  saved: VersionSummary,
  labels: readonly LabelRecord[],
): ConfigVersion {
  return create(ConfigVersionSchema, versionFields(saved, labels));
}

/** A version with its content. */
export function wholeVersionToWire(
  record: VersionRecord,
  labels: readonly LabelRecord[],
): ConfigVersion {
  const { model, merged, prompts } = record;
  const revision = BigInt(record.revision);
  return create(ConfigVersionSchema, {
    ...versionFields(record, labels),
    config: modelConfigToWire(merged),
    prompts: prompts.map(({ type, text }) => ({ model, type, text, source: "stored", revision })),
  });
}

function versionFields(saved: VersionSummary, labels: readonly LabelRecord[]) {
  const { model, version, contentHash, revision, savedAtMs, savedBy, reason } = saved;
  return {
    model,
    version,
    contentHash,
    revision: BigInt(revision),
    path: versionPath(model, version),
    savedAt: timestampToWire(savedAtMs),
    savedBy,
    reason,
    labels: labels.filter((label) => label.version === version).map(({ label }) => label),
  };
}

/** What a caller writes of an override. Errors: CONFIG_INVALID for a missing one, PHASE_REQUIRED for a number that is no phase. */
export function overrideFromWire(wire: WireOverride | undefined): OverrideContent {
  if (!wire) {
    throw new Fault("CONFIG_INVALID", "override is missing", {
      violations: [{ field: "override", message: "must be given" }],
    });
  }
  return {
    model: wire.model.trim(),
    phase: optionalPhase(wire.phase),
    selector: { ...wire.selector },
    settings: settingsFromWire(wire.settings),
    pin: wire.pin,
    ...(wire.enabled === undefined ? {} : { enabled: wire.enabled }),
  };
}

export function overrideToWire(override: Override): WireOverride {
  const { overrideId, model, phase, selector, settings, enabled, pin } = override;
  return create(ConfigOverrideSchema, {
    overrideId,
    model,
    ...(phase ? { phase: phaseToWire(phase) } : {}),
    selector: { ...selector },
    settings: settingsToWire(settings),
    ...(enabled === undefined ? {} : { enabled }),
    pin,
    revision: BigInt(override.revision),
    changedBy: override.changedBy,
    reason: override.reason,
    changedAt: timestampToWire(override.atMs),
  });
}
