import { type ConfigurationChange, diffModelConfigs } from "../domain/config/change.ts";
import type { ModelConfig } from "../domain/config/model-config.ts";
import { PHASES, type Phase } from "../domain/config/phase.ts";
import {
  type ConfigState,
  HEAD_LABEL,
  mergedHead,
  type StoredConfig,
} from "../domain/config/registry.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import { type Author, acceptedChanges } from "./author.ts";
import type { ChangeContext } from "./change.ts";
import { pastConfigOps } from "./past-configs.ts";
import { type Snapshot, takeSnapshot } from "./snapshots.ts";

/** Stored layers after a write, and what the write adds to its batch; the revision itself and the history are the caller's. */
export interface LayerWrite {
  readonly state: ConfigState;
  readonly ops: readonly StoreOp[];
  /** One per parameter whose merged value became another, with the newest writes as stored layers, whatever label is served. */
  readonly changes: readonly ConfigurationChange[];
  /** What the scopes without attributes answer afterwards; empty where lookups serve a label. */
  readonly snapshots: readonly Snapshot[];
}

/**
 * Replaces or removes (undefined) the stored layers of models. `before` is the state so far and `revision` the one that the write
 * takes.
 */
export async function writeStoredLayers(
  before: ConfigState,
  write: {
    readonly layers: ReadonlyMap<string, ModelConfig | undefined>;
    readonly revision: number;
    readonly author: Author;
  },
  context: ChangeContext,
): Promise<LayerWrite> {
  const { revision, author } = write;
  let stored = before.stored;
  const ops: StoreOp[] = [];
  for (const [model, config] of write.layers) {
    if (!config) {
      stored = stored.delete(model);
      ops.push({ delete: keys.config(model) });
      continue;
    }
    const { changedBy } = author;
    const layer: StoredConfig = { config, revision, changedBy, atMs: context.nowMs };
    stored = stored.set(model, layer);
    ops.push({ put: keys.config(model), json: layer });
  }
  const state: ConfigState = { ...before, revision, stored };
  const changes: ConfigurationChange[] = [];
  const snapshots: Snapshot[] = [];
  for (const model of write.layers.keys()) {
    const past = { model, before, after: state, author, atMs: context.nowMs };
    ops.push(...(await pastConfigOps(context.store, past)));
    const differences = diffModelConfigs(mergedHead(before, model), mergedHead(state, model));
    const accepted = acceptedChanges(differences, { model, revision }, author, context);
    changes.push(...accepted);
    if (state.label !== HEAD_LABEL) continue;
    for (const phase of phasesOf(accepted)) {
      const scope = { modelKey: model, phase, attributes: {} };
      snapshots.push(takeSnapshot(state, scope, context));
    }
  }
  return { state, ops, changes, snapshots };
}

/** Phases whose flat settings a write changed: all where it switched the model; execution where it changed none. */
export function phasesOf(changes: readonly ConfigurationChange[]): Phase[] {
  const all = PHASES.map(({ phase }) => phase);
  if (changes.some(({ parameter, phase }) => parameter === "enabled" && !phase)) return all;
  const named = all.filter((phase) => changes.some((change) => change.phase === phase));
  return named.length === 0 ? ["execution"] : named;
}
