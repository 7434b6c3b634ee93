import {
  type SettingKey,
  type Settings,
  type SettingValue,
  settingFieldOf,
  settingViolation,
} from "../config/settings.ts";
import type { JsonValue } from "./rendering.ts";

/** Parameters of a call, apart: those that are settings, and those that go as they are. */
export type CallParams = {
  readonly settings: Settings;
  /** Settings that the call set itself. */
  readonly keys: ReadonlySet<SettingKey>;
  /** Request fields that attuned does not know, in their order. */
  readonly rest: readonly (readonly [string, JsonValue])[];
};

/**
 * Reads additional parameters. One that has the name of a setting and a value that fits it is
 * the topmost layer of that setting, so that it is adjusted like any other; everything else is
 * a request field of its own. `stop` is understood as stop_sequences.
 */
export function readCallParams(
  settings: Settings,
  additional: readonly (readonly [string, JsonValue])[],
): CallParams {
  const merged: Partial<Record<SettingKey, SettingValue>> = { ...settings };
  const keys = new Set<SettingKey>();
  const rest: (readonly [string, JsonValue])[] = [];
  for (const [name, value] of additional) {
    const field = settingFieldOf(name === "stop" ? "stop_sequences" : name);
    const candidate = field?.kind === "texts" && typeof value === "string" ? [value] : value;
    if (field !== undefined && settingViolation(field, candidate as SettingValue) === undefined) {
      merged[field.key] = candidate as SettingValue;
      keys.add(field.key);
    } else {
      rest.push([name, value]);
    }
  }
  return { settings: merged as Settings, keys, rest };
}
