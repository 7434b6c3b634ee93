import type { ParameterChange } from "../domain/config/change.ts";
import { type Comparable, compareStates } from "../domain/config/comparison.ts";
import type { Phase } from "../domain/config/phase.ts";
import { type ConfigState, hasConfig, isKnownModel } from "../domain/config/registry.ts";
import type { Attributes } from "../domain/config/scope.ts";
import type { Settings } from "../domain/config/settings.ts";
import { SNAPSHOTS_MAX } from "../domain/kernel/limits.ts";
import { keys, ranges, sequenceOfKey } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import type { ChangeContext } from "./change.ts";
import { resolveScope, type ScopeResolution } from "./lookups.ts";

/** The settings of a scope as they were served at one moment. */
export interface Snapshot {
  readonly snapshotId: string;
  readonly atMs: number;
  /** Revision that it shows. */
  readonly revision: number;
  /** Name of the model as the caller wrote it. */
  readonly model: string;
  readonly modelKey: string;
  readonly phase: Phase;
  readonly attributes: Attributes;
  readonly settings: Settings;
  readonly enabled: boolean;
  readonly configId: string;
  /** The caller's own. */
  readonly metadata: Attributes;
}

/** What a snapshot is taken of. */
export interface SnapshotScope {
  readonly modelKey: string;
  readonly phase: Phase;
  readonly attributes: Attributes;
}

type Reader = Pick<Store, "json" | "scan">;

/** What a scope answers in a state, not yet recorded. */
export function takeSnapshot(
  state: ConfigState,
  scope: SnapshotScope & { readonly model?: string; readonly metadata?: Attributes },
  context: ChangeContext,
): Snapshot {
  const { modelKey, phase, attributes, model = modelKey, metadata = {} } = scope;
  const named = {
    wireModel: model,
    configKey: hasConfig(state, modelKey) ? modelKey : "",
    modelKey,
    isKnown: isKnownModel(state, modelKey),
  };
  const answer = resolveScope(state, { ...named, phase, attributes }, context.dimensions);
  return {
    snapshotId: context.createId("cfg"),
    atMs: context.nowMs,
    revision: state.revision,
    model,
    modelKey,
    phase,
    attributes,
    settings: answer.settings,
    enabled: answer.enabled,
    configId: answer.arm.configId,
    metadata,
  };
}

/** Ops that record snapshots as the newest ones of their scopes, and drop the oldest beyond SNAPSHOTS_MAX. */
export async function snapshotOps(
  store: Reader,
  snapshots: readonly Snapshot[],
): Promise<StoreOp[]> {
  if (snapshots.length === 0) return [];
  let sequence = 0;
  for await (const [key] of store.scan<string>({
    range: ranges.snapshotOrder,
    reverse: true,
    limit: 1,
  }))
    sequence = sequenceOfKey(key);
  const ops: StoreOp[] = [];
  for (const snapshot of snapshots) {
    sequence += 1;
    ops.push(
      { put: keys.snapshot(snapshot.snapshotId), json: snapshot },
      { put: keys.snapshotOrder(sequence), json: snapshot.snapshotId },
      { put: keys.newestSnapshot(scopeTextOf(snapshot)), json: snapshot.snapshotId },
    );
  }
  return [...(await droppedOps(store, sequence - SNAPSHOTS_MAX)), ...ops];
}

/** Errors: none; undefined where no snapshot has this id. */
export function readSnapshot(store: Reader, snapshotId: string): Promise<Snapshot | undefined> {
  return store.json<Snapshot>(keys.snapshot(snapshotId));
}

/** The newest snapshot of a scope. */
export async function newestSnapshot(
  store: Reader,
  scope: SnapshotScope,
): Promise<Snapshot | undefined> {
  const id = await store.json<string>(keys.newestSnapshot(scopeTextOf(scope)));
  return id === undefined ? undefined : readSnapshot(store, id);
}

/** Whether a snapshot still shows what a scope answers. */
export function showsAnswer(snapshot: Snapshot, answer: ScopeResolution): boolean {
  return snapshot.configId === answer.arm.configId && snapshot.enabled === answer.enabled;
}

/** What turns one snapshot of a scope into another. */
export function snapshotDifferences(before: Snapshot, after: Snapshot): ParameterChange[] {
  return compareStates(comparableSnapshot(before), comparableSnapshot(after));
}

/** A snapshot as a side of a comparison. */
export function comparableSnapshot(snapshot: Snapshot): Comparable {
  const { phase, settings, enabled, modelKey } = snapshot;
  return { model: modelKey, phases: new Map([[phase, { settings, enabled }]]), config: undefined };
}

/** Drops the snapshots up to a sequence, and their scopes' pointers where nothing newer took them over. */
async function droppedOps(store: Reader, upTo: number): Promise<StoreOp[]> {
  if (upTo <= 0) return [];
  const ops: StoreOp[] = [];
  const range = { gte: ranges.snapshotOrder.gte, lt: keys.snapshotOrder(upTo + 1) };
  for await (const [key, snapshotId] of store.scan<string>({ range })) {
    ops.push({ delete: key }, { delete: keys.snapshot(snapshotId) });
    const snapshot = await readSnapshot(store, snapshotId);
    const pointer = snapshot && keys.newestSnapshot(scopeTextOf(snapshot));
    if (pointer && (await store.json<string>(pointer)) === snapshotId)
      ops.push({ delete: pointer });
  }
  return ops;
}

/** A text that equals for equal scopes only. */
function scopeTextOf({ modelKey, phase, attributes }: SnapshotScope): string {
  const sorted = Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([modelKey, phase, ...sorted]);
}
