import { describe, expect, it } from "vitest";
import { createHealthState } from "./health.ts";

describe("the health state", () => {
  it("starts as starting", () => {
    expect(createHealthState().phase()).toBe("starting");
  });

  it("answers at once where the phase has changed already", async () => {
    const health = createHealthState();
    health.become("serving");
    await health.changedFrom("starting", new AbortController().signal);
    expect(health.phase()).toBe("serving");
  });

  it("wakes everyone who waits, once the phase is another", async () => {
    const health = createHealthState();
    const { signal } = new AbortController();
    const waiting = [
      health.changedFrom("starting", signal),
      health.changedFrom("starting", signal),
    ];
    health.become("starting");
    health.become("draining");
    await Promise.all(waiting);
    expect(health.phase()).toBe("draining");
  });

  it("gives up with the signal's reason, before the wait and during it", async () => {
    const health = createHealthState();
    const controller = new AbortController();
    const waiting = health.changedFrom("starting", controller.signal);
    controller.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await expect(health.changedFrom("starting", controller.signal)).rejects.toThrow("gone");
  });
});
