import type { LayerEntry, LayerName } from "./layer.ts";
import type { Limits } from "./model-config.ts";
import type { Phase } from "./phase.ts";
import { SETTING_FIELDS, type Settings, type SettingValue } from "./settings.ts";

export interface FieldProvenance {
  /** lowerCamelCase; limits carry the prefix "limits.". */
  readonly field: string;
  readonly layer: LayerName;
  readonly revision: number;
  readonly source: string;
}

/** The layers of one lookup, merged. */
export interface MergedSettings {
  /** Every layer, `call` included: what the caller uses. */
  readonly settings: Settings;
  /** Every layer through `pin`: what the config id names. */
  readonly armSettings: Settings;
  readonly limits: Limits;
  /** False where any layer through `pin` says so. */
  readonly enabled: boolean;
  readonly provenance: readonly FieldProvenance[];
  /** Highest revision that set a field; the parent of a plan. */
  readonly revision: number;
}

const LIMIT_KEYS = ["contextWindow", "maxIterations", "maxParallelCalls"] as const;

/**
 * Merges the layers of a lookup, given lowest first. Total and deterministic: the same entries give the same answer.
 */
export function resolveLayers(entries: readonly LayerEntry[], phase: Phase): MergedSettings {
  const settings = new Winners();
  const arm = new Winners();
  const limits = new Winners();
  let enabled = true;
  for (const entry of entries) {
    const own = entry.config.phases?.[phase];
    if (own) {
      for (const { key } of SETTING_FIELDS) {
        settings.offer(key, own[key], entry);
        if (entry.layer !== "call") arm.offer(key, own[key], entry);
      }
    }
    for (const key of LIMIT_KEYS) limits.offer(key, entry.config.limits?.[key], entry);
    if (entry.layer !== "call" && entry.config.enabled === false) enabled = false;
  }
  const provenance = [
    ...settings.provenance(SETTING_FIELDS.map((field) => field.key)),
    ...limits.provenance(LIMIT_KEYS, "limits."),
  ];
  return {
    settings: settings.values() as Settings,
    armSettings: arm.values() as Settings,
    limits: limits.values() as Limits,
    enabled,
    provenance,
    revision: arm.revision(),
  };
}

/** Per field the value of the last layer that set it. */
class Winners {
  readonly #won = new Map<string, { value: SettingValue; entry: LayerEntry }>();

  offer(key: string, value: SettingValue | undefined, entry: LayerEntry): void {
    if (value !== undefined) this.#won.set(key, { value, entry });
  }

  values(): Record<string, SettingValue> {
    return Object.fromEntries([...this.#won].map(([key, { value }]) => [key, value]));
  }

  revision(): number {
    return Math.max(0, ...[...this.#won.values()].map(({ entry }) => entry.revision));
  }

  provenance(order: readonly string[], prefix = ""): FieldProvenance[] {
    return order.flatMap((key) => {
      const won = this.#won.get(key);
      if (!won) return [];
      const { layer, revision, source } = won.entry;
      return [{ field: `${prefix}${key}`, layer, revision, source }];
    });
  }
}
