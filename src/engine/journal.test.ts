import { describe, expect, test } from "vitest";
import { scopeKey } from "../domain/config/scope.ts";
import {
  ATTRIBUTES_MAX,
  DIRTY_CELLS_MAX,
  GROUP_BYTES_MAX,
  OUTCOMES_PER_GROUP_MAX,
  OUTCOMES_QUEUED_BYTES_MAX,
  OUTCOMES_QUEUED_MAX,
} from "../domain/kernel/limits.ts";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { keys } from "../store/keys.ts";
import { type MemoryStore, openMemoryStore } from "../store/store-fixtures.ts";
import { ALL_HOURS, HOUR_MS } from "./cells.ts";
import type { Engine } from "./engine.ts";
import { createTestPlatform, openTestEngine } from "./engine-fixtures.ts";

const SCOPE = scopeKey(armAt(0.7).scope);

async function countOf(engine: Engine): Promise<number> {
  const arms = await engine.cells.read(SCOPE, ALL_HOURS);
  return arms.reduce((sum, { cell }) => sum + cell.outcomes, 0);
}

/** Holds writes back until `release`; answers when the first of them waits. */
function hold({ control }: MemoryStore) {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    control.before = () => {
      resolve();
      return gate;
    };
  });
  return { reached, release };
}

function failNext({ control }: MemoryStore, count = 1): void {
  let left = count;
  control.before = () => {
    left -= 1;
    if (left >= 0) throw new Error("no space left on device");
  };
}

/** From now on nothing of a store reaches the disk, as after a kill. */
async function crash({ control }: MemoryStore): Promise<void> {
  control.before = () => new Promise(() => undefined);
  await tick();
}

/** Waits until a record is being folded. */
async function folding(engine: Engine): Promise<void> {
  while (!engine.outcomes.journal.folding) await tick();
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("group commit", () => {
  test("calls that arrive together share one synced write", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const before = memory.control.written;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => engine.report([outcomeOf(`o-${i}`)])),
    );
    expect(answers.flat()).toEqual(Array(50).fill("accepted"));
    expect(memory.control.written - before).toBe(1);
    expect(engine.outcomes.journal.measures).toMatchObject({
      groups: 1,
      outcomes: 50,
      failures: 0,
    });
  });

  test("calls that arrive during a write gather for the next one", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const { reached, release } = hold(memory);
    const first = engine.report([outcomeOf("a")]);
    await reached;
    const later = Promise.all([engine.report([outcomeOf("b")]), engine.report([outcomeOf("c")])]);
    await tick();
    expect(engine.outcomes.journal.queued).toBe(3);
    release();
    await Promise.all([first, later]);
    expect(engine.outcomes.journal.measures.groups).toBe(2);
    expect(engine.outcomes.journal.queued).toBe(0);
  });

  test("a group takes no more than its bound, and no call is split", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const size = OUTCOMES_PER_GROUP_MAX / 4;
    const calls = Array.from({ length: 9 }, (_, c) =>
      Array.from({ length: size }, (_, i) => outcomeOf(`o-${c}-${i}`)),
    );
    await Promise.all(calls.map((outcomes) => engine.report(outcomes)));
    expect(engine.outcomes.journal.measures.groups).toBe(3);
    expect(await countOf(engine)).toBe(9 * size);
  });

  test("nothing is answered before the write is done", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const { reached, release } = hold(memory);
    let answered = false;
    const call = engine.report([outcomeOf("a")]).then(() => {
      answered = true;
    });
    await reached;
    await tick();
    expect(answered).toBe(false);
    expect(await countOf(engine)).toBe(0);
    release();
    await call;
    expect(await countOf(engine)).toBe(1);
  });
});

describe("a write that fails", () => {
  test("acknowledges nothing, and the same outcomes are accepted when they come again", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    failNext(memory);
    const failed = await Promise.allSettled([
      engine.report([outcomeOf("a")]),
      engine.report([outcomeOf("b"), outcomeOf("c")]),
    ]);
    for (const result of failed) {
      expect(result).toMatchObject({
        status: "rejected",
        reason: { reason: "STORE_UNAVAILABLE", detail: { retryAfterMs: 1000 } },
      });
    }
    expect(await countOf(engine)).toBe(0);
    expect(engine.outcomes.journal.queued).toBe(0);
    expect(await engine.report([outcomeOf("a"), outcomeOf("b")])).toEqual(["accepted", "accepted"]);
    expect(await countOf(engine)).toBe(2);
  });

  test("leaves no gap: the next record takes its sequence number", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    failNext(memory);
    await expect(engine.report([outcomeOf("a")])).rejects.toThrow();
    await engine.report([outcomeOf("b")]);
    expect(await memory.store.bytes(keys.journal(1))).toBeDefined();
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(await countOf(again)).toBe(1);
  });

  test("does not let a duplicate of it be acknowledged: the duplicate becomes the outcome", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    let fail = () => {};
    const gate = new Promise<void>((_, reject) => {
      fail = () => reject(new Error("no space left on device"));
    });
    memory.control.before = () => {
      memory.control.before = () => undefined;
      return gate;
    };
    const first = engine.report([outcomeOf("a")]);
    await tick();
    const second = engine.report([outcomeOf("a"), outcomeOf("b")]);
    await tick();
    fail();
    await expect(first).rejects.toThrow("send them again");
    expect(await second).toEqual(["accepted", "accepted"]);
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(await countOf(again)).toBe(2);
  });
});

