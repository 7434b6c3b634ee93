import { Fault } from "../domain/kernel/fault.ts";
import type { Slices } from "../platform/slices.ts";
import type { Database } from "./database.ts";
import { type KeyRange, keys } from "./keys.ts";
import { migrate, SCHEMA_VERSION } from "./migrations.ts";
import { StoreOpenError } from "./store-error.ts";

/** What LevelDB can and a database in memory cannot. */
interface Measured {
  compactRange?(start: string, end: string): Promise<void>;
  approximateSize?(start: string, end: string): Promise<number>;
}

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

/** A write that failed. Nobody knows what of it is on the disk before the database was opened again. */
export interface StoreFailure {
  readonly cause: unknown;
}

/** Entries that a range delete removes between two turns of other writes. */
const CLEAR_SLICE = 2_000;

/**
 * Typed access to the LevelDB of one daemon. Every change is one atomic batch; a synced batch survives `kill -9` and power loss.
 *
 * Writes go one at a time. After one that failed no other is begun until the database was opened again: LevelDB may have left half
 * a record in its log, and what it would write after it could be unreadable at the next start although it was acknowledged.
 */
export class Store {
  readonly #db: Database;
  readonly storeId: string;
  /** The end of the newest write. */
  #turn: Promise<unknown> = Promise.resolve();
  #failure: StoreFailure | undefined;
  /** Set while the database is closed and opened again: readers wait for it. */
  #reopening: Promise<void> | undefined;
  #refusal: Fault | undefined;

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
      batch.put(keys.meta("schema"), encodeJson(SCHEMA_VERSION));
      batch.put(keys.meta("store"), encodeJson(newStoreId));
      await batch.write({ sync: true });
      return new Store(db, newStoreId);
    }
    await migrate(db, schema);
    if (schema < SCHEMA_VERSION) {
      const batch = db.batch();
      batch.put(keys.meta("schema"), encodeJson(SCHEMA_VERSION));
      await batch.write({ sync: true });
    }
    const storeId = await readJson<string>(db, keys.meta("store"));
    if (storeId === undefined) throw new StoreOpenError("unreadable", "the store has no identity");
    return new Store(db, storeId);
  }

  async close(): Promise<void> {
    await this.#turn.catch(() => undefined);
    await this.#db.close();
  }

  /** The write that failed, until `mended`. */
  get failure(): StoreFailure | undefined {
    return this.#failure;
  }

  /** Why every write is refused, where it is. */
  get refusal(): Fault | undefined {
    return this.#refusal;
  }

  /** From now on every write is refused with this fault: for a store that must not be changed. */
  refuseWrites(fault: Fault): void {
    this.#refusal = fault;
  }

  /**
   * Writes all ops or none. With `sync` the answer means that they are on disk. Errors: what the database says; after one, every
   * write fails until `reopen` and `mended`.
   */
  write(ops: readonly StoreOp[], durability: "sync" | "buffered"): Promise<void> {
    return this.#exclusively(async () => {
      const batch = this.#db.batch();
      for (const op of ops) addTo(batch, op);
      await batch.write({ sync: durability === "sync" });
    });
  }

  /**
   * Writes all ops or none, synced, for batches of thousands: the batch is put together in slices before its turn comes, so that no
   * write waits for that. Whatever was written meanwhile comes before it. Errors: as of `write`.
   */
  async writeLarge(ops: readonly StoreOp[], slices: Slices): Promise<void> {
    await this.#reopening;
    const batch = this.#db.batch();
    try {
      for (const op of ops) {
        addTo(batch, op);
        await slices.giveWay();
      }
      await slices.waitFor(this.#exclusively(() => batch.write({ sync: true })));
    } finally {
      await batch.close();
    }
  }

  /**
   * Closes the database and opens it again, which reads its log anew: afterwards the disk says what of a failed write is there.
   * Writes fail on until `mended`. Errors: what the database says; it can be tried again.
   */
  async reopen(): Promise<void> {
    this.#reopening ??= this.#closeAndOpen().finally(() => {
      this.#reopening = undefined;
    });
    await this.#reopening;
  }

  /** Waits while the database is opened again. */
  async readable(): Promise<void> {
    await this.#reopening;
  }

  /** Writes may begin again: what of the failed one is on disk has been looked at. */
  mended(): void {
    this.#failure = undefined;
  }

  async json<T>(key: string, at?: StoreSnapshot): Promise<T | undefined> {
    await this.#reopening;
    return readJson<T>(this.#db, key, at);
  }

  /** Raw values of many keys, in their order; undefined where there is none. */
  async bytesMany(manyKeys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    await this.#reopening;
    return this.#db.getMany([...manyKeys]);
  }

  /** JSON values of many keys, in their order; undefined where there is none. */
  async jsonMany<T>(manyKeys: readonly string[]): Promise<(T | undefined)[]> {
    const values = await this.bytesMany(manyKeys);
    return values.map((bytes) => (bytes === undefined ? undefined : decodeJson<T>(bytes)));
  }

  async bytes(key: string, at?: StoreSnapshot): Promise<Uint8Array | undefined> {
    await this.#reopening;
    return this.#db.get(key, at ? { snapshot: at.level } : {});
  }

  /** Keys and JSON values of a range, in key order. */
  async *scan<T>(options: ScanOptions): AsyncGenerator<[key: string, value: T]> {
    for await (const [key, bytes] of this.scanBytes(options)) yield [key, decodeJson<T>(bytes)];
  }

  /** Keys and raw values of a range, in key order. */
  async *scanBytes(options: ScanOptions): AsyncGenerator<[key: string, value: Uint8Array]> {
    await this.#reopening;
    const iterator = this.#db.iterator({
      ...options.range,
      ...(options.reverse ? { reverse: true } : {}),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.at ? { snapshot: options.at.level } : {}),
    });
    try {
      for await (const entry of iterator) yield entry;
    } catch (cause) {
      if (!this.#failure || !isClosed(cause)) throw cause;
      throw new Fault("STORE_UNAVAILABLE", "the store is being opened again; try again", {
        retryAfterMs: 1000,
        cause,
      });
    }
  }

  /** Keys of a range, in order; all, or the first few. */
  async keys(range: KeyRange, limit = -1): Promise<string[]> {
    await this.#reopening;
    return this.#db.keys({ ...range, limit }).all();
  }

  /** The first key of a range; undefined for an empty one. */
  async firstKey(range: KeyRange): Promise<string | undefined> {
    const [first] = await this.keys(range, 1);
    return first;
  }

  /** The key at a place from the end of a range, 1 being the last; undefined where the range has fewer. */
  async keyFromEnd(range: KeyRange, place: number): Promise<string | undefined> {
    await this.#reopening;
    const keysFromEnd = await this.#db.keys({ ...range, limit: place, reverse: true }).all();
    return keysFromEnd[place - 1];
  }

  /** Removes a range, in slices so that other writes pass between them. Answers how many entries it removed. */
  async clear(range: KeyRange): Promise<number> {
    let removed = 0;
    for (;;) {
      const slice = await this.#db.keys({ ...range, limit: CLEAR_SLICE }).all();
      const last = slice.at(-1);
      if (last === undefined) return removed;
      await this.#exclusively(() => this.#db.clear({ gte: range.gte, lte: last }));
      removed += slice.length;
      if (slice.length < CLEAR_SLICE) return removed;
    }
  }

  /** Gives the room of removed entries of a range back to the disk, on LevelDB's own thread. */
  async compact(range: KeyRange): Promise<void> {
    const db = this.#db as Measured;
    await db.compactRange?.(range.gte, range.lt);
  }

  /** About how many bytes a range takes on disk; 0 where the database cannot say. What was just written may be missing. */
  async approximateBytes(range: KeyRange): Promise<number> {
    const db = this.#db as Measured;
    return (await db.approximateSize?.(range.gte, range.lt)) ?? 0;
  }

  snapshot(): StoreSnapshot {
    const level = this.#db.snapshot();
    return { level, close: () => level.close() };
  }

  #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#refusal) return Promise.reject(this.#refusal);
    const turn = this.#turn.then(async () => {
      if (this.#failure) throw new Error("an earlier write failed", this.#failure);
      try {
        await work();
      } catch (cause) {
        this.#failure = { cause };
        throw cause;
      }
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #closeAndOpen(): Promise<void> {
    await this.#turn;
    await this.#db.close();
    await this.#db.open();
  }
}

function isClosed(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return code === "LEVEL_DATABASE_NOT_OPEN" || code === "LEVEL_ITERATOR_NOT_OPEN";
}

function addTo(batch: ReturnType<Database["batch"]>, op: StoreOp): void {
  if ("delete" in op) batch.del(op.delete);
  else batch.put(op.put, "bytes" in op ? op.bytes : encodeJson(op.json));
}

/** A value as it is stored: JSON. */
export function encodeJson(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** A stored JSON value. Errors: SyntaxError where it is none. */
export function decodeJson<T>(bytes: Uint8Array): T {
  return JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"),
  ) as T;
}

async function readJson<T>(db: Database, key: string, at?: StoreSnapshot): Promise<T | undefined> {
  const bytes = await db.get(key, at ? { snapshot: at.level } : {});
  return bytes === undefined ? undefined : decodeJson<T>(bytes);
}
