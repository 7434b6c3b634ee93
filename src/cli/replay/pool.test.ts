import { describe, expect, test } from "vitest";
import { Pool } from "./pool.ts";

describe("Pool", () => {
  test("runs at most so many at once and all in the end", async () => {
    const pool = new Pool(2);
    let running = 0;
    let most = 0;
    let done = 0;
    for (let at = 0; at < 10; at += 1) {
      await pool.add(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        done += 1;
      });
    }
    await pool.drain();
    expect({ most, done }).toEqual({ most: 2, done: 10 });
  });

  test("throws the first failure and starts nothing after it", async () => {
    const pool = new Pool(1);
    const started: number[] = [];
    const task = (at: number) => async () => {
      started.push(at);
      throw new Error(`failure ${at}`);
    };
    await pool.add(task(1));
    await expect(pool.add(task(2))).rejects.toThrow("failure 1");
    await expect(pool.drain()).rejects.toThrow("failure 1");
    await pool.settle();
    expect(started).toEqual([1]);
  });
});
