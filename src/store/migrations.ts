import type { Database } from "./database.ts";

/** Layout version that this program writes. */
export const SCHEMA_VERSION = 3;

/** Steps from layout N to N + 1, each idempotent: a start that was cut off is taken up again by the next one. */
const STEPS: ReadonlyMap<number, (db: Database) => Promise<void>> = new Map([
  // 2 has totals of arms. They are summed while the daemon serves, so that no start waits for it; the version keeps programs out that
  // would change cells without them.
  [1, () => Promise.resolve()],
  // 3 has targets of seven words, which know the unit of their outcome. Those of six are read as they are.
  [2, () => Promise.resolve()],
]);

/** Brings a store from `from` to the present layout. Whoever opened it writes the version down afterwards. */
export async function migrate(db: Database, from: number): Promise<void> {
  for (let version = from; version < SCHEMA_VERSION; version++) await STEPS.get(version)?.(db);
}
