import { describe, expect, test } from "vitest";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { putModelConfig } from "../engine/config-changes.ts";
import { createTestPlatform, openTestEngine } from "../engine/engine-fixtures.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { Driver } from "./driver.ts";
import type { Pass, Task } from "./task.ts";

/** A task that the test holds back and lets go, pass by pass. */
function createHeldTask() {
  const seen: Pass[] = [];
  const releases: ((failure?: Error) => void)[] = [];
  let running = 0;
  let mostAtOnce = 0;
  const task: Task = {
    name: "held",
    run: (pass) => {
      seen.push(pass);
      running += 1;
      mostAtOnce = Math.max(mostAtOnce, running);
      return new Promise((resolve, reject) => {
        releases.push((failure) => {
          running -= 1;
          if (failure) reject(failure);
          else resolve([]);
        });
      });
    },
  };
  return { task, seen, releases, mostAtOnce: () => mostAtOnce };
}

async function driverOf(tasks: readonly Task[]) {
  const platform = createTestPlatform();
  const engine = await openTestEngine((await openMemoryStore()).store, platform);
  const driver = new Driver({
    engine,
    platform,
    tasks,
    options: { intervalMs: 10_000, driftThreshold: 0.1 },
  });
  // The engine's own timer waits too; only the driver's are fired here.
  const intervalTimers = () => platform.timers.waiting.filter(({ delayMs }) => delayMs === 10_000);
  return { engine, driver, platform, intervalTimers };
}

/** Lets what is under way come to where it waits: a pass gives way now and then. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("passes", () => {
  test("never overlap: callers during a pass share one later pass", async () => {
    const held = createHeldTask();
    const { driver } = await driverOf([held.task]);
    const first = driver.runNow();
    await settled();
    const during = [driver.runNow(), driver.runNow()];
    await settled();
    expect(held.seen).toHaveLength(1);
    expect(driver.status().isRunning).toBe(true);
    held.releases[0]?.();
    await first;
    await settled();
    expect(held.seen).toHaveLength(2);
    held.releases[1]?.();
    const [second, third] = await Promise.all(during);
    expect(second).toBe(third);
    expect([(await first).pass, second?.pass]).toEqual([1, 2]);
    expect(held.mostAtOnce()).toBe(1);
    expect(driver.status()).toMatchObject({ isRunning: false, passes: 2, failures: 0 });
  });

  test("a caller during a pass gets one that started after it asked", async () => {
    const held = createHeldTask();
    const { driver, engine } = await driverOf([held.task]);
    driver.start();
    const first = driver.runNow();
    await settled();
    await engine.report([outcomeOf("late")]);
    const asked = driver.runNow();
    held.releases[0]?.();
    await first;
    await settled();
    held.releases[1]?.();
    await asked;
    expect(held.seen.map(({ changedScopes }) => changedScopes.length)).toEqual([0, 1]);
  });

  test("the interval starts after the last pass ended, and none starts after stop", async () => {
    const held = createHeldTask();
    const { driver, platform } = await driverOf([held.task]);
    driver.start();
    platform.timers.fireAll();
    await settled();
    expect(held.seen).toHaveLength(1);
    expect(driver.status().lastPass).toBeUndefined();
    held.releases[0]?.();
    await settled();
    expect(driver.status().lastPass).toMatchObject({ pass: 1, trigger: "interval" });
    platform.timers.fireAll();
    await settled();
    expect(held.seen).toHaveLength(2);
    const stopping = driver.stop();
    held.releases[1]?.();
    await stopping;
    platform.timers.fireAll();
    await settled();
    expect(held.seen).toHaveLength(2);
  });
});

describe("a task that fails", () => {
  test("leaves its scopes to the next pass, and the other tasks run all the same", async () => {
    const failing: Task = { name: "failing", run: () => Promise.reject(new Error("broken")) };
    const held = createHeldTask();
    const { driver, engine } = await driverOf([failing, held.task]);
    driver.start();
    await engine.report([outcomeOf("a"), outcomeOf("b", { arm: armAt(0.7, "other") })]);
    for (const expectedPass of [1, 2]) {
      const pass = driver.runNow();
      await settled();
      held.releases.at(-1)?.();
      expect(await pass).toMatchObject({
        pass: expectedPass,
        scopesAnalysed: 2,
        tasks: [
          { task: "failing", ok: false, error: "broken" },
          { task: "held", ok: true, error: "" },
        ],
      });
    }
    expect(held.seen.map(({ changedScopes }) => changedScopes.length)).toEqual([2, 2]);
    expect(driver.status()).toMatchObject({ failures: 2, lastSuccessAtMs: undefined });
  });
});

test("a scope is looked at when an outcome or a write of its model comes, else left alone", async () => {
  const counts: number[] = [];
  const counting: Task = {
    name: "counting",
    async run({ changedScopes }) {
      counts.push(changedScopes.length);
      return [];
    },
  };
  const { driver, engine } = await driverOf([counting]);
  await engine.report([outcomeOf("a"), outcomeOf("b", { arm: armAt(0.7, "other") })]);
  driver.start();
  await driver.runNow();
  await driver.runNow();
  await engine.commit(
    putModelConfig(
      { modelName: "gpt-4", displayName: "x" },
      { etag: "", reason: "", changedBy: "" },
    ),
  );
  await driver.runNow();
  await engine.report([outcomeOf("c")]);
  const last = await driver.runNow();
  expect(counts).toEqual([2, 0, 1, 1]);
  expect(last).toMatchObject({ scopesAnalysed: 1, scopesUnchanged: 1 });
});
