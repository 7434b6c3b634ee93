import { expect, test } from "vitest";
import { HOURLY_CELLS_TTL_MS, LIVE_PAIRS_MAX } from "../domain/kernel/limits.ts";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { measureArms, measureStrata } from "./arm-measures.ts";
import { createTestPlatform, openTestEngine } from "./engine-fixtures.ts";

const DAY_HOURS = 24;
const HOUR_MS = 3_600_000;
const SELECTION = { model: "gpt-4", phase: "execution" as const, attributes: {} };

test("the overflow arm is seen, and no choice of an analysis", async () => {
  const { store } = await openMemoryStore();
  const engine = await openTestEngine(store);
  await engine.report(
    Array.from({ length: LIVE_PAIRS_MAX + 5 }, (_, i) =>
      outcomeOf(`o-${i}`, { arm: armAt(0.7, `model-${i}`) }),
    ),
  );
  const overflow = { ...SELECTION, model: "overflow" };
  expect((await measureArms(engine, overflow)).map(({ cell }) => cell.outcomes)).toEqual([5]);
  expect(await measureStrata(engine, overflow)).toEqual([]);
  const all = await measureStrata(engine, { phase: "execution" });
  expect(all.map(({ configId }) => configId)).not.toContain("overflow");
  expect(all).toHaveLength(LIVE_PAIRS_MAX);
});

test("a day whose hours were merged is in every window that touches it", async () => {
  const platform = createTestPlatform();
  const { store } = await openMemoryStore();
  const engine = await openTestEngine(store, platform);
  const day = Math.floor(platform.clock.ms / HOUR_MS / DAY_HOURS);
  const noon = day * DAY_HOURS + 12;
  await engine.report([outcomeOf("o", { arm: armAt(0.7), occurredAtMs: noon * HOUR_MS })]);
  await engine.checkpoint();
  platform.clock.ms += HOURLY_CELLS_TTL_MS + 2 * DAY_HOURS * HOUR_MS;
  await engine.report([outcomeOf("later", { arm: armAt(0.7), occurredAtMs: platform.clock.ms })]);
  await engine.checkpoint();
  const seen = async (from: number, until: number) =>
    (await measureArms(engine, SELECTION, { from, until })).map(({ cell }) => cell.outcomes);
  expect(await seen(noon + 3, noon + 4)).toEqual([1]);
  expect(await seen((day + 1) * DAY_HOURS, (day + 2) * DAY_HOURS)).toEqual([]);
  expect(await seen((day - 1) * DAY_HOURS, day * DAY_HOURS)).toEqual([]);
});
