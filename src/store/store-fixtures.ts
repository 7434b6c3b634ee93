import { MemoryLevel } from "memory-level";
import type { Database } from "./database.ts";
import { Store } from "./store.ts";

/** What tests do to the writes of a store: hold them back, let them fail, count them. */
export interface WriteControl {
  /** Batches that reached the database. */
  written: number;
  /** Called before each batch; what it throws is what the write fails with, and it may wait. */
  before: (write: number) => Promise<void> | void;
  /** Called after each batch reached the database; what it throws is what the write fails with, as where a sync fails. */
  after: (write: number) => Promise<void> | void;
  /** Called when the database is opened again; what it throws is what that fails with. */
  open: () => void;
}

export interface MemoryStore {
  readonly database: Database;
  readonly store: Store;
  readonly control: WriteControl;
}

/** A store in memory whose writes a test controls. Opened again on the same `database` it is the store after a restart. */
export async function openMemoryStore(database?: Database): Promise<MemoryStore> {
  const control: WriteControl = {
    written: 0,
    before: () => undefined,
    after: () => undefined,
    open: () => undefined,
  };
  const level = database ?? createMemoryDatabase();
  const store = await Store.open(controlled(level, control), "store-test");
  return { database: level, store, control };
}

export function createMemoryDatabase(): Database {
  return new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" }) as unknown as Database;
}

/** Keys of a database, in order. */
export async function keysOf(database: Database): Promise<string[]> {
  return database.keys().all();
}

function controlled(database: Database, control: WriteControl): Database {
  let writes = 0;
  return new Proxy(database, {
    get(target, name) {
      if (name === "close") return () => Promise.resolve();
      if (name === "open") return async () => control.open();
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "batch") return value.bind(target);
      return () => {
        const batch = target.batch();
        const write = batch.write.bind(batch);
        batch.write = async (options: object = {}) => {
          writes += 1;
          try {
            await control.before(writes);
          } catch (error) {
            await batch.close();
            throw error;
          }
          await write(options);
          control.written += 1;
          await control.after(writes);
        };
        return batch;
      };
    },
  });
}
