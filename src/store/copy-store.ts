import { mkdir, readdir } from "node:fs/promises";
import { openDatabase } from "./open-database.ts";
import type { Store } from "./store.ts";

/** Bytes of one batch of a copy. */
const BATCH_BYTES = 1024 * 1024;

export interface CopyResult {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Copies a store, as of one moment, into a directory that a daemon can be started on, while the store is in use. Errors: throws where
 * the directory is not empty or cannot be written; what is there then is no copy.
 */
export async function copyStore(store: Store, directory: string): Promise<CopyResult> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if ((await readdir(directory)).length > 0) throw new Error(`${directory} is not empty`);
  await store.readable();
  const at = store.snapshot();
  const database = await openDatabase(directory, () => Promise.resolve());
  let entries = 0;
  let bytes = 0;
  try {
    let batch = database.batch();
    let batchBytes = 0;
    for await (const [key, value] of store.scanBytes({ range: { gt: "", lt: "\uffff" }, at })) {
      batch.put(key, value);
      entries += 1;
      batchBytes += key.length + value.byteLength;
      if (batchBytes < BATCH_BYTES) continue;
      await batch.write();
      bytes += batchBytes;
      batch = database.batch();
      batchBytes = 0;
    }
    // The log is in order: what the last batch syncs, those before it are on disk with.
    await batch.write({ sync: true });
    return { entries, bytes: bytes + batchBytes };
  } finally {
    await at.close();
    await database.close();
  }
}
