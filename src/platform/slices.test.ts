import { expect, test } from "vitest";
import { inSlices } from "./slices.ts";

test("a computation gives way to what waits after each slice, and answers the same", async () => {
  let now = 0;
  const seen: string[] = [];
  function* work(): Generator<undefined, number, undefined> {
    for (let step = 0; step < 12; step++) {
      seen.push(`step ${step}`);
      now += 0.2;
      yield;
    }
    return 42;
  }
  const running = inSlices(work(), () => now);
  setImmediate(() => seen.push("a lookup"));
  expect(await running).toBe(42);
  expect(seen.indexOf("a lookup")).toBeGreaterThan(seen.indexOf("step 0"));
  expect(seen.indexOf("a lookup")).toBeLessThan(seen.indexOf("step 11"));
});

test("an error of a computation reaches whoever runs it", async () => {
  function* work(): Generator<undefined, number, undefined> {
    yield;
    throw new RangeError("broken");
  }
  await expect(inSlices(work())).rejects.toThrow("broken");
});
