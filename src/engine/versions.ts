import { suggestNames } from "../domain/catalog/suggestions.ts";
import { LATEST } from "../domain/config/version.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { keys, ranges } from "../store/keys.ts";
import type { Store, StoreSnapshot } from "../store/store.ts";
import type { LabelRecord, VersionRecord } from "./config-load.ts";

type Reader = Pick<Store, "json" | "scan">;

/** A version without its content: what lists show, in the order of saving. */
export type VersionSummary = Omit<VersionRecord, "stored" | "merged" | "prompts">;

/** A version without its content. */
export function summaryOf(record: VersionRecord): VersionSummary {
  const { model, version, contentHash, revision, savedAtMs, savedBy, reason } = record;
  return { model, version, contentHash, revision, savedAtMs, savedBy, reason };
}

/** The version that a name stands for: a version's own name first, then a label, then "latest". Errors: VERSION_NOT_FOUND. */
export async function findVersion(
  store: Reader,
  model: string,
  name: string,
): Promise<VersionRecord> {
  const own = name === "" ? undefined : await store.json<VersionRecord>(keys.version(model, name));
  if (own) return own;
  const target =
    name === LATEST ? await newestOf(store, model) : await targetOf(store, model, name);
  const record = target && (await store.json<VersionRecord>(keys.version(model, target)));
  if (record) return record;
  throw await versionNotFound(store, model, name);
}

/** The labels of a model, in the order of their names. */
export async function labelsOf(
  store: Reader,
  model: string,
  at?: StoreSnapshot,
): Promise<LabelRecord[]> {
  const labels: LabelRecord[] = [];
  const range = ranges.labelsOfModel(model);
  for await (const [, label] of store.scan<LabelRecord>({ range, ...(at ? { at } : {}) }))
    labels.push(label);
  return labels;
}

/** The versions of exactly one model, oldest first. */
export async function versionsOf(
  store: Reader,
  model: string,
  at?: StoreSnapshot,
): Promise<VersionSummary[]> {
  const versions: VersionSummary[] = [];
  const range = ranges.versionOrder(model);
  for await (const [, version] of store.scan<VersionSummary>({ range, ...(at ? { at } : {}) }))
    versions.push(version);
  return versions;
}

/** Whether the store keeps anything of the past of a model by exactly this name. */
export async function hasPast(store: Reader, model: string): Promise<boolean> {
  for (const range of [
    ranges.pastConfigs(model),
    ranges.versionOrder(model),
    ranges.changesOfModel(model),
  ]) {
    for await (const _ of store.scan({ range, limit: 1 })) return true;
  }
  return false;
}

/** The fault of a version or label that is not there, with the nearest names. */
export async function versionNotFound(
  store: Reader,
  model: string,
  version: string,
): Promise<Fault> {
  const versions = (await versionsOf(store, model)).map((saved) => saved.version);
  const labels = (await labelsOf(store, model)).map(({ label }) => label);
  const suggestions = suggestNames(version, [...versions, ...labels]);
  const hint =
    versions.length === 0
      ? "; none is saved"
      : suggestions.length === 0
        ? ""
        : `; did you mean ${suggestions.join(", ")}?`;
  return new Fault(
    "VERSION_NOT_FOUND",
    `${JSON.stringify(model)} has no version or label ${JSON.stringify(version)}${hint}`,
    {
      metadata: { model, version, suggestions: suggestions.join(",") },
      resource: { type: "version", name: `models/${model}/versions/${version}` },
    },
  );
}

async function targetOf(store: Reader, model: string, label: string): Promise<string | undefined> {
  return (await store.json<LabelRecord>(keys.label(model, label)))?.version;
}

async function newestOf(store: Reader, model: string): Promise<string | undefined> {
  const newest = { range: ranges.versionOrder(model), reverse: true, limit: 1 } as const;
  for await (const [, version] of store.scan<VersionSummary>(newest)) return version.version;
  return undefined;
}
