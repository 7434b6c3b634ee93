import { describe, expect, test } from "vitest";
import { scopeKey } from "../domain/config/scope.ts";
import {
  DAILY_CELLS_MAX,
  ESTABLISHED_OUTCOMES_MIN,
  HOURLY_CELLS_TTL_MS,
  KNOWN_PAIRS_MAX,
  KNOWN_PAIRS_SPARE,
  LIVE_PAIRS_MAX,
} from "../domain/kernel/limits.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { sketchSize } from "../domain/outcome/quantile-sketch.ts";
import { keys, ranges } from "../store/keys.ts";
import { keysOf, openMemoryStore } from "../store/store-fixtures.ts";
import { ALL_HOURS, HOUR_MS } from "./cells.ts";
import type { Engine } from "./engine.ts";
import { createTestPlatform, openTestEngine } from "./engine-fixtures.ts";

const SCOPE = scopeKey(armAt(0.7).scope);
const DAY_MS = 24 * HOUR_MS;

async function totals(engine: Engine, scope = SCOPE, window = ALL_HOURS) {
  const arms = await engine.cells.read(scope, window);
  return arms.map(({ live, cell }) => [live.arm.configId, cell.outcomes, cell.latencyMs.sum]);
}

describe("hours that are over for long", () => {
  test("become days, and every sum stays what it was", async () => {
    const memory = await openMemoryStore();
    const platform = createTestPlatform();
    const engine = await openTestEngine(memory.store, platform);
    const start = platform.clock.ms - HOURLY_CELLS_TTL_MS - 5 * DAY_MS;
    const outcomes = Array.from({ length: 24 * 30 }, (_, hour) =>
      outcomeOf(`o-${hour}`, { occurredAtMs: start + hour * HOUR_MS, latencyMs: hour + 1 }),
    ).filter(({ occurredAtMs }) => occurredAtMs <= platform.clock.ms);
    await engine.report(outcomes);
    const before = await totals(engine);
    expect(before).toEqual([[armAt(0.7).configId, outcomes.length, expect.any(Number)]]);
    await engine.checkpoint();
    expect(await totals(engine)).toEqual(before);
    const daily = await memory.store.firstKey(ranges.dailyCells);
    expect(daily).toBeDefined();
    // Late outcomes of a day that was merged join it.
    await engine.report([outcomeOf("late", { occurredAtMs: start, latencyMs: 1 })]);
    platform.clock.ms += 2 * HOUR_MS;
    await engine.checkpoint();
    const again = await openTestEngine((await openMemoryStore(memory.database)).store, platform);
    const [[, count, sum] = []] = await totals(again);
    expect([count, sum]).toEqual([outcomes.length + 1, Number(before[0]?.[2]) + 1]);
    const arms = await again.cells.readDistributions(SCOPE, ALL_HOURS);
    const [distributions] = arms.values();
    expect(distributions && sketchSize(distributions.latencyMs)).toBe(outcomes.length + 1);
  });

  test("still answer a window by their day", async () => {
    const memory = await openMemoryStore();
    const platform = createTestPlatform();
    const engine = await openTestEngine(memory.store, platform);
    const day = Math.floor(platform.clock.ms / DAY_MS) - 30;
    await engine.report([
      outcomeOf("a", { occurredAtMs: day * DAY_MS + 3 * HOUR_MS }),
      outcomeOf("b", { occurredAtMs: (day + 1) * DAY_MS + 3 * HOUR_MS }),
    ]);
    await engine.checkpoint();
    const window = { from: day * 24, until: (day + 1) * 24 };
    expect(await totals(engine, SCOPE, window)).toEqual([[armAt(0.7).configId, 1, 100]]);
  });
});

test("an arm keeps its newest days, however old they are", async () => {
  const memory = await openMemoryStore();
  const platform = createTestPlatform();
  const engine = await openTestEngine(memory.store, platform);
  const days = DAILY_CELLS_MAX + 50;
  await engine.report(
    Array.from({ length: days }, (_, day) =>
      outcomeOf(`o-${day}`, { occurredAtMs: (1000 + day) * DAY_MS }),
    ),
  );
  await engine.checkpoint();
  platform.clock.ms += 2 * HOUR_MS;
  await engine.report([outcomeOf("more", { occurredAtMs: 1400 * DAY_MS })]);
  await engine.checkpoint();
  const [[, count] = []] = await totals(engine);
  expect(count).toBe(DAILY_CELLS_MAX + 1);
  const first = await memory.store.firstKey(ranges.dailyCells);
  expect(first).toBe(keys.dailyCell(SCOPE, armAt(0.7).configId, 1000 + 50));
});

