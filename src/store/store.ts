import type { Database } from "./database.ts";
import { type KeyRange, keys } from "./keys.ts";
import { migrate, SCHEMA_VERSION } from "./migrations.ts";
import { StoreOpenError } from "./store-error.ts";

/** One change of a batch. Values are JSON unless `bytes` says otherwise. */
export type StoreOp =
  | { readonly put: string; readonly json: unknown }
  | { readonly put: string; readonly bytes: Uint8Array }
  | { readonly delete: string };

export interface ScanOptions {
  readonly range: KeyRange | { readonly gt: string; readonly lt: string };
  readonly reverse?: true;
  readonly limit?: number;
  /** Reads the state of the moment when it was taken, whatever is written since. */
  readonly at?: StoreSnapshot;
}

export interface StoreSnapshot {
  readonly level: ReturnType<Database["snapshot"]>;
  close(): Promise<void>;
}

/**
 * Typed access to the LevelDB of one daemon. Every change is one atomic batch; a synced batch survives `kill -9` and power loss.
 */
export class Store {
  readonly #db: Database;
  readonly storeId: string;

  private constructor(db: Database, storeId: string) {
    this.#db = db;
    this.storeId = storeId;
  }

  /**
   * Opens a store over an open database: names it when it is new, migrates it when it is older.
   * Errors: StoreOpenError("newer") when a newer version of the program wrote it.
   */
  static async open(db: Database, newStoreId: string): Promise<Store> {
    const schema = await readJson<number>(db, keys.meta("schema"));
    if (schema !== undefined && schema > SCHEMA_VERSION) {
      throw new StoreOpenError(
        "newer",
        `the store has layout version ${schema} and this version of attuned reads up to ${SCHEMA_VERSION}; start the newer version`,
      );
    }
    if (schema === undefined) {
      const batch = db.batch();
      batch.put(keys.meta("schema"), encode(SCHEMA_VERSION));
      batch.put(keys.meta("store"), encode(newStoreId));
      await batch.write({ sync: true });
      return new Store(db, newStoreId);
    }
    await migrate(db, schema);
    const storeId = await readJson<string>(db, keys.meta("store"));
    if (storeId === undefined) throw new StoreOpenError("unreadable", "the store has no identity");
    return new Store(db, storeId);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  /** Writes all ops or none. With `sync` the answer means that they are on disk. */
  async write(ops: readonly StoreOp[], durability: "sync" | "buffered"): Promise<void> {
    const batch = this.#db.batch();
    for (const op of ops) {
      if ("delete" in op) batch.del(op.delete);
      else batch.put(op.put, "bytes" in op ? op.bytes : encode(op.json));
    }
    await batch.write({ sync: durability === "sync" });
  }

  async json<T>(key: string, at?: StoreSnapshot): Promise<T | undefined> {
    return readJson<T>(this.#db, key, at);
  }

  /** JSON values of many keys, in their order; undefined where there is none. */
  async jsonMany<T>(manyKeys: readonly string[]): Promise<(T | undefined)[]> {
    const values = await this.#db.getMany([...manyKeys]);
    return values.map((bytes) => (bytes === undefined ? undefined : decode<T>(bytes)));
  }

  async bytes(key: string): Promise<Uint8Array | undefined> {
    return this.#db.get(key);
  }

  /** Keys and JSON values of a range, in key order. */
  async *scan<T>(options: ScanOptions): AsyncGenerator<[key: string, value: T]> {
    for await (const [key, bytes] of this.scanBytes(options)) yield [key, decode<T>(bytes)];
  }

  /** Keys and raw values of a range, in key order. */
  async *scanBytes(options: ScanOptions): AsyncGenerator<[key: string, value: Uint8Array]> {
    const iterator = this.#db.iterator({
      ...options.range,
      ...(options.reverse ? { reverse: true } : {}),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.at ? { snapshot: options.at.level } : {}),
    });
    for await (const entry of iterator) yield entry;
  }

  /** Removes a range, in steps so that other writes pass between them. */
  async clear(range: KeyRange): Promise<void> {
    await this.#db.clear(range);
  }

  snapshot(): StoreSnapshot {
    const level = this.#db.snapshot();
    return { level, close: () => level.close() };
  }
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

function decode<T>(bytes: Uint8Array): T {
  return JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"),
  ) as T;
}

async function readJson<T>(db: Database, key: string, at?: StoreSnapshot): Promise<T | undefined> {
  const bytes = await db.get(key, at ? { snapshot: at.level } : {});
  return bytes === undefined ? undefined : decode<T>(bytes);
}
