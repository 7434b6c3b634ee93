import type { PersistentMap } from "../kernel/persistent-map.ts";
import { BUILTIN_MODELS, DEFAULT_MODEL } from "./builtin.ts";
import type { LayerEntry } from "./layer.ts";
import { type ModelConfig, mergeModelConfig } from "./model-config.ts";

/** The stored layer of one model. */
export interface StoredConfig {
  readonly config: ModelConfig;
  /** Revision of the write that brought it. */
  readonly revision: number;
  readonly changedBy: string;
  readonly atMs: number;
}

/** Everything that lookups are answered from: one immutable value per revision. */
export interface ConfigState {
  readonly storeId: string;
  readonly revision: number;
  readonly stored: PersistentMap<StoredConfig>;
  /** The model that an empty name means; undefined where the environment names none. */
  readonly defaultModel: string | undefined;
}

/** The layers that hold for every caller of a model, lowest first. The lowest is the seed's model or the defaults. */
export function baseLayers(state: ConfigState, model: string): LayerEntry[] {
  const seed = BUILTIN_MODELS.get(model);
  const layers: LayerEntry[] = [
    seed
      ? { layer: "builtin", revision: 0, source: "seed", config: seed }
      : {
          layer: "builtin",
          revision: 0,
          source: "default",
          config: { ...DEFAULT_MODEL, modelName: model },
        },
  ];
  const stored = state.stored.get(model);
  if (stored) {
    layers.push({
      layer: "stored",
      revision: stored.revision,
      source: stored.changedBy,
      config: stored.config,
    });
  }
  return layers;
}

/** Whether a model has a config of its own in any layer. */
export function isKnownModel(state: ConfigState, model: string): boolean {
  return BUILTIN_MODELS.has(model) || state.stored.has(model);
}

/** The merge of the layers that hold for every caller. */
export function mergedConfig(state: ConfigState, model: string): ModelConfig {
  const [lowest, ...others] = baseLayers(state, model);
  return others.reduce(
    (under, entry) => mergeModelConfig(under, entry.config),
    lowest?.config ?? { ...DEFAULT_MODEL, modelName: model },
  );
}

/** Names of all model configs, in ascending order of their UTF-16 units. */
export function modelNames(state: ConfigState): string[] {
  return [...new Set([...BUILTIN_MODELS.keys(), ...state.stored.keys()])].sort();
}
