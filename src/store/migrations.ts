import type { Database } from "./database.ts";

/** Layout version that this program writes. */
export const SCHEMA_VERSION = 1;

/** Steps from layout N to N + 1, each idempotent: a start that was cut off is taken up again by the next one. */
const STEPS: ReadonlyMap<number, (db: Database) => Promise<void>> = new Map();

/** Brings a store from `from` to the present layout. */
export async function migrate(db: Database, from: number): Promise<void> {
  for (let version = from; version < SCHEMA_VERSION; version++) await STEPS.get(version)?.(db);
}
