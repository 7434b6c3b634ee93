import type { Catalog } from "../domain/catalog/catalog.ts";
import type { EnvironmentLayer } from "../domain/config/environment.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import type { Override } from "../domain/config/override.ts";
import {
  type ConfigState,
  type FileConfig,
  HEAD_LABEL,
  type StoredConfig,
  type StoredPrompt,
} from "../domain/config/registry.ts";
import type { Experiment } from "../domain/experiment/experiment.ts";
import { PersistentMap } from "../domain/kernel/persistent-map.ts";
import { sha256 } from "../platform/digest.ts";
import { keys, ranges } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

/** A model config of an operator file, before it is known at which revision its content came. */
export interface FileSource {
  readonly config: ModelConfig;
  readonly file: string;
}

/** What comes with the program, its files and its environment, and not from the store. */
export interface ConfigSources {
  readonly catalog: Catalog;
  readonly environment: EnvironmentLayer;
  /** Configs of the operator files, by model. */
  readonly files: ReadonlyMap<string, FileSource>;
  /** The label whose versions are served. */
  readonly label: string;
}

/** What the sources were at the last start or reload, and at which revision each became so. */
export interface SourceRecord {
  readonly catalog: string;
  readonly environment: string;
  readonly environmentRevision: number;
  readonly label: string;
  readonly files: Readonly<Record<string, { readonly digest: string; readonly revision: number }>>;
}

/**
 * Builds the state that lookups are answered from. Where catalog, environment, files or label differ from those of the last start, the next
 * revision is committed, so that watchers that resume see it as a change; the first start of a store is revision 0.
 */
export async function loadConfigState(store: Store, sources: ConfigSources): Promise<ConfigState> {
  const revision = (await store.json<number>(keys.meta("revision"))) ?? 0;
  const before = await store.json<SourceRecord>(keys.meta("sources"));
  const next = before ? revision + 1 : revision;
  const record = recordOf(sources, before, next);
  const isChanged = JSON.stringify(record) !== JSON.stringify(before);
  if (isChanged) {
    const ops = [
      { put: keys.meta("sources"), json: record },
      { put: keys.meta("revision"), json: next },
    ];
    await store.write(ops, "sync");
  }
  return {
    storeId: store.storeId,
    revision: isChanged ? next : revision,
    catalog: sources.catalog,
    stored: await loadStored(store),
    label: sources.label,
    labelled: await loadLabelled(store, sources.label),
    files: filesOf(sources.files, record),
    overrides: await loadOverrides(store),
    experiments: await loadExperiments(store),
    environment: sources.environment,
    environmentRevision: record.environmentRevision,
    prompts: await loadPrompts(store),
  };
}

/** The record of sources at a revision: what is as it was keeps its revision. */
export function recordOf(
  sources: ConfigSources,
  before: SourceRecord | undefined,
  revision: number,
): SourceRecord {
  const environment = digestOf([sources.environment.defaultModel, sources.environment.phases]);
  const files = [...sources.files]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([model, { config, file }]) => {
      const digest = digestOf([file, config]);
      const known = before?.files[model];
      return [model, known?.digest === digest ? known : { digest, revision }] as const;
    });
  return {
    catalog: `${sources.catalog.info.generatedOn} ${sources.catalog.info.modelCount}`,
    environment,
    environmentRevision:
      before?.environment === environment ? before.environmentRevision : revision,
    label: sources.label,
    files: Object.fromEntries(files),
  };
}

/** The file layer of a record. */
export function filesOf(
  files: ConfigSources["files"],
  record: SourceRecord,
): PersistentMap<FileConfig> {
  return PersistentMap.of(
    [...files].map(([model, source]): [string, FileConfig] => [
      model,
      { ...source, revision: record.files[model]?.revision ?? 0 },
    ]),
  );
}

async function loadStored(store: Store): Promise<PersistentMap<StoredConfig>> {
  const configs: [string, StoredConfig][] = [];
  for await (const [, stored] of store.scan<StoredConfig>({ range: ranges.configs })) {
    configs.push([stored.config.modelName, stored]);
  }
  return PersistentMap.of(configs);
}

/** What a label points to, with the stored layer that its version holds. */
export interface LabelRecord {
  readonly model: string;
  readonly label: string;
  readonly version: string;
  readonly revision: number;
  /** Versions that it was given, the last one last; absent in records of before they were kept. */
  readonly given?: readonly string[];
}

/** A saved version as it lies in the store. */
export interface VersionRecord {
  readonly model: string;
  readonly version: string;
  readonly contentHash: string;
  readonly revision: number;
  readonly savedAtMs: number;
  readonly savedBy: string;
  readonly reason: string;
  /** The stored layer at the time of the save: what a rollback restores and a label serves. Null where nothing was stored. */
  readonly stored: ModelConfig | null;
  /** The merged config at the time of the save, for reading. */
  readonly merged: ModelConfig;
  readonly prompts: readonly { readonly type: string; readonly text: string }[];
}

async function loadLabelled(store: Store, label: string): Promise<PersistentMap<StoredConfig>> {
  if (label === HEAD_LABEL) return PersistentMap.empty();
  const served: [string, StoredConfig][] = [];
  for await (const [, pointer] of store.scan<LabelRecord>({ range: ranges.labels })) {
    if (pointer.label !== label) continue;
    const version = await store.json<VersionRecord>(keys.version(pointer.model, pointer.version));
    const stored = version && servedVersion(version, pointer.revision);
    if (stored) served.push([pointer.model, stored]);
  }
  return PersistentMap.of(served);
}

/** A version as the stored layer that its label serves; undefined for one of a model for which nothing was stored. */
export function servedVersion(version: VersionRecord, revision: number): StoredConfig | undefined {
  const { stored, version: name, savedAtMs } = version;
  return stored ? { config: stored, revision, changedBy: name, atMs: savedAtMs } : undefined;
}

async function loadOverrides(store: Store): Promise<Map<string, Override>> {
  const overrides = new Map<string, Override>();
  for await (const [, item] of store.scan<Override>({ range: ranges.overrides }))
    overrides.set(item.overrideId, item);
  return overrides;
}

async function loadExperiments(store: Store): Promise<Map<string, Experiment>> {
  const experiments = new Map<string, Experiment>();
  for await (const [, item] of store.scan<Experiment>({ range: ranges.experiments }))
    experiments.set(item.experimentId, item);
  return experiments;
}

async function loadPrompts(
  store: Store,
): Promise<PersistentMap<ReadonlyMap<string, StoredPrompt>>> {
  const byModel = new Map<string, Map<string, StoredPrompt>>();
  for await (const [, prompt] of store.scan<StoredPrompt>({ range: ranges.prompts })) {
    const own = byModel.get(prompt.model) ?? new Map<string, StoredPrompt>();
    byModel.set(prompt.model, own.set(prompt.type, prompt));
  }
  return PersistentMap.of(byModel);
}

function digestOf(content: unknown): string {
  return Buffer.from(sha256(JSON.stringify(content)).subarray(0, 12)).toString("hex");
}