describe("redelivery", () => {
  test("is a duplicate at once, while the first delivery waits, and after a restart", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const { reached, release } = hold(memory);
    const calls = [engine.report([outcomeOf("a")])];
    await reached;
    calls.push(engine.report([outcomeOf("a")]), engine.report([outcomeOf("a", { content: 2 })]));
    await tick();
    release();
    expect((await Promise.all(calls)).flat()).toEqual(["accepted", "duplicate", "reused"]);
    for (const isCheckpointed of [false, true]) {
      if (isCheckpointed) await engine.checkpoint();
      const again = await openTestEngine((await openMemoryStore(memory.database)).store);
      expect(await again.report([outcomeOf("a"), outcomeOf("a", { content: 2 })])).toEqual([
        "duplicate",
        "reused",
      ]);
      expect(await countOf(again)).toBe(1);
    }
  });

  test("within one batch counts once", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const batch = [outcomeOf("a"), outcomeOf("a"), outcomeOf("a", { content: 2 })];
    expect(await engine.report(batch)).toEqual(["accepted", "duplicate", "reused"]);
    expect(await countOf(engine)).toBe(1);
  });

  test("by many callers at once counts once", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => engine.report([outcomeOf("a"), outcomeOf(`own-${i}`)])),
    );
    expect(answers.filter(([shared]) => shared === "accepted")).toHaveLength(1);
    expect(await countOf(engine)).toBe(21);
  });
});

test("a full queue refuses with the time to wait and takes outcomes again once it is emptier", async () => {
  const memory = await openMemoryStore();
  const engine = await openTestEngine(memory.store);
  const { reached, release } = hold(memory);
  const batch = (name: string, size: number) =>
    Array.from({ length: size }, (_, i) => outcomeOf(`${name}-${i}`));
  const waiting = [engine.report(batch("a", OUTCOMES_PER_GROUP_MAX))];
  await reached;
  for (let c = 1; c < OUTCOMES_QUEUED_MAX / OUTCOMES_PER_GROUP_MAX; c++)
    waiting.push(engine.report(batch(`b${c}`, OUTCOMES_PER_GROUP_MAX)));
  await expect(engine.report([outcomeOf("late")])).rejects.toMatchObject({
    reason: "QUEUE_FULL",
    detail: { retryAfterMs: 1000, metadata: { max: String(OUTCOMES_QUEUED_MAX) } },
  });
  release();
  await Promise.all(waiting);
  expect(await engine.report([outcomeOf("late")])).toEqual(["accepted"]);
  expect(await countOf(engine)).toBe(OUTCOMES_QUEUED_MAX + 1);
});

test("outcomes with much text fill the queue and a group by their bytes", async () => {
  const memory = await openMemoryStore();
  const engine = await openTestEngine(memory.store);
  const { journal } = engine.outcomes;
  const { reached, release } = hold(memory);
  const labels = Object.fromEntries(
    Array.from({ length: ATTRIBUTES_MAX }, (_, i) => [`label-${i}`, "x".repeat(250)]),
  );
  const call = (c: number) =>
    engine.report(Array.from({ length: 500 }, (_, i) => outcomeOf(`${c}-${i}`, { labels })));
  const waiting = [call(0)];
  await reached;
  const bytesEach = journal.queuedBytes;
  expect(bytesEach).toBeGreaterThan(500 * ATTRIBUTES_MAX * 250);
  const fitting = Math.floor(OUTCOMES_QUEUED_BYTES_MAX / bytesEach);
  for (let c = 1; c < fitting; c++) waiting.push(call(c));
  await expect(call(fitting)).rejects.toMatchObject({ reason: "QUEUE_FULL" });
  expect(journal.queued).toBe(500 * fitting);
  release();
  await Promise.all(waiting);
  const callsPerGroup = Math.floor(GROUP_BYTES_MAX / bytesEach);
  expect(journal.measures.groups).toBe(1 + Math.ceil((fitting - 1) / callsPerGroup));
  expect(journal.queuedBytes).toBe(0);
  expect(await countOf(engine)).toBe(500 * fitting);
});

