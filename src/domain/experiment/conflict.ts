import type { LayerName } from "../config/layer.ts";
import type { Override } from "../config/override.ts";
import { baseLayers, type ConfigState } from "../config/registry.ts";
import type { Scope } from "../config/scope.ts";
import type { SettingKey } from "../config/settings.ts";

/** What one layer says of a field. */
interface FieldWriter {
  readonly layer: LayerName;
  readonly source: string;
  readonly key: SettingKey;
  readonly value: unknown;
}

/** A layer above experiments that sets a field, so that no arm could be served. */
export interface Shadow {
  readonly key: SettingKey;
  readonly layer: "env" | "pin";
  readonly source: string;
}

/**
 * What every layer says of the given fields for the lookups of a scope, as a text that equals for equal says only. Overrides and pins
 * that hold for some lookups of the scope only are in it too.
 */
export function fieldWriters(
  state: ConfigState,
  at: { readonly scope: Scope; readonly dimensions: readonly string[] },
  fields: readonly SettingKey[],
): string {
  const writers = writersOf(state, at, fields);
  return JSON.stringify(
    writers.map(({ layer, source, key, value }) => [layer, source, key, value]),
  );
}

/** The fields that env or a pin sets in a scope, or in a part of it. */
export function shadowsOf(
  state: ConfigState,
  at: { readonly scope: Scope; readonly dimensions: readonly string[] },
  fields: readonly SettingKey[],
): Shadow[] {
  return writersOf(state, at, fields).flatMap(({ layer, source, key }) =>
    layer === "env" || layer === "pin" ? [{ key, layer, source }] : [],
  );
}

function writersOf(
  state: ConfigState,
  { scope, dimensions }: { readonly scope: Scope; readonly dimensions: readonly string[] },
  fields: readonly SettingKey[],
): FieldWriter[] {
  const said = (
    layer: LayerName,
    source: string,
    settings: Readonly<Partial<Record<SettingKey, unknown>>> | undefined,
  ): FieldWriter[] =>
    fields.flatMap((key) =>
      settings?.[key] === undefined ? [] : [{ layer, source, key, value: settings[key] }],
    );
  const base = baseLayers(state, scope.model).flatMap(({ layer, config }) =>
    said(layer, "", config.phases?.[scope.phase]),
  );
  const overrides = [...state.overrides.values()]
    .filter((override) => mayMatch(override, scope, dimensions))
    .toSorted((a, b) => (a.overrideId < b.overrideId ? -1 : 1))
    .flatMap(({ pin, overrideId, settings }) =>
      said(pin ? "pin" : "override", overrideId, settings),
    );
  const env = said("env", "", state.environment.phases[scope.phase]);
  return [...base, ...overrides, ...env];
}

/** Whether an override holds for any lookup of a scope: keys that are no dimensions may have every value. */
function mayMatch(override: Override, scope: Scope, dimensions: readonly string[]): boolean {
  if (override.model !== "" && override.model !== scope.model) return false;
  if (override.phase !== undefined && override.phase !== scope.phase) return false;
  return Object.entries(override.selector).every(([key, value]) => {
    const place = dimensions.indexOf(key);
    return place < 0 || (scope.dimensions[place] ?? "") === value;
  });
}