test("the overflow arm takes what exceeds the pairs, and is seen under the model overflow", async () => {
  const memory = await openMemoryStore();
  const engine = await openTestEngine(memory.store);
  const outcomes = Array.from({ length: LIVE_PAIRS_MAX + 5 }, (_, i) =>
    outcomeOf(`o-${i}`, { arm: armAt(0.7, `model-${i}`) }),
  );
  await engine.report(outcomes);
  const overflow = scopeKey({ model: "overflow", phase: "execution", dimensions: [] });
  expect(await totals(engine, overflow)).toEqual([["overflow", 5, 500]]);
  expect(engine.cells.arms.pairs).toBe(LIVE_PAIRS_MAX + 1);
  await engine.checkpoint();
  const again = await openTestEngine((await openMemoryStore(memory.database)).store);
  expect(await totals(again, overflow)).toEqual([["overflow", 5, 500]]);
});

test("pairs that nobody hears of make room for new ones, with everything that is stored of them", async () => {
  const platform = createTestPlatform();
  const memory = await openMemoryStore();
  const older = await openTestEngine(memory.store, platform);
  const kept = armAt(0.7, "kept");
  const madeUp = armAt(0.1, "made-up");
  const report = (arm: Arm, count: number) =>
    older.report(
      Array.from({ length: count }, (_, i) => outcomeOf(`${arm.configId} ${i}`, { arm })),
    );
  await report(kept, ESTABLISHED_OUTCOMES_MIN);
  await report(madeUp, 1);
  const more = Array.from({ length: 1_500 }, (_, i) => armAt(0.1, `made-up-${i}`));
  await older.report(more.map((arm, i) => outcomeOf(`more ${i}`, { arm })));
  await older.checkpoint();
  // As many more as an old store may hold.
  const heardHour = Math.floor(platform.clock.ms / HOUR_MS);
  const others = Array.from({ length: KNOWN_PAIRS_MAX }, (_, i) => armAt(0.5, `other-${i}`));
  await memory.store.write(
    others.map((arm) => ({
      put: keys.arm(scopeKey(arm.scope), arm.configId),
      json: { ...arm, firstHour: heardHour, heardHour: heardHour + 1, outcomes: 1 },
    })),
    "sync",
  );
  platform.clock.ms += 2 * HOUR_MS;
  const engine = await openTestEngine((await openMemoryStore(memory.database)).store, platform);
  const newcomer = outcomeOf("new", { arm: armAt(0.9, "new"), occurredAtMs: platform.clock.ms });
  await engine.report([newcomer]);
  const overflow = scopeKey({ model: "overflow", phase: "execution", dimensions: [] });
  expect(await totals(engine, overflow)).toEqual([["overflow", 1, 100]]);
  const [keptKey, madeUpKey] = [scopeKey(kept.scope), scopeKey(madeUp.scope)];
  expect(engine.cells.arms.scope(madeUpKey)).toBeDefined();
  const { targets } = engine.outcomes;
  expect(targets.placeCount).toBeGreaterThan(more.length);
  for (let step = 0; engine.cells.arms.pairs > KNOWN_PAIRS_MAX - KNOWN_PAIRS_SPARE; step++) {
    expect(step).toBeLessThan(20);
    await engine.checkpoint();
  }
  expect(engine.cells.arms.scope(madeUpKey)).toBeUndefined();
  // Nor does memory hold where their outcomes were counted: a score comes too late for them, before a restart as after it.
  expect(targets.placeCount).toBe(2);
  expect(targets.find({ outcomeId: `${madeUp.configId} 0` })).toBeUndefined();
  expect(targets.find({ outcomeId: `${kept.configId} 0` })).toBeDefined();
  const left = (await keysOf(memory.database)).filter((key) => key.includes(madeUpKey));
  expect(left).toEqual([]);
  expect(await totals(engine, keptKey)).toEqual([[kept.configId, ESTABLISHED_OUTCOMES_MIN, 1000]]);
  await engine.report([{ ...newcomer, outcomeId: "again" }]);
  expect(await totals(engine, scopeKey(newcomer.arm.scope))).toEqual([
    [newcomer.arm.configId, 1, 100],
  ]);
});

test("the journal is kept for a day, and its newest record for ever", async () => {
  const memory = await openMemoryStore();
  const platform = createTestPlatform();
  const engine = await openTestEngine(memory.store, platform);
  for (let record = 1; record <= 3; record++) {
    await engine.report([outcomeOf(`o-${record}`, { occurredAtMs: platform.clock.ms })]);
    platform.clock.ms += 13 * HOUR_MS;
  }
  await engine.checkpoint();
  expect(await memory.store.firstKey(ranges.journal)).toBe(keys.journal(3));
  platform.clock.ms += 30 * DAY_MS;
  await engine.checkpoint();
  expect(await memory.store.firstKey(ranges.journal)).toBe(keys.journal(3));
  const again = await openTestEngine((await openMemoryStore(memory.database)).store, platform);
  await again.report([outcomeOf("o-4", { occurredAtMs: platform.clock.ms })]);
  expect(again.outcomes.journal.sequence).toBe(4);
});
