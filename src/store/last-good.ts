import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "./database.ts";
import { type KeyRange, keys, ranges } from "./keys.ts";
import { decodeJson, type Store } from "./store.ts";

/** First line of a snapshot. */
interface Header {
  readonly format: "attuned last good configs";
  readonly version: 1;
  readonly atMs: number;
  readonly entries: number;
  /** The state it is of. Snapshots of older versions do not say. */
  readonly storeId?: string;
  readonly revision?: number;
}

/** Bytes of the first line at most. */
const HEADER_BYTES_MAX = 4096;

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
  let revision = 0;
  try {
    revision = (await store.json<number>(keys.meta("revision"), at)) ?? 0;
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
    storeId: store.storeId,
    revision,
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

/** Where the snapshot of a data directory is. */
export function lastGoodPath(dataDir: string): string {
  return join(dataDir, "last-good.json");
}

/** A snapshot that can be served from. */
export interface LastGood {
  readonly atMs: number;
  /** Undefined where an older version wrote it. */
  readonly storeId: string | undefined;
  readonly revision: number | undefined;
  /** Puts its entries in the place of those that a database has of their kinds; answers how many. */
  fill(database: Database): Promise<number>;
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
      storeId: header.storeId,
      revision: header.revision,
      async fill(database) {
        const batch = database.batch();
        for (const range of RANGES) for await (const key of database.keys(range)) batch.del(key);
        for (const [key, value] of entries) batch.put(key, Buffer.from(value, "base64"));
        await batch.write({ sync: true });
        return entries.length;
      },
    };
  } catch {
    return undefined;
  }
}

/**
 * Why a store cannot be the one that a snapshot was taken of, or a later state of it; undefined where it can, or where there is no
 * snapshot that says. A store that lost its end opens as an older one, or as a new and empty one.
 */
export async function mismatchWithLastGood(
  database: Database,
  path: string,
): Promise<string | undefined> {
  const header = await readHeader(path);
  if (header?.storeId === undefined || header.revision === undefined) return undefined;
  const { storeId, revision } = await stateOf(database);
  if (storeId === header.storeId && revision >= header.revision) return undefined;
  const present =
    storeId === undefined
      ? "it is empty"
      : storeId === header.storeId
        ? `it is at revision ${revision}`
        : `it is another store (${storeId})`;
  return `${present}, and its last snapshot is of ${header.storeId} at revision ${header.revision}; where that is meant, remove ${path}`;
}

/** What a database is called and which state it is at: undefined and 0 for an empty one. */
export async function stateOf(
  database: Database,
): Promise<{ readonly storeId: string | undefined; readonly revision: number }> {
  const json = async <T>(key: string): Promise<T | undefined> => {
    const bytes = await database.get(key);
    return bytes === undefined ? undefined : decodeJson<T>(bytes);
  };
  return {
    storeId: await json<string>(keys.meta("store")),
    revision: (await json<number>(keys.meta("revision"))) ?? 0,
  };
}

async function readHeader(path: string): Promise<Header | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES_MAX), 0);
    const [first = ""] = buffer.toString("utf8", 0, bytesRead).split("\n");
    return JSON.parse(first) as Header;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

function line(key: string, value: Uint8Array): string {
  return `${JSON.stringify([key, Buffer.from(value).toString("base64")])}\n`;
}
