import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeKey } from "../domain/config/scope.ts";
import { DAILY_CELLS_MAX, HOURLY_CELLS_TTL_MS } from "../domain/kernel/limits.ts";
import { mergeCells } from "../domain/outcome/cell.ts";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { checkStore } from "../store/check-store.ts";
import { differingField } from "../store/check-totals.ts";
import { keys, ranges } from "../store/keys.ts";
import { SCHEMA_VERSION } from "../store/migrations.ts";
import { type MemoryStore, openMemoryStore } from "../store/store-fixtures.ts";
import { ALL_HOURS, HOUR_MS } from "./cells.ts";
import type { Engine } from "./engine.ts";
import { createTestPlatform, openTestEngine } from "./engine-fixtures.ts";

const SCOPE = scopeKey(armAt(0.7).scope);
const DAY_MS = 24 * HOUR_MS;

/** What is wrong with the totals of a store. */
async function broken({ database }: MemoryStore): Promise<readonly unknown[]> {
  return (await checkStore(database)).findings;
}

/** What differs between the totals and the cells of the scope, with what is not stored yet. */
async function differing(engine: Engine): Promise<string | undefined> {
  const byHour = await engine.cells.readHours(SCOPE, ALL_HOURS);
  const sums = byHour.map(({ live, byHour: hours }) => [
    live.arm.configId,
    [...hours.values()].reduce(mergeCells),
  ]);
  const totals = await engine.cells.readTotals(SCOPE);
  return differingField(
    Object.fromEntries(totals.map(({ live, cell }) => [live.arm.configId, cell])),
    Object.fromEntries(sums),
  );
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant("report" as const),
    arm: fc.nat(3),
    daysAgo: fc.integer({ min: 0, max: 30 }),
    hours: fc.integer({ min: 1, max: 5 }),
    value: fc.double({ min: 0, max: 100, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("score" as const), value: fc.integer({ min: 0, max: 100 }) }),
  fc.record({ kind: fc.constant("checkpoint" as const) }),
  fc.record({ kind: fc.constant("crash" as const) }),
  fc.record({ kind: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 500 }) }),
);

test("are the sum of the stored cells after every single batch, whatever happened before", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const platform = createTestPlatform();
      let memory = await openMemoryStore();
      const found: unknown[] = [];
      const watch = () => {
        // What is on the disk now is what a crash would leave.
        memory.control.after = async () => {
          found.push(...(await broken(memory)));
        };
      };
      watch();
      let engine = await openTestEngine(memory.store, platform);
      let reported = 0;
      for (const item of steps) {
        if (item.kind === "report") {
          const start = platform.clock.ms - item.daysAgo * DAY_MS;
          await engine.report(
            Array.from({ length: item.hours }, (_, hour) =>
              outcomeOf(`o-${reported++}`, {
                arm: armAt(item.arm / 10),
                occurredAtMs: Math.min(start + hour * HOUR_MS, platform.clock.ms),
                latencyMs: item.value * 1_000,
                scores: { quality: item.value },
              }),
            ),
          );
        } else if (item.kind === "score" && reported > 0) {
          const target = { outcomeId: `o-${item.value % reported}` };
          const scores = { quality: item.value };
          await engine.outcomes.reportFeedback([{ target, scores, source: "judge" }]);
        } else if (item.kind === "checkpoint") await engine.checkpoint();
        else if (item.kind === "wait") platform.clock.ms += item.hours * HOUR_MS;
        else if (item.kind === "crash") {
          memory = await openMemoryStore(memory.database);
          watch();
          engine = await openTestEngine(memory.store, platform);
        }
        expect(await differing(engine)).toBeUndefined();
      }
      await engine.checkpoint();
      expect(await differing(engine)).toBeUndefined();
      expect(found).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("follow the days that an arm loses", async () => {
  const memory = await openMemoryStore();
  const platform = createTestPlatform();
  const engine = await openTestEngine(memory.store, platform);
  const days = DAILY_CELLS_MAX + 50;
  await engine.report(
    Array.from({ length: days }, (_, day) =>
      outcomeOf(`o-${day}`, { occurredAtMs: (1000 + day) * DAY_MS, latencyMs: day }),
    ),
  );
  await engine.checkpoint();
  platform.clock.ms += 2 * HOUR_MS;
  await engine.report([outcomeOf("more", { occurredAtMs: 1400 * DAY_MS })]);
  await engine.checkpoint();
  const [total] = await engine.cells.readTotals(SCOPE);
  expect(total?.cell.outcomes).toBe(DAILY_CELLS_MAX + 1);
  expect(await differing(engine)).toBeUndefined();
  expect(await broken(memory)).toEqual([]);
});

test("answer without a look at the cells", async () => {
  const memory = await openMemoryStore();
  const engine = await openTestEngine(memory.store);
  await engine.report([outcomeOf("a"), outcomeOf("b")]);
  await engine.checkpoint();
  const cell = await memory.store.firstKey(ranges.cellsOfScope(SCOPE));
  await memory.store.write([{ put: cell ?? "", bytes: new Uint8Array([1]) }], "sync");
  const [total] = await engine.cells.readTotals(SCOPE);
  expect(total?.cell.outcomes).toBe(2);
  expect(await broken(memory)).not.toEqual([]);
});

describe("a store from before there were totals", () => {
  /** Days by hour and by day, of two arms, as an older program left them. */
  async function olderStore() {
    const platform = createTestPlatform();
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store, platform);
    const start = platform.clock.ms - HOURLY_CELLS_TTL_MS - 3 * DAY_MS;
    await engine.report(
      Array.from({ length: 200 }, (_, hour) =>
        outcomeOf(`o-${hour}`, {
          arm: armAt((hour % 2) / 10),
          occurredAtMs: start + hour * HOUR_MS,
          latencyMs: hour,
        }),
      ),
    );
    await engine.checkpoint();
    const older = [{ put: keys.meta("schema"), json: 1 }];
    const totals = await memory.store.keys(ranges.totals);
    expect(totals.length).toBe(2);
    await memory.store.write([...older, ...totals.map((key) => ({ delete: key }))], "sync");
    return { platform, memory: await openMemoryStore(memory.database) };
  }

  const counts = async (engine: Engine) =>
    (await engine.cells.readTotals(SCOPE)).map(({ cell }) => cell.outcomes);

  test("is answered from the cells, and gets its totals while the daemon serves", async () => {
    const { platform, memory } = await olderStore();
    const engine = await openTestEngine(memory.store, platform);
    expect(await memory.store.keys(ranges.totals)).toEqual([]);
    expect(await counts(engine)).toEqual([100, 100]);
    await engine.outcomes.loadIds();
    await engine.checkpoint();
    expect((await memory.store.keys(ranges.totals)).length).toBe(2);
    expect(await counts(engine)).toEqual([100, 100]);
    expect(await broken(memory)).toEqual([]);
    expect(await memory.store.json(keys.meta("schema"))).toBe(SCHEMA_VERSION);
  });

  test("counts what comes in before that, once", async () => {
    const { platform, memory } = await olderStore();
    const engine = await openTestEngine(memory.store, platform);
    await engine.report([outcomeOf("new", { arm: armAt(0), occurredAtMs: platform.clock.ms })]);
    expect(await counts(engine)).toEqual([101, 100]);
    await engine.checkpoint();
    expect(await counts(engine)).toEqual([101, 100]);
    expect(await differing(engine)).toBeUndefined();
    expect(await broken(memory)).toEqual([]);
  });
});
