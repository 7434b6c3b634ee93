import { create } from "@bufbuild/protobuf";
import { contextWindowText } from "../../domain/config/builtin.ts";
import type { ModelConfig } from "../../domain/config/model-config.ts";
import { SETTING_FIELDS, type Settings } from "../../domain/config/settings.ts";
import {
  LimitsSchema,
  SettingsSchema,
  type Limits as WireLimits,
  type Settings as WireSettings,
} from "../../gen/attuned/v1/settings_pb.ts";

/** Fields that are set; a list that is empty falls through. */
export function settingsFromWire(wire: WireSettings | undefined): Settings {
  if (!wire) return {};
  const set = SETTING_FIELDS.flatMap(({ key }) => {
    const value = wire[key];
    return value === undefined || (Array.isArray(value) && value.length === 0)
      ? []
      : [[key, value]];
  });
  return Object.fromEntries(set) as Settings;
}

export function settingsToWire(settings: Settings): WireSettings {
  const { stopSequences, ...others } = settings;
  return create(SettingsSchema, { ...others, stopSequences: [...(stopSequences ?? [])] });
}

export function limitsFromWire(wire: WireLimits | undefined): NonNullable<ModelConfig["limits"]> {
  if (!wire) return {};
  const { contextWindow, maxIterations, maxParallelCalls } = wire;
  return {
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(maxIterations === undefined ? {} : { maxIterations }),
    ...(maxParallelCalls === undefined ? {} : { maxParallelCalls }),
  };
}

export function limitsToWire(limits: NonNullable<ModelConfig["limits"]>): WireLimits {
  return create(LimitsSchema, {
    ...limits,
    contextWindowText:
      limits.contextWindow === undefined ? "" : contextWindowText(limits.contextWindow),
  });
}
