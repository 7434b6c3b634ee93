import {
  type ConfigurationChange,
  diffModelConfigs,
  type ParameterChange,
} from "../domain/config/change.ts";
import {
  type ConfigState,
  type FileConfig,
  mergedHead,
  servedStored,
} from "../domain/config/registry.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { acceptedChanges, historyOps } from "./author.ts";
import type { Change, ChangeContext } from "./change.ts";
import { type ConfigSources, filesOf, recordOf, type SourceRecord } from "./config-load.ts";
import { pastConfigOps } from "./past-configs.ts";
import { type Snapshot, snapshotOps, takeSnapshot } from "./snapshots.ts";
import { phasesOf } from "./stored-layers.ts";

/** What a reload of operator files did. */
export interface FileReload {
  /** The present revision, whether or not the reload took it. */
  readonly revision: number;
  /** Models whose file, or its content, is another than before. */
  readonly models: readonly string[];
  /** Parameters that became others. */
  readonly changeCount: number;
}

/** Disagreements that are listed; more are counted. */
export const DISAGREEMENTS_MAX = 100;

/** A parameter that a file and the stored config set to different values. */
export interface SourceDisagreement extends ParameterChange {
  readonly model: string;
  readonly file: string;
}

/**
 * Puts the content of operator files in force, as one revision. The models whose files are as they were keep their revision. Writes
 * nothing where all are.
 */
export function reloadFiles(files: ConfigSources["files"]): Change<FileReload> {
  return {
    name: "reload_files",
    async plan(state, context) {
      const before = state.config;
      const known = await context.store.json<SourceRecord>(keys.meta("sources"));
      const revision = before.revision + 1;
      const { catalog, environment, label } = before;
      const record = recordOf({ catalog, environment, label, files }, known, revision);
      const models = changedModels(known, record);
      if (models.length === 0) {
        const result = { revision: before.revision, models, changeCount: 0 };
        return { ops: [], next: state, touched: new Set(), result };
      }
      const after: ConfigState = { ...before, revision, files: filesOf(files, record) };
      const past = await recordPast({ before, after, models }, context);
      const ops: StoreOp[] = [
        { put: keys.meta("sources"), json: record },
        { put: keys.meta("revision"), json: revision },
        ...past.ops,
      ];
      return {
        ops,
        next: { ...state, config: after },
        touched: new Set(models),
        changes: past.changes,
        result: { revision, models, changeCount: past.changes.length },
      };
    },
  };
}

/** What a reload leaves in the history: per model what it was, one change per parameter, and snapshots of what is served since. */
async function recordPast(
  {
    before,
    after,
    models,
  }: Readonly<Record<"before" | "after", ConfigState>> & {
    readonly models: readonly string[];
  },
  context: ChangeContext,
): Promise<{ readonly ops: readonly StoreOp[]; readonly changes: readonly ConfigurationChange[] }> {
  const changes: ConfigurationChange[] = [];
  const snapshots: Snapshot[] = [];
  const ops: StoreOp[] = [];
  for (const model of models) {
    const present = after.files.get(model);
    const author = {
      reason: present ? "operator file changed" : "operator file removed",
      changedBy: `file:${(present ?? before.files.get(model))?.file ?? ""}`,
    };
    const write = { model, before, after, author, atMs: context.nowMs };
    ops.push(...(await pastConfigOps(context.store, write)));
    const differences = diffModelConfigs(mergedHead(before, model), mergedHead(after, model));
    const origin = { model, revision: after.revision };
    const accepted = acceptedChanges(differences, origin, author, context);
    changes.push(...accepted);
    if (accepted.length === 0) continue;
    for (const phase of phasesOf(accepted)) {
      snapshots.push(takeSnapshot(after, { modelKey: model, phase, attributes: {} }, context));
    }
  }
  ops.push(...historyOps(changes), ...(await snapshotOps(context.store, snapshots)));
  return { ops, changes };
}

/** Revision of the newest change of the file layer; 0 where there are no files. */
export function fileRevision(state: ConfigState): number {
  let newest = 0;
  for (const [, { revision }] of state.files.entries()) newest = Math.max(newest, revision);
  return newest;
}

/**
 * Where operator files and the stored configs that are served set a parameter to different values, in the order of the models; the
 * old value is the file's. At most DISAGREEMENTS_MAX are listed, all are counted.
 */
export function sourceDisagreements(state: ConfigState): {
  readonly listed: readonly SourceDisagreement[];
  readonly count: number;
} {
  const listed: SourceDisagreement[] = [];
  let count = 0;
  const files = [...state.files.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [model, source] of files) {
    for (const difference of differencesOf(state, model, source)) {
      count += 1;
      if (listed.length < DISAGREEMENTS_MAX) {
        listed.push({ ...difference, model, file: source.file });
      }
    }
  }
  return { listed, count };
}

function differencesOf(state: ConfigState, model: string, source: FileConfig): ParameterChange[] {
  const stored = servedStored(state, model);
  if (!stored) return [];
  return diffModelConfigs(source.config, stored.config).filter(
    ({ oldValue, newValue }) => oldValue !== undefined && newValue !== undefined,
  );
}

function changedModels(before: SourceRecord | undefined, after: SourceRecord): string[] {
  const names = new Set([...Object.keys(before?.files ?? {}), ...Object.keys(after.files)]);
  return [...names]
    .filter((model) => before?.files[model]?.digest !== after.files[model]?.digest)
    .sort();
}
