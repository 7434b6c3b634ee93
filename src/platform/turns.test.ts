import { describe, expect, test } from "vitest";
import { Turns } from "./turns.ts";

/** A clock that a test moves. */
function createTime() {
  let ms = 0;
  return {
    nowMs: () => ms,
    pass(by: number) {
      ms += by;
    },
  };
}

/** The turns of the event loop, counted. */
function countTurns() {
  let turns = 0;
  let isCounting = true;
  const count = () => {
    turns += 1;
    if (isCounting) setImmediate(count);
  };
  setImmediate(count);
  return {
    now: () => turns,
    stop() {
      isCounting = false;
    },
  };
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 5; i++) await undefined;
}

describe("turns", () => {
  test("let a piece be done at once while the share of the turn lasts", async () => {
    const time = createTime();
    const turns = new Turns(time.nowMs);
    await turns.take();
    time.pass(0.4);
    await microtasks();
    expect(turns.take()).toBeUndefined();
    time.pass(0.2);
    await microtasks();
    expect(turns.take()).toBeInstanceOf(Promise);
  });

  test("give all that wait one share of each turn, in their order", async () => {
    const time = createTime();
    const turns = new Turns(time.nowMs);
    const counted = countTurns();
    const done: { piece: number; turn: number }[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, piece) => {
        await turns.take();
        done.push({ piece, turn: counted.now() });
        time.pass(0.2);
      }),
    );
    counted.stop();
    expect(done.map(({ piece }) => piece)).toEqual(done.map((_, i) => i));
    const perTurn = Object.values(Object.groupBy(done, ({ turn }) => turn)).map((d) => d?.length);
    expect(perTurn).toEqual([3, 3, 3, 3, 3, 3, 2]);
  });

  test("let what is urgent go first", async () => {
    const time = createTime();
    const turns = new Turns(time.nowMs);
    expect(turns.take()).toBeUndefined();
    time.pass(1);
    const order: string[] = [];
    const ask = async (name: string, urgency: "urgent" | "usual") => {
      await turns.take(urgency);
      order.push(name);
    };
    await Promise.all([ask("a", "usual"), ask("b", "usual"), ask("c", "urgent")]);
    expect(order).toEqual(["c", "a", "b"]);
  });

  test("begin anew with the next turn", async () => {
    const time = createTime();
    const turns = new Turns(time.nowMs);
    expect(turns.take()).toBeUndefined();
    time.pass(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(turns.take()).toBeUndefined();
  });
});