describe("a checkpoint", () => {
  test("that fails folds back, and the next one takes everything along", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.report([outcomeOf("a"), outcomeOf("b", { arm: armAt(1.5) })]);
    const { reached, release } = hold(memory);
    const failing = engine.checkpoint();
    await reached;
    memory.control.before = () => undefined;
    const later = engine.report([outcomeOf("c")]);
    expect(await countOf(engine)).toBe(2);
    release();
    await later;
    expect(await countOf(engine)).toBe(3);
    await failing;
    failNext(memory);
    await engine.report([outcomeOf("d")]).catch(() => undefined);
    await engine.report([outcomeOf("d")]);
    failNext(memory);
    await expect(engine.checkpoint()).rejects.toThrow("no space");
    expect(await countOf(engine)).toBe(4);
    await engine.checkpoint();
    expect(await countOf(engine)).toBe(4);
    expect(engine.outcomes.lag).toBe(0);
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(await countOf(again)).toBe(4);
  });

  test("never makes a reader count anything twice or not at all", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    for (let round = 1; round <= 20; round++) {
      await engine.report([outcomeOf(`o-${round}`)]);
      const { reached, release } = hold(memory);
      const checkpoint = engine.checkpoint();
      const early = countOf(engine);
      await reached;
      const during = countOf(engine);
      release();
      const late = countOf(engine);
      await tick();
      const later = countOf(engine);
      expect(await Promise.all([early, during, late, later])).toEqual(Array(4).fill(round));
      await checkpoint;
      expect(await countOf(engine)).toBe(round);
    }
  });

  test("holds whole records only, also when the number of dirty cells sets it off", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    const outcomes = Array.from({ length: DIRTY_CELLS_MAX + 500 }, (_, hour) =>
      outcomeOf(`o-${hour}`, { occurredAtMs: createTestPlatform().clock.ms - hour * HOUR_MS }),
    );
    await engine.report(outcomes);
    await tick();
    await engine.checkpoint();
    // What a crash right now leaves: the checkpoint that the dirty cells set off, and nothing after it.
    const crashed = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(await countOf(crashed)).toBe(outcomes.length);
  });

  test("at boot holds whole records only", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    for (let part = 0; part < 3; part++) {
      const outcomes = Array.from({ length: DIRTY_CELLS_MAX / 2 + 10 }, (_, i) =>
        outcomeOf(`o-${part}-${i}`, { occurredAtMs: (part * DIRTY_CELLS_MAX + i) * HOUR_MS }),
      );
      memory.control.before = () => undefined;
      await engine.report(outcomes);
    }
    const expected = await countOf(engine);
    let last = memory;
    for (let restart = 0; restart < 3; restart++) {
      await crash(last);
      last = await openMemoryStore(memory.database);
      const again = await openTestEngine(last.store);
      await tick();
      expect(await countOf(again)).toBe(expected);
    }
  });

  test("holds whole records only, whenever it begins while one is folded in pieces", async () => {
    for (let turns = 0; turns < 8; turns++) {
      const memory = await openMemoryStore();
      const engine = await openTestEngine(memory.store);
      await engine.report([outcomeOf("first")]);
      const report = engine.report(Array.from({ length: 4_000 }, (_, i) => outcomeOf(`o-${i}`)));
      await folding(engine);
      for (let turn = 0; turn < turns; turn++) await tick();
      await Promise.all([engine.checkpoint(), report]);
      await crash(memory);
      const again = await openTestEngine((await openMemoryStore(memory.database)).store);
      expect(await countOf(again)).toBe(4_001);
    }
  });

  test("empties the tail that the next start reads", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.report([outcomeOf("a")]);
    expect(engine.outcomes.lag).toBe(1);
    await engine.checkpoint();
    expect(engine.outcomes.lag).toBe(0);
    const written = memory.control.written;
    await engine.checkpoint();
    expect(memory.control.written).toBe(written);
  });

  test("trims journal and ids that are older than the window, and the cells stay", async () => {
    const memory = await openMemoryStore();
    const platform = createTestPlatform();
    const engine = await openTestEngine(memory.store, platform);
    await engine.report([outcomeOf("old", { occurredAtMs: platform.clock.ms })]);
    await engine.checkpoint();
    platform.clock.ms += 25 * HOUR_MS;
    await engine.report([outcomeOf("new", { occurredAtMs: platform.clock.ms })]);
    await engine.checkpoint();
    expect(await memory.store.bytes(keys.journal(1))).toBeUndefined();
    expect(await memory.store.bytes(keys.outcomeIds(1))).toBeUndefined();
    expect(await memory.store.bytes(keys.journal(2))).toBeDefined();
    expect(await countOf(engine)).toBe(2);
    const again = await openTestEngine((await openMemoryStore(memory.database)).store, platform);
    expect(await again.report([outcomeOf("new", { occurredAtMs: platform.clock.ms })])).toEqual([
      "duplicate",
    ]);
    expect(await countOf(again)).toBe(2);
  });
});

test("closing writes the last checkpoint and refuses what comes later", async () => {
  const memory = await openMemoryStore();
  const engine = await openTestEngine(memory.store);
  const call = engine.report([outcomeOf("a")]);
  const closing = engine.close();
  await expect(engine.report([outcomeOf("b")])).rejects.toThrow("going down");
  await closing;
  expect(await call).toEqual(["accepted"]);
  const again = await openTestEngine((await openMemoryStore(memory.database)).store);
  expect(again.outcomes.lag).toBe(0);
  expect(await countOf(again)).toBe(1);
});
