import { describe, expect, it } from "vitest";
import { endOnAbort } from "./end-on-abort.ts";

async function* count(upTo: number): AsyncGenerator<number> {
  for (let i = 0; i < upTo; i += 1) yield i;
}

describe("a stream that ends on abort", () => {
  it("is the same stream while nothing aborts", async () => {
    const seen: number[] = [];
    for await (const value of endOnAbort(count(5), new AbortController().signal)) seen.push(value);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it("fails with the signal's reason where a reader waits for a source that never answers", async () => {
    const controller = new AbortController();
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const next = endOnAbort(silent, controller.signal)[Symbol.asyncIterator]().next();
    controller.abort(new Error("going down"));
    await expect(next).rejects.toThrow("going down");
  });

  it("fails a reader that comes after the abort, and tells the source", async () => {
    const controller = new AbortController();
    let returned = false;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }) as const,
        return: async () => {
          returned = true;
          return { done: true, value: undefined } as const;
        },
      }),
    };
    const iterator = endOnAbort(source, controller.signal)[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort(new Error("going down"));
    await expect(iterator.next()).rejects.toThrow("going down");
    expect(returned).toBe(true);
  });

  it("passes on what the source throws", async () => {
    // biome-ignore lint/correctness/useYield: the source fails before its first value.
    const failing = (async function* () {
      throw new Error("of the source");
    })();
    const iterator = endOnAbort(failing, new AbortController().signal)[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toThrow("of the source");
  });
});
