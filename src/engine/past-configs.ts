import type { ModelConfig } from "../domain/config/model-config.ts";
import { type ConfigState, mergedHead } from "../domain/config/registry.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { PAST_CONFIGS_MAX } from "../domain/kernel/limits.ts";
import { keys, ranges } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import type { Author } from "./author.ts";

/** What one write left of a model. */
export interface PastConfig {
  /** Counts from 1, which is what was before the first write: the oldest kept one tells by it whether older ones were dropped. */
  readonly ordinal: number;
  readonly revision: number;
  /** Null where nothing was stored any more. */
  readonly stored: ModelConfig | null;
  /** The merge of all layers that hold for every caller, as it was then. */
  readonly merged: ModelConfig;
  readonly changedBy: string;
  readonly reason: string;
  readonly atMs: number;
}

type Reader = Pick<Store, "json" | "scan">;

/**
 * Keeps what a write leaves of a model, in the write's own batch, and drops the oldest beyond PAST_CONFIGS_MAX. Every change of
 * a stored layer, or of a file layer, calls this.
 */
export async function pastConfigOps(
  store: Reader,
  write: {
    readonly model: string;
    readonly before: ConfigState;
    readonly after: ConfigState;
    readonly author: Author;
    readonly atMs: number;
  },
): Promise<StoreOp[]> {
  const { model, before, after, author, atMs } = write;
  const range = ranges.pastConfigs(model);
  const newest = await firstOf(store, { range, reverse: true });
  const ops: StoreOp[] = [];
  const put = (past: PastConfig) =>
    ops.push({ put: keys.pastConfig(model, past.revision), json: past });
  const present = before.stored.get(model);
  // What a store of an earlier program left counts as a second write, because the first one is not known.
  const first = present ? 2 : 1;
  const ordinal = (newest?.ordinal ?? first) + 1;
  if (!newest) {
    put({
      ordinal: first,
      revision: present?.revision ?? after.revision - 1,
      stored: present?.config ?? null,
      merged: mergedHead(before, model),
      changedBy: present?.changedBy ?? "",
      reason: "",
      atMs: present?.atMs ?? atMs,
    });
  }
  put({
    ordinal,
    revision: after.revision,
    stored: after.stored.get(model)?.config ?? null,
    merged: mergedHead(after, model),
    ...author,
    atMs,
  });
  const oldest = await firstOf(store, { range });
  if (oldest && ordinal - oldest.ordinal >= PAST_CONFIGS_MAX)
    ops.push({ delete: keys.pastConfig(model, oldest.revision) });
  return ops;
}

/**
 * What a model was at a revision: what the newest write up to it left. Before the first write of a model nothing was stored.
 * Errors: REVISION_COMPACTED.
 */
export async function pastConfigAt(
  store: Reader,
  state: ConfigState,
  wanted: { readonly model: string; readonly revision: number },
): Promise<Pick<PastConfig, "stored" | "merged">> {
  const { model, revision } = wanted;
  const range = ranges.pastConfigs(model);
  const upTo = { gte: range.gte, lt: keys.pastConfig(model, revision + 1) };
  const found = await firstOf(store, { range: upTo, reverse: true });
  if (found) return found;
  const oldest = await firstOf(store, { range });
  if (oldest?.ordinal === 1) return oldest;
  const present = state.stored.get(model);
  const isPresent = !oldest && (present?.revision ?? 0) <= revision;
  if (isPresent) return { stored: present?.config ?? null, merged: mergedHead(state, model) };
  throw compacted(model, revision, oldest?.revision ?? present?.revision ?? 0);
}

function compacted(model: string, revision: number, oldest: number): Fault {
  return new Fault(
    "REVISION_COMPACTED",
    `what ${JSON.stringify(model)} was at revision ${revision} is not kept any more; the oldest kept write is revision ${oldest}`,
    { metadata: { model, oldestRevision: String(oldest) } },
  );
}

async function firstOf(
  store: Reader,
  options: Omit<Parameters<Reader["scan"]>[0], "limit">,
): Promise<PastConfig | undefined> {
  for await (const [, past] of store.scan<PastConfig>({ ...options, limit: 1 })) return past;
  return undefined;
}
