import { describe, expect, test } from "vitest";
import { createSetTimers } from "../engine/engine-fixtures.ts";
import { silentLog } from "../platform/log.ts";
import { Lifecycle } from "./lifecycle.ts";

describe("the way down", () => {
  test("is the way up in the opposite order, one step after the other", async () => {
    const lifecycle = new Lifecycle(silentLog, createSetTimers());
    const order: string[] = [];
    for (const name of ["store", "engine", "listeners"]) {
      lifecycle.onStop(name, async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      });
    }
    expect(await lifecycle.stop(5000)).toEqual([]);
    expect(order).toEqual([
      "listeners begins",
      "listeners ends",
      "engine begins",
      "engine ends",
      "store begins",
      "store ends",
    ]);
  });

  test("goes on past a step that fails or throws at once, and tells of it", async () => {
    const lifecycle = new Lifecycle(silentLog, createSetTimers());
    const ran: string[] = [];
    lifecycle.onStop("first", () => void ran.push("first"));
    lifecycle.onStop("rejects", () => Promise.reject(new Error("no")));
    lifecycle.onStop("throws", () => {
      throw new Error("at once");
    });
    const failures = await lifecycle.stop(5000);
    expect(failures.map(({ message }) => message)).toEqual(["throws failed", "rejects failed"]);
    expect(ran).toEqual(["first"]);
  });

  test("goes on past a step that never ends, once its time is up", async () => {
    const timers = createSetTimers();
    const lifecycle = new Lifecycle(silentLog, timers);
    const ran: string[] = [];
    lifecycle.onStop("last", () => void ran.push("last"));
    lifecycle.onStop("stuck", () => new Promise(() => {}));
    const stopping = lifecycle.stop(5000);
    expect(timers.waiting.map(({ delayMs }) => delayMs)).toEqual([5000]);
    timers.fireAll();
    const [failure] = await stopping;
    expect(failure?.cause).toMatchObject({ message: "stuck took longer than 5000 ms" });
    expect(ran).toEqual(["last"]);
    expect(timers.waiting).toEqual([]);
  });

  test("is gone once: a second call waits for the first", async () => {
    const lifecycle = new Lifecycle(silentLog, createSetTimers());
    let times = 0;
    lifecycle.onStop("step", () => void times++);
    await Promise.all([lifecycle.stop(1), lifecycle.stop(1)]);
    expect(times).toBe(1);
  });
});
