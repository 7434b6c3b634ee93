import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PRODUCERS_MAX, SEQUENCES_IN_FLIGHT_MAX } from "../domain/kernel/limits.ts";
import { Producers } from "./producers.ts";

const WINDOW = SEQUENCES_IN_FLIGHT_MAX;

function of(producerId: string, sequence: number) {
  return { producerId, sequence };
}

test("a number that was seen is never new, and one that was not is new or behind, in any order and over restarts", () => {
  const jump = fc.oneof(
    fc.integer({ min: -20, max: 20 }),
    fc.integer({ min: -3 * WINDOW, max: 3 * WINDOW }),
  );
  fc.assert(
    fc.property(fc.nat(WINDOW), fc.array(jump, { maxLength: 300 }), (start, jumps) => {
      let producers = new Producers();
      const seen = new Set<number>();
      let at = start;
      for (const [step, by] of jumps.entries()) {
        at = Math.max(0, at + by);
        const verdict = producers.check(of("p", at));
        if (seen.has(at)) expect(verdict).not.toBe("new");
        else {
          const high = Math.max(...seen, Number.NEGATIVE_INFINITY);
          expect(verdict).toBe(at <= high - WINDOW ? "behind" : "new");
        }
        if (verdict === "new") {
          producers.add(of("p", at), step);
          seen.add(at);
        }
        if (step % 7 !== 0) continue;
        const restarted = new Producers();
        const stored = producers.takeChanges().get("p");
        if (!stored) continue;
        restarted.load("p", JSON.parse(JSON.stringify(stored)));
        producers = restarted;
      }
    }),
    { numRuns: 200 },
  );
});

describe("numbers without gaps", () => {
  test("are duplicates however long ago they were", () => {
    const producers = new Producers();
    for (let sequence = 1; sequence <= 5 * WINDOW; sequence++)
      producers.add(of("p", sequence), sequence);
    for (const sequence of [1, 2, WINDOW, 3 * WINDOW, 5 * WINDOW])
      expect(producers.check(of("p", sequence))).toBe("duplicate");
    expect(producers.check(of("p", 5 * WINDOW + 1))).toBe("new");
  });

  test("may begin in the middle: calls that were sent first may arrive last", () => {
    const producers = new Producers();
    producers.add(of("p", 101), 0);
    for (let sequence = 1; sequence <= 100; sequence++) {
      expect(producers.check(of("p", sequence))).toBe("new");
      producers.add(of("p", sequence), 0);
    }
    for (let sequence = 102; sequence <= 3 * WINDOW; sequence++)
      producers.add(of("p", sequence), 0);
    expect(producers.check(of("p", 1))).toBe("duplicate");
  });
});

test("each number of a batch sent twice is told apart whatever the number of producers", () => {
  const producers = new Producers();
  for (let i = 0; i < PRODUCERS_MAX; i++) producers.add(of(`p-${i}`, 7), i);
  for (let i = 0; i < PRODUCERS_MAX; i++)
    expect(producers.check(of(`p-${i}`, 7))).toBe("duplicate");
  expect(producers.forgotten).toBe(0);
});

test("one producer too many makes the one that reported least recently be forgotten, on disk too", () => {
  const producers = new Producers();
  for (let i = 0; i < PRODUCERS_MAX; i++) producers.add(of(`p-${i}`, 1), i);
  producers.takeChanges();
  producers.add(of("p-0", 2), PRODUCERS_MAX);
  producers.add(of("new", 1), PRODUCERS_MAX);
  expect(producers.size).toBe(PRODUCERS_MAX);
  expect(producers.check(of("p-1", 1))).toBe("new");
  expect(producers.check(of("p-0", 1))).toBe("duplicate");
  expect(producers.forgotten).toBe(1);
  const changes = producers.takeChanges();
  expect([...changes.keys()].sort()).toEqual(["new", "p-0", "p-1"]);
  expect(changes.get("p-1")).toBeUndefined();
});
