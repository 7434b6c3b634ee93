import { type KeyRange, sequenceOfKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

/** Entries that a step removes beside twice as many as came since the step before: so it never falls behind for long. */
const ENTRIES_PER_STEP = 500;

/** A range whose keys end in a number that rises with time, and how much of it is kept. */
export interface KeptRange {
  readonly range: KeyRange;
  readonly keyOf: (sequence: number) => string;
  /** When an entry came, in milliseconds since 1970. */
  readonly timeOf: (value: Uint8Array) => number;
  /** Milliseconds that an entry is kept. */
  readonly ttlMs: number;
  /** Bytes on disk, as LevelDB estimates them: what is in its memory still is not among them. */
  readonly bytesMax: number;
}

/** Removes what a range holds beyond its time or its bytes, the oldest first, in steps. The newest entry stays. */
export class OldestFirst {
  readonly #store: Store;
  readonly #kept: KeptRange;
  /** Number of the newest entry at the step before. */
  #newest: number | undefined;

  constructor(store: Store, kept: KeptRange) {
    this.#store = store;
    this.#kept = kept;
  }

  /** Removes a little of what is to be removed. Errors: the database's. */
  async step(nowMs: number): Promise<void> {
    const { range, keyOf } = this.#kept;
    const firstKey = await this.#store.firstKey(range);
    const lastKey = await this.#store.keyFromEnd(range, 1);
    if (firstKey === undefined || lastKey === undefined) return;
    const first = sequenceOfKey(firstKey);
    const last = sequenceOfKey(lastKey);
    const added = last - (this.#newest ?? last);
    this.#newest = last;
    const most = first + ENTRIES_PER_STEP + 2 * added;
    const byBytes = await this.#firstWithinBytes(firstKey, last - first);
    const end = await this.#firstWithinTime(Math.min(first + byBytes, most), { most, last, nowMs });
    // From the first that is there: before it may lie much that was removed and that LevelDB would look through.
    if (end > first) await this.#store.clear({ gte: firstKey, lt: keyOf(end) });
  }

  /** How many entries from the first on are beyond the bytes, taking all for equally large. */
  async #firstWithinBytes(firstKey: string, count: number): Promise<number> {
    const { range, bytesMax } = this.#kept;
    const bytes = await this.#store.approximateBytes({ gte: firstKey, lt: range.lt });
    return bytes <= bytesMax ? 0 : Math.ceil((count * (bytes - bytesMax)) / bytes);
  }

  async #firstWithinTime(
    from: number,
    { most, last, nowMs }: { most: number; last: number; nowMs: number },
  ): Promise<number> {
    const { keyOf, timeOf, ttlMs } = this.#kept;
    const end = Math.min(most, last);
    let kept = from;
    if (from >= end) return Math.min(from, last);
    const range = { gte: keyOf(from), lt: keyOf(end) };
    for await (const [key, value] of this.#store.scanBytes({ range })) {
      if (nowMs - timeOf(value) < ttlMs) break;
      kept = sequenceOfKey(key) + 1;
    }
    return kept;
  }
}
