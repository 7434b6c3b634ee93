import type { Catalog } from "../catalog/catalog.ts";
import { resolveModelName } from "../catalog/names.ts";
import type { ResolvedName } from "../catalog/resolved-name.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { PersistentMap } from "../kernel/persistent-map.ts";
import { BUILTIN_MODELS, DEFAULT_MODEL } from "./builtin.ts";
import type { EnvironmentLayer } from "./environment.ts";
import type { LayerEntry } from "./layer.ts";
import { type ModelConfig, mergeModelConfig } from "./model-config.ts";
import { matchingOverrides, type Override, type OverrideSubject } from "./override.ts";
import type { SettingKey } from "./settings.ts";

/** The stored layer of one model. */
export interface StoredConfig {
  readonly config: ModelConfig;
  /** Revision of the write that brought it. */
  readonly revision: number;
  readonly changedBy: string;
  readonly atMs: number;
}

/** The file layer of one model. */
export interface FileConfig {
  readonly config: ModelConfig;
  /** Path below the directory of operator files. */
  readonly file: string;
  /** Revision of the load that brought this content. */
  readonly revision: number;
}

/** A prompt template that was stored. */
export interface StoredPrompt {
  readonly model: string;
  readonly type: string;
  readonly text: string;
  readonly revision: number;
  readonly changedBy: string;
  readonly atMs: number;
}

/** The label whose versions the stored layer serves; `head` is the newest write. */
export const HEAD_LABEL = "head";

/** Everything that lookups are answered from: one immutable value per revision. */
export interface ConfigState {
  readonly storeId: string;
  readonly revision: number;
  readonly catalog: Catalog;
  /** Newest write by model. */
  readonly stored: PersistentMap<StoredConfig>;
  /** The label that is served. */
  readonly label: string;
  /** What the label serves by model; unused for `head`. */
  readonly labelled: PersistentMap<StoredConfig>;
  readonly files: PersistentMap<FileConfig>;
  /** Overrides and pins, by id. */
  readonly overrides: ReadonlyMap<string, Override>;
  /** Experiments by id, whatever their state. */
  readonly experiments: ReadonlyMap<string, Experiment>;
  readonly environment: EnvironmentLayer;
  /** Revision at which the environment became what it is. */
  readonly environmentRevision: number;
  /** Stored prompt templates by model, then by type; those of the empty model serve models without own ones. */
  readonly prompts: PersistentMap<ReadonlyMap<string, StoredPrompt>>;
}

/** What a name stands for, with the model configs of this state as known keys. */
export function resolveName(state: ConfigState, name: string): ResolvedName {
  return resolveModelName(name, {
    isConfigKey: (key) => hasConfig(state, key),
    catalog: state.catalog,
  });
}

/** The key that layers, scopes and statistics of a name go by: its model config, else its canonical id. */
export function modelKeyOf(resolved: ResolvedName): string {
  return resolved.configKey === "" ? resolved.canonicalId : resolved.configKey;
}

/** The layers that hold for every caller of a model, lowest first. The lowest is the seed's model or the defaults. */
export function baseLayers(state: ConfigState, model: string): LayerEntry[] {
  const layers: LayerEntry[] = [];
  const seed = BUILTIN_MODELS.get(model);
  if (seed) {
    layers.push({ layer: "builtin", revision: 0, source: "seed", config: seed });
  } else {
    layers.push({
      layer: "builtin",
      revision: 0,
      source: "default",
      config: { ...DEFAULT_MODEL, modelName: model },
    });
    const facts = catalogLayer(state.catalog, model);
    if (facts) layers.push(facts);
  }
  const file = state.files.get(model);
  if (file)
    layers.push({ layer: "file", revision: file.revision, source: file.file, config: file.config });
  const stored = servedStored(state, model);
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

/** All layers of a lookup, lowest first, without those of its call. */
export function lookupLayers(
  state: ConfigState,
  subject: OverrideSubject,
  dimensions: readonly string[],
): LayerEntry[] {
  const matching = matchingOverrides(state.overrides.values(), subject, dimensions);
  const entryOf = (override: Override): LayerEntry => ({
    layer: override.pin ? "pin" : "override",
    revision: override.revision,
    source: override.overrideId,
    config: {
      modelName: subject.model,
      phases: { [subject.phase]: override.settings },
      ...(override.enabled === undefined ? {} : { enabled: override.enabled }),
    },
  });
  const environment = environmentLayer(state, subject);
  return [
    ...baseLayers(state, subject.model),
    ...matching.filter((override) => !override.pin).map(entryOf),
    ...environment,
    ...matching.filter((override) => override.pin).map(entryOf),
  ];
}

/** The stored layer that is served for a model. */
export function servedStored(state: ConfigState, model: string): StoredConfig | undefined {
  return state.label === HEAD_LABEL ? state.stored.get(model) : state.labelled.get(model);
}

/** Whether a model has a config of its own in the builtin, file or stored layer. */
export function hasConfig(state: ConfigState, model: string): boolean {
  return BUILTIN_MODELS.has(model) || state.stored.has(model) || state.files.has(model);
}

/** Whether anything is known of a model: a config, or facts. */
export function isKnownModel(state: ConfigState, model: string): boolean {
  return hasConfig(state, model) || state.catalog.has(model);
}

/** The merge of the layers that hold for every caller. */
export function mergedConfig(state: ConfigState, model: string): ModelConfig {
  const [lowest, ...others] = baseLayers(state, model);
  return others.reduce(
    (under, entry) => mergeModelConfig(under, entry.config),
    lowest?.config ?? { ...DEFAULT_MODEL, modelName: model },
  );
}

/** The merge with the newest write as stored layer, whatever label is served: what the history of a config is about. */
export function mergedHead(state: ConfigState, model: string): ModelConfig {
  return mergedConfig(state.label === HEAD_LABEL ? state : { ...state, label: HEAD_LABEL }, model);
}

/** Names of all model configs, in ascending order of their UTF-16 units. */
export function modelNames(state: ConfigState): string[] {
  return [
    ...new Set([...BUILTIN_MODELS.keys(), ...state.stored.keys(), ...state.files.keys()]),
  ].sort();
}

function catalogLayer(catalog: Catalog, model: string): LayerEntry | undefined {
  const facts = catalog.get(model);
  if (!facts) return undefined;
  return {
    layer: "catalog",
    revision: 0,
    source: facts.canonicalId,
    config: {
      modelName: model,
      modelFamily: facts.family,
      displayName: facts.displayName,
      capabilities: facts.capabilities,
      limits: { contextWindow: facts.limits.contextWindow },
    },
  };
}

/** One entry per field, so that provenance names the very variable. */
function environmentLayer(state: ConfigState, subject: OverrideSubject): LayerEntry[] {
  const settings = state.environment.phases[subject.phase] ?? {};
  const sources = state.environment.sources[subject.phase] ?? {};
  return Object.entries(settings).map(([key, value]) => ({
    layer: "env",
    revision: state.environmentRevision,
    source: sources[key as SettingKey] ?? "",
    config: { modelName: subject.model, phases: { [subject.phase]: { [key]: value } } },
  }));
}
