import { type KeyRange, ranges } from "../store/keys.ts";
import type { Store } from "../store/store.ts";

/** Removed bytes at the beginning of a range that are worth a compaction. */
const REMOVED_BYTES_MIN = 16 * 1024 * 1024;

/** Ranges that entries leave at one end and join at the other. */
const QUEUES: readonly KeyRange[] = [
  ranges.journal,
  ranges.outcomeIds,
  ranges.targets,
  ranges.targetScores,
];

/**
 * Gives the room of what was removed back to the disk, in the background. LevelDB would do so only when it happens to come by: what
 * leaves a range at its beginning lies in files of its own, to which nothing is ever written again.
 */
export class Reclaim {
  readonly #store: Store;
  #running: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Starts with a range where it is worth it and nothing is under way. Errors: the database's. */
  async step(): Promise<void> {
    for (const range of QUEUES) {
      if (this.#running) return;
      const removed = { gte: range.gte, lt: (await this.#store.firstKey(range)) ?? range.lt };
      if ((await this.#store.approximateBytes(removed)) < REMOVED_BYTES_MIN) continue;
      this.#running = this.#store
        .compact(removed)
        .catch(() => undefined)
        .finally(() => {
          this.#running = undefined;
        });
    }
  }
}
