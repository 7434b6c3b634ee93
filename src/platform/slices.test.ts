import { expect, test } from "vitest";
import { inSlices, Slices } from "./slices.ts";

/** A clock that a test moves, and turns of the event loop as it counts them. */
function createTime() {
  const time = { ms: 0, turn: 0, nowMs: () => time.ms, turns: () => time.turn };
  return time;
}

test("a computation gives way to what waits after each slice, and answers the same", async () => {
  const time = createTime();
  const seen: string[] = [];
  function* work(): Generator<undefined, number, undefined> {
    for (let step = 0; step < 12; step++) {
      seen.push(`step ${step}`);
      time.ms += 0.2;
      yield;
    }
    return 42;
  }
  const running = new Slices(time).run(work());
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

test("parts that follow each other without a turn of the event loop are one slice", async () => {
  const time = createTime();
  const slices = new Slices(time);
  const seen: string[] = [];
  setImmediate(() => seen.push("a lookup"));
  for (let part = 0; part < 4; part++) {
    await slices.waitFor(Promise.resolve());
    time.ms += 0.3;
    seen.push(`part ${part}`);
    await slices.giveWay();
  }
  expect(seen).toEqual(["part 0", "part 1", "a lookup", "part 2", "part 3"]);
  expect(slices.longestMs).toBeCloseTo(0.6);
});

test("what is waited for belongs to no slice, and what is long shows", async () => {
  const time = createTime();
  const slices = new Slices(time);
  await slices.waitFor(
    new Promise<void>((resolve) =>
      setImmediate(() => {
        time.ms += 50;
        time.turn += 1;
        resolve();
      }),
    ),
  );
  await slices.giveWay();
  expect(slices.longestMs).toBe(0);
  time.ms += 7;
  await slices.giveWay();
  expect(slices.longestMs).toBe(7);
});

test("items that are read elsewhere come one by one, and their reader ends with whoever reads", async () => {
  let isClosed = false;
  async function* items() {
    try {
      for (let item = 0; ; item++) yield item;
    } finally {
      isClosed = true;
    }
  }
  const seen: number[] = [];
  for await (const item of new Slices().over(items())) {
    seen.push(item);
    if (item === 2) break;
  }
  expect(seen).toEqual([0, 1, 2]);
  expect(isClosed).toBe(true);
});
