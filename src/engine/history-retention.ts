import type { ConfigurationChange } from "../domain/config/change.ts";
import type { Drift } from "../domain/drift/drift.ts";
import { CHANGES_REVISIONS_MAX, CLOSED_FINDINGS_MAX } from "../domain/kernel/limits.ts";
import { isOpen, type Recommendation } from "../domain/recommendation/recommendation.ts";
import { changeOfModelKey, type KeyRange, keys, ranges } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";

/** Entries that one step removes: some milliseconds. */
const ENTRIES_PER_STEP = 1_000;

/** Removes changes of configs, resolved drifts and closed recommendations beyond what is kept, a little at a time. */
export async function trimHistory(store: Store): Promise<void> {
  const ops = [
    ...(await oldChanges(store)),
    ...(await closedFindings<Drift>(store, ranges.drifts, ({ state }) => state === "open")),
    ...(await closedFindings<Recommendation>(store, ranges.recommendations, isOpen)),
  ];
  if (ops.length > 0) await store.write(ops, "sync");
}

async function oldChanges(store: Store): Promise<StoreOp[]> {
  const revision = (await store.json<number>(keys.meta("revision"))) ?? 0;
  const oldest = revision - CHANGES_REVISIONS_MAX;
  if (oldest <= 0) return [];
  const range = { gte: ranges.changes.gte, lt: keys.change(oldest, 0) };
  const ops: StoreOp[] = [];
  for await (const [key, change] of store.scan<ConfigurationChange>({
    range,
    limit: ENTRIES_PER_STEP,
  })) {
    ops.push({ delete: key }, { delete: changeOfModelKey(key, change.model) });
  }
  return ops;
}

/** Closed ones older than the newest CLOSED_FINDINGS_MAX; what is open stays however old it is. */
async function closedFindings<T>(
  store: Store,
  range: KeyRange,
  isStillOpen: (item: T) => boolean,
): Promise<StoreOp[]> {
  const firstKept = await store.keyFromEnd(range, CLOSED_FINDINGS_MAX);
  if (firstKept === undefined) return [];
  const ops: StoreOp[] = [];
  const older = { gte: range.gte, lt: firstKept };
  for await (const [key, item] of store.scan<T>({ range: older, limit: ENTRIES_PER_STEP }))
    if (!isStillOpen(item)) ops.push({ delete: key });
  return ops;
}
