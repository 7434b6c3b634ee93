import { describe, expect, test } from "vitest";
import { OUTCOME_ID_TTL_MS } from "../domain/kernel/limits.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import { outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { keys, ranges } from "../store/keys.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { createTestPlatform, openTestEngine, TEST_KEYS } from "./engine-fixtures.ts";
import { Identities } from "./identities.ts";
import type { TokenKeys } from "./token-keys.ts";

const SEED = { high: 1, low: 2 };

function numbered(sequence: number, producerId = "p"): Outcome {
  return outcomeOf(`${producerId}#${sequence}`, { producer: { producerId, sequence } });
}

describe("a start", () => {
  test("reads no ids: lookups are answered before, and the first report waits for them", async () => {
    const memory = await openMemoryStore();
    const before = await openTestEngine(memory.store);
    await before.report([outcomeOf("a"), numbered(1)]);
    await before.checkpoint();
    await before.report([outcomeOf("tail"), numbered(2)]);
    const engine = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(engine.outcomes.identities.isLoaded).toBe(false);
    expect(engine.outcomes.identities.window.size).toBe(0);
    expect(
      await engine.report([
        outcomeOf("a"),
        outcomeOf("tail"),
        numbered(1),
        numbered(2),
        numbered(3),
        outcomeOf("new"),
      ]),
    ).toEqual(["duplicate", "duplicate", "duplicate", "duplicate", "accepted", "accepted"]);
  });

  test("does not let a report wait for ever", async () => {
    const memory = await openMemoryStore();
    const platform = createTestPlatform();
    const engine = await openTestEngine(memory.store, platform);
    const never = new Promise<void>(() => {});
    engine.outcomes.identities.load = () => never;
    const report = engine.report([outcomeOf("a")]);
    const refused = expect(report).rejects.toMatchObject({
      reason: "STARTING",
      detail: { retryAfterMs: 1000 },
    });
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    platform.timers.fireAll();
    await refused;
  });

  test("knows ids after the token keys were changed", async () => {
    const memory = await openMemoryStore();
    const before = await openTestEngine(memory.store);
    await before.report([outcomeOf("a")]);
    await before.checkpoint();
    const fresh = { id: Uint8Array.of(9, 9, 9, 9), secret: new Uint8Array(32).fill(1) };
    const rotated: TokenKeys = [fresh, ...TEST_KEYS];
    const { store } = await openMemoryStore(memory.database);
    const engine = await openTestEngine(store, createTestPlatform(), rotated);
    expect(await engine.report([outcomeOf("a")])).toEqual(["duplicate"]);
  });
});

describe("numbered outcomes", () => {
  test("are told apart by producer and number, whatever their ids say", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    const renamed = { ...numbered(1), outcomeId: "other" };
    expect(await engine.report([numbered(1), numbered(1), numbered(1, "q"), numbered(2)])).toEqual([
      "accepted",
      "duplicate",
      "accepted",
      "accepted",
    ]);
    expect(await engine.report([renamed, outcomeOf("p#1")])).toEqual(["duplicate", "accepted"]);
  });

  test("take no place in the window of ids, and none of them is too old", async () => {
    const memory = await openMemoryStore();
    const platform = createTestPlatform();
    const engine = await openTestEngine(memory.store, platform);
    await engine.report(Array.from({ length: 1000 }, (_, i) => numbered(i)));
    await engine.checkpoint();
    expect(engine.outcomes.identities.window.size).toBe(0);
    platform.clock.ms += 30 * OUTCOME_ID_TTL_MS;
    await engine.report([numbered(1000)]);
    await engine.checkpoint();
    const again = await openTestEngine((await openMemoryStore(memory.database)).store, platform);
    expect(await again.report([numbered(0), numbered(999), numbered(1001)])).toEqual([
      "duplicate",
      "duplicate",
      "accepted",
    ]);
  });

  test("far behind the newest are refused rather than counted twice or lost unseen", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    await engine.report([numbered(10), numbered(1_000_000)]);
    expect(await engine.report([numbered(10), numbered(11)])).toEqual(["duplicate", "behind"]);
  });
});

test("ids of a checkpoint that failed are written by the next one", async () => {
  const { store } = await openMemoryStore();
  const ids = new Identities(store, SEED);
  await ids.load(0);
  ids.add(outcomeOf("a"), 1);
  ids.beginCheckpoint(1, 1);
  ids.add(outcomeOf("b"), 2);
  ids.endCheckpoint("failed");
  await store.write(ids.beginCheckpoint(2, 2), "sync");
  ids.endCheckpoint("written");
  const again = new Identities(store, SEED);
  await again.load(3);
  expect([again.check(outcomeOf("a")), again.check(outcomeOf("b"))]).toEqual([
    "duplicate",
    "duplicate",
  ]);
});

test("chunks on disk that the window does not reach are removed", async () => {
  const { store } = await openMemoryStore();
  const ids = new Identities(store, SEED);
  await ids.load(0);
  for (let checkpoint = 1; checkpoint <= 4; checkpoint++) {
    const atMs = checkpoint * (OUTCOME_ID_TTL_MS / 2);
    ids.add(outcomeOf(`o-${checkpoint}`), atMs);
    await store.write(ids.beginCheckpoint(checkpoint, atMs), "sync");
    ids.endCheckpoint("written");
    await ids.trim(atMs);
  }
  expect(await store.firstKey(ranges.outcomeIds)).toBe(keys.outcomeIds(3));
});
