import { expect, test } from "vitest";
import { HOUR_LOOKS_PER_PASS_MAX } from "../../domain/kernel/limits.ts";
import type { Outcome } from "../../domain/outcome/outcome.ts";
import { armAt, outcomeOf } from "../../domain/outcome/outcome-fixtures.ts";
import { createTestPlatform, openTestEngine } from "../../engine/engine-fixtures.ts";
import { openMemoryStore } from "../../store/store-fixtures.ts";
import { Driver } from "../driver.ts";
import { createWatchConfigDrift } from "./watch-config-drift.ts";

const HOUR_MS = 3_600_000;
const SCOPES = HOUR_LOOKS_PER_PASS_MAX + 5;

/** Calls of one scope over four hours, in which a high temperature is clearly worse. */
function calls(model: string, nowMs: number, round: number): Outcome[] {
  return Array.from({ length: 160 }, (_, i) => {
    const isHigh = i % 2 === 1;
    return outcomeOf(`${model} ${round} ${i}`, {
      arm: armAt(isHigh ? 1.9 : 0.1, model),
      occurredAtMs: nowMs - (2 + (i % 4)) * HOUR_MS,
      scores: { quality: isHigh ? 15 + (i % 7) : 85 + (i % 7) },
    });
  });
}

test("more scopes than one pass may look at hour by hour take turns, and what was opened stays meanwhile", async () => {
  const platform = createTestPlatform();
  const engine = await openTestEngine((await openMemoryStore()).store, platform);
  const tasks = [createWatchConfigDrift(engine)];
  const options = { intervalMs: 10_000, driftThreshold: 0.01 };
  const driver = new Driver({ engine, platform, tasks, options });
  driver.start();
  const models = Array.from({ length: SCOPES }, (_, i) => `model-${i}`);
  const report = async (round: number) => {
    for (const model of models) await engine.report(calls(model, platform.clock.ms, round));
  };
  /** Scopes by what one pass decided of them. */
  const pass = async () => {
    const { tasks: results } = await driver.runNow();
    const decisions = results.flatMap((result) => result.decisions);
    const temperatures = decisions.filter(({ reason }) => !reason.includes("max_tokens"));
    return Map.groupBy(temperatures, ({ decision }) => decision);
  };
  await report(1);
  const first = await pass();
  expect(first.get("drift_opened")?.length).toBe(HOUR_LOOKS_PER_PASS_MAX);
  const waiting = first.get("waits_for_hours")?.map(({ scope }) => scope.model) ?? [];
  expect(waiting.length).toBe(5);
  const second = await pass();
  expect(second.get("drift_opened")?.map(({ scope }) => scope.model)).toEqual(waiting);
  expect(second.get("waits_for_hours")).toBeUndefined();
  expect(engine.state.findings.drifts.size).toBe(SCOPES);
  for (let round = 2; round <= 4; round++) {
    platform.clock.ms += 60_000;
    await report(round);
    const later = await pass();
    expect([later.get("waits_for_hours"), later.get("drift_resolved")]).toEqual([
      undefined,
      undefined,
    ]);
    expect(engine.state.findings.drifts.size).toBe(SCOPES);
  }
  const looked = models.map((model) => {
    const scope = JSON.stringify([model, "execution", "", ""]);
    return engine.impactsInTime.lookedAtMs(scope);
  });
  // Every scope had its turn in the last two passes.
  expect(Math.min(...looked)).toBeGreaterThanOrEqual(platform.clock.ms - 60_000);
});
