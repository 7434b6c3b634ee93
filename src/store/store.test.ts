import { describe, expect, test } from "vitest";
import { keys, ranges } from "./keys.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { type ScanOptions, Store } from "./store.ts";
import { StoreOpenError } from "./store-error.ts";
import { createMemoryDatabase, openMemoryStore } from "./store-fixtures.ts";

async function entries(store: Store, options: ScanOptions): Promise<[string, unknown][]> {
  const read: [string, unknown][] = [];
  for await (const entry of store.scan(options)) read.push(entry);
  return read;
}

test("a new store takes the name it is given and keeps it", async () => {
  const database = createMemoryDatabase();
  expect((await Store.open(database, "store-1")).storeId).toBe("store-1");
  expect((await Store.open(database, "store-2")).storeId).toBe("store-1");
});

test("a store of a newer layout is refused and left as it is", async () => {
  const { database, store } = await openMemoryStore();
  await store.write([{ put: keys.meta("schema"), json: SCHEMA_VERSION + 1 }], "sync");
  const failure = await Store.open(database, "store-2").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StoreOpenError);
  expect(failure).toMatchObject({ problem: "newer" });
  expect(await store.json(keys.meta("schema"))).toBe(SCHEMA_VERSION + 1);
});

test("a store without identity is unreadable", async () => {
  const { database, store } = await openMemoryStore();
  await store.write([{ delete: keys.meta("store") }], "sync");
  await expect(Store.open(database, "store-2")).rejects.toMatchObject({ problem: "unreadable" });
});

describe("a batch", () => {
  test("is written whole or not at all", async () => {
    const { database, store, control } = await openMemoryStore();
    control.before = () => {
      throw new Error("disk full");
    };
    const ops = [
      { put: keys.config("a"), json: { a: 1 } },
      { put: keys.config("b"), json: { b: 1 } },
    ];
    await expect(store.write(ops, "sync")).rejects.toThrow("disk full");
    expect(await store.jsonMany([keys.config("a"), keys.config("b")])).toEqual([
      undefined,
      undefined,
    ]);
    const again = (await openMemoryStore(database)).store;
    await again.write(ops, "sync");
    expect(await again.jsonMany([keys.config("b"), keys.config("x")])).toEqual([
      { b: 1 },
      undefined,
    ]);
  });

  test("takes its ops in their order", async () => {
    const { store } = await openMemoryStore();
    const key = keys.config("a");
    await store.write([{ put: key, json: 1 }, { delete: key }, { put: key, json: 2 }], "sync");
    expect(await store.json(key)).toBe(2);
  });
});

test("a snapshot does not see what is written after it", async () => {
  const { store } = await openMemoryStore();
  await store.write([{ put: keys.config("a"), json: 1 }], "sync");
  const at = store.snapshot();
  await store.write(
    [
      { put: keys.config("a"), json: 2 },
      { put: keys.config("b"), json: 2 },
    ],
    "sync",
  );
  expect(await store.json(keys.config("a"), at)).toBe(1);
  expect(await entries(store, { range: ranges.configs, at })).toHaveLength(1);
  await at.close();
  expect(await entries(store, { range: ranges.configs, reverse: true })).toEqual([
    [keys.config("b"), 2],
    [keys.config("a"), 2],
  ]);
});
