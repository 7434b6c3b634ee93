import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OUTCOME_ID_TTL_MS, OUTCOME_IDS_MAX } from "../domain/kernel/limits.ts";
import { type IdVerdict, IdWindow } from "./id-window.ts";

const SEED = { high: 0x12345678, low: 0x9abcdef0 };
const HOUR_MS = 60 * 60 * 1000;

function remember(window: IdWindow, id: string, content: number, atMs: number): void {
  window.add(window.fingerprint(id), content, atMs);
}

function verdict(window: IdWindow, id: string, content: number): IdVerdict {
  return window.check(window.fingerprint(id), content);
}

/** The fingerprint of a number: any two differ, and they spread as those of ids do. */
function printOf(number: number) {
  return { high: Math.imul(number + 1, 0x9e3779b1) >>> 0, low: number + 1 };
}

test("answers as a Map does, within the window", () => {
  const step = fc.record({
    id: fc.string({ unit: "binary", maxLength: 3 }),
    content: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const window = new IdWindow(SEED);
      const model = new Map<string, number>();
      for (const [index, { id, content }] of steps.entries()) {
        const known = model.get(id);
        const expected = known === undefined ? "new" : known === content ? "duplicate" : "reused";
        expect(verdict(window, id, content)).toBe(expected);
        if (known !== undefined) continue;
        remember(window, id, content, index);
        model.set(id, content);
      }
      expect(window.size).toBe(model.size);
    }),
  );
});

test("grows without losing any id, and takes no other for one of them", () => {
  const window = new IdWindow(SEED);
  const count = 200_000;
  for (let i = 0; i < count; i++) remember(window, `outcome-${i}`, i, 0);
  expect(window.size).toBe(count);
  for (let i = 0; i < count; i++) {
    if (verdict(window, `outcome-${i}`, i) !== "duplicate") throw new Error(`lost outcome-${i}`);
    if (verdict(window, `another-${i}`, i) !== "new")
      throw new Error(`took another-${i} for known`);
  }
});

describe("forgetting", () => {
  test("keeps an id for at least seven eighths of a day and not much longer than a day", () => {
    const window = new IdWindow(SEED);
    for (let hour = 0; hour <= 60; hour++) {
      const nowMs = hour * HOUR_MS;
      window.forget(nowMs);
      remember(window, `at-${hour}`, 1, nowMs);
      for (let age = 0; age <= Math.min(hour, 20); age++)
        expect(verdict(window, `at-${hour - age}`, 1)).toBe("duplicate");
      if (hour >= 28) expect(verdict(window, `at-${hour - 28}`, 1)).toBe("new");
    }
    expect(window.size).toBeLessThanOrEqual(28);
  });

  test("drops everything once nothing is young enough", () => {
    const window = new IdWindow(SEED);
    remember(window, "a", 1, 0);
    window.forget(OUTCOME_ID_TTL_MS - 1);
    expect(verdict(window, "a", 1)).toBe("duplicate");
    window.forget(OUTCOME_ID_TTL_MS);
    expect(verdict(window, "a", 1)).toBe("new");
    expect(window.size).toBe(0);
  });

  test("says how far back ids are told apart when they run out of room, and that holds", () => {
    const window = new IdWindow(SEED);
    expect(window.lengthMs(0)).toBe(OUTCOME_ID_TTL_MS);
    const count = OUTCOME_IDS_MAX * 1.25;
    // One a millisecond: far more in a day than there is room for.
    for (let i = 0; i < count; i++) window.add(printOf(i), i, i);
    expect(window.size).toBeLessThanOrEqual(OUTCOME_IDS_MAX);
    const lengthMs = window.lengthMs(count);
    expect(lengthMs).toBeLessThan(OUTCOME_ID_TTL_MS);
    expect(lengthMs).toBeGreaterThan(OUTCOME_IDS_MAX * 0.8);
    for (let i = count - lengthMs + 1; i < count; i += 997)
      expect(window.check(printOf(i), i)).toBe("duplicate");
  });
});

test("fingerprints differ by seed and are never the empty slot", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer(), fc.integer(), (id, high, low) => {
      const print = new IdWindow({ high, low }).fingerprint(id);
      expect(print.high).toBeGreaterThan(0);
      expect(print.low).toBeGreaterThan(0);
    }),
  );
  const other = new IdWindow({ high: 1, low: 2 });
  expect(other.fingerprint("a")).not.toEqual(new IdWindow(SEED).fingerprint("a"));
});
