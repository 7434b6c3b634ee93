import { open, readFile, rename } from "node:fs/promises";
import type { Database } from "./database.ts";
import { type KeyRange, keys, ranges } from "./keys.ts";
import type { Store } from "./store.ts";

/** First line of a snapshot. */
interface Header {
  readonly format: "attuned last good configs";
  readonly version: 1;
  readonly atMs: number;
  readonly entries: number;
}

/** One stored entry: key, and value in base64. */
type Entry = readonly [key: string, value: string];

/** What lookups are answered from, and no more: configs, versions, labels, overrides, prompts, and what the store is called. */
const RANGES: readonly KeyRange[] = [
  ranges.configs,
  ranges.overrides,
  ranges.prompts,
  ranges.versions,
  ranges.labels,
];
const META = [keys.meta("schema"), keys.meta("store"), keys.meta("revision"), keys.meta("sources")];

/** Bytes that a snapshot may have: above 20,000 configs of a kilobyte with their versions. */
const SNAPSHOT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Writes what lookups need to a file beside the store, as of one moment: so that a daemon whose store is damaged can serve. The file
 * is complete or the one before.
 */
export async function writeLastGood(store: Store, path: string, nowMs: number): Promise<void> {
  await store.readable();
  const at = store.snapshot();
  const entries: string[] = [];
  try {
    for (const key of META) {
      const value = await store.bytes(key, at);
      if (value) entries.push(line(key, value));
    }
    for (const range of RANGES) {
      for await (const [key, value] of store.scanBytes({ range, at }))
        entries.push(line(key, value));
    }
  } finally {
    await at.close();
  }
  const header: Header = {
    format: "attuned last good configs",
    version: 1,
    atMs: nowMs,
    entries: entries.length,
  };
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(header)}\n${entries.join("")}`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** A snapshot that can be served from. */
export interface LastGood {
  readonly atMs: number;
  /** Puts its entries into an empty database. */
  fill(database: Database): Promise<void>;
}

/** Reads a snapshot; undefined where there is none, or none that is whole. */
export async function readLastGood(path: string): Promise<LastGood | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined || text.length > SNAPSHOT_BYTES_MAX) return undefined;
  try {
    const [first = "", ...lines] = text.trimEnd().split("\n");
    const header = JSON.parse(first) as Header;
    if (header.version !== 1 || header.entries !== lines.length) return undefined;
    const entries = lines.map((each) => JSON.parse(each) as Entry);
    return {
      atMs: header.atMs,
      async fill(database) {
        const batch = database.batch();
        for (const [key, value] of entries) batch.put(key, Buffer.from(value, "base64"));
        await batch.write();
      },
    };
  } catch {
    return undefined;
  }
}

function line(key: string, value: Uint8Array): string {
  return `${JSON.stringify([key, Buffer.from(value).toString("base64")])}\n`;
}
