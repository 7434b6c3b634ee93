import type { Override } from "../domain/config/override.ts";
import type { StoredConfig, StoredPrompt } from "../domain/config/registry.ts";
import type { ExportContent } from "../domain/export/export-document.ts";
import { type KeyRange, keys, ranges } from "../store/keys.ts";
import type { Store, StoreSnapshot } from "../store/store.ts";
import type { LabelRecord, VersionRecord } from "./config-load.ts";

/** What people wrote, as of one revision, whatever is written meanwhile. No models means all. */
export async function readExport(
  store: Store,
  models: readonly string[],
): Promise<{ readonly content: ExportContent; readonly revision: number }> {
  const at = store.snapshot();
  const wanted = new Set(models);
  const all = async <T>(range: KeyRange, modelOf: (item: T) => string): Promise<T[]> => {
    const items: T[] = [];
    for await (const [, item] of store.scan<T>({ range, at }))
      if (wanted.size === 0 || wanted.has(modelOf(item))) items.push(item);
    return items;
  };
  try {
    return await readAll(store, at, all);
  } finally {
    await at.close();
  }
}

async function readAll(
  store: Store,
  at: StoreSnapshot,
  all: <T>(range: KeyRange, modelOf: (item: T) => string) => Promise<T[]>,
): Promise<{ readonly content: ExportContent; readonly revision: number }> {
  const ownModel = ({ model }: { readonly model: string }) => model;
  const stored = await all<StoredConfig>(ranges.configs, ({ config }) => config.modelName);
  const prompts = await all<StoredPrompt>(ranges.prompts, ownModel);
  const overrides = await all<Override>(ranges.overrides, ownModel);
  const versions = await all<VersionRecord>(ranges.versions, ownModel);
  const labels = await all<LabelRecord>(ranges.labels, ownModel);
  const content: ExportContent = {
    configs: stored.map(({ config }) => config),
    prompts,
    overrides,
    versions: versions.toSorted((a, b) => a.revision - b.revision),
    labels,
  };
  return { content, revision: (await store.json<number>(keys.meta("revision"), at)) ?? 0 };
}
