import { randomFillSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type KeyRange, keys, ranges, sequenceOfKey } from "../store/keys.ts";
import { openDatabase } from "../store/open-database.ts";
import { Store } from "../store/store.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { OldestFirst } from "./oldest-first.ts";
import { Reclaim } from "./reclaim.ts";

const TTL_MS = 1_000;

function journalOf(store: Store, bytesMax: number): OldestFirst {
  return new OldestFirst(store, {
    range: ranges.journal,
    keyOf: keys.journal,
    timeOf: (value) => new DataView(value.buffer, value.byteOffset).getFloat64(0),
    ttlMs: TTL_MS,
    bytesMax,
  });
}

function entry(sequence: number, atMs: number, size = 8) {
  const bytes = new Uint8Array(size);
  if (size > 8) randomFillSync(bytes);
  new DataView(bytes.buffer).setFloat64(0, atMs);
  return { put: keys.journal(sequence), bytes };
}

async function sequencesOf(store: Store): Promise<number[]> {
  const found: number[] = [];
  for await (const [key] of store.scanBytes({ range: ranges.journal }))
    found.push(sequenceOfKey(key));
  return found;
}

/** A store in memory that says of every range that each entry in it takes as many bytes. */
async function measuredStore(bytesEach: number): Promise<Store> {
  const { store } = await openMemoryStore();
  store.approximateBytes = async (range) => {
    let count = 0;
    for await (const _ of store.scanBytes({ range })) count += 1;
    return count * bytesEach;
  };
  return store;
}

describe("what leaves", () => {
  test("is always the oldest, never what is within time and bytes, and never the newest", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 200 }),
        async (perStep, kept) => {
          const store = await measuredStore(10);
          const journal = journalOf(store, kept * 10);
          let sequence = 0;
          let nowMs = 0;
          const times = new Map<number, number>();
          for (const count of perStep) {
            nowMs += 100;
            const entries = Array.from({ length: count }, () => {
              sequence += 1;
              times.set(sequence, nowMs);
              return entry(sequence, nowMs);
            });
            await store.write(entries, "sync");
            await journal.step(nowMs);
            const left = await sequencesOf(store);
            const young = [...times].filter(
              ([each, atMs]) => each > sequence - kept && nowMs - atMs < TTL_MS,
            );
            expect(left).toEqual(young.map(([each]) => each));
          }
          nowMs += 2 * TTL_MS;
          await journal.step(nowMs);
          expect(await sequencesOf(store)).toEqual([sequence]);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("keeps pace with whatever comes, and catches up with what was there", async () => {
    const store = await measuredStore(10);
    const backlog = Array.from({ length: 4_000 }, (_, index) => entry(index + 1, 0));
    await store.write(backlog, "sync");
    const journal = journalOf(store, 100 * 10);
    await journal.step(0);
    expect((await sequencesOf(store)).length).toBe(3_500);
    let sequence = 4_000;
    for (let step = 0; step < 4; step++) {
      const more = Array.from({ length: 1_000 }, () => entry(++sequence, 0));
      await store.write(more, "sync");
      await journal.step(0);
    }
    expect((await sequencesOf(store)).length).toBeLessThanOrEqual(100);
  });
});

test("LevelDB's estimate holds a journal that is written for ever at its bound", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "attuned-oldest-"));
  try {
    const store = await Store.open(
      await openDatabase(dataDir, async () => undefined),
      "store-test",
    );
    const bytesMax = 16 * 1024 * 1024;
    const size = 256 * 1024;
    const journal = journalOf(store, bytesMax);
    let sequence = 0;
    const kept: number[] = [];
    while (sequence * size < 5 * bytesMax) {
      const more = Array.from({ length: 16 }, () => entry(++sequence, 0, size));
      await store.write(more, "buffered");
      await journal.step(0);
      kept.push(size * (await sequencesOf(store)).length);
    }
    // What LevelDB has in memory is not in the estimate: two write buffers of 4 MB, and what was written in between.
    expect(Math.max(...kept)).toBeLessThan(2 * bytesMax);
    expect(kept.at(-1)).toBeGreaterThan(bytesMax / 2);
    await store.close();
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

describe("the room of what was removed", () => {
  const MEGABYTE = 1024 * 1024;

  test("is given back up to the first entry that is there, once it is worth it", async () => {
    const store = await measuredStore(0);
    const removedBytes = new Map([[ranges.journal.gte, 15 * MEGABYTE]]);
    const compacted: KeyRange[] = [];
    store.approximateBytes = async ({ gte }) => removedBytes.get(gte) ?? 0;
    store.compact = async (range) => {
      compacted.push(range);
    };
    await store.write([entry(7, 0)], "sync");
    const reclaim = new Reclaim(store);
    await reclaim.step();
    expect(compacted).toEqual([]);
    removedBytes.set(ranges.journal.gte, 17 * MEGABYTE);
    await reclaim.step();
    expect(compacted).toEqual([{ gte: ranges.journal.gte, lt: keys.journal(7) }]);
  });

  test("is given back one range after the other", async () => {
    const store = await measuredStore(0);
    const ends: (() => void)[] = [];
    store.approximateBytes = async () => 17 * MEGABYTE;
    store.compact = () => new Promise<void>((resolve) => ends.push(resolve));
    const reclaim = new Reclaim(store);
    await reclaim.step();
    await reclaim.step();
    expect(ends.length).toBe(1);
    ends[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    await reclaim.step();
    expect(ends.length).toBe(2);
  });
});
