import { timestampMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ALL_HOURS, HOUR_MS } from "../../engine/cells.ts";
import { hoursFromWire, spanFromWire, timestampToWire } from "./time.ts";

test("a time goes over the wire and comes back, with nanoseconds in their range", () => {
  fc.assert(
    fc.property(fc.integer({ min: -6e13, max: 2e14 }), (ms) => {
      const wire = timestampToWire(ms);
      expect(timestampMs(wire)).toBe(ms);
      expect(wire.nanos).toBeGreaterThanOrEqual(0);
      expect(wire.nanos).toBeLessThan(1e9);
    }),
  );
});

const hoursOf = (startMs: number, endMs: number) =>
  hoursFromWire({
    $typeName: "attuned.v1.Window",
    start: timestampToWire(startMs),
    end: timestampToWire(endMs),
  });

test("a window holds the hours that it touches, the present one too", () => {
  expect(hoursOf(2 * HOUR_MS, 4 * HOUR_MS)).toEqual({ from: 2, until: 4 });
  expect(hoursOf(2 * HOUR_MS + 1, 4 * HOUR_MS + 1)).toEqual({ from: 2, until: 5 });
  expect(hoursOf(2 * HOUR_MS + 5, 2 * HOUR_MS + 6)).toEqual({ from: 2, until: 3 });
  expect(hoursFromWire(undefined)).toEqual(ALL_HOURS);
});

test("every moment of a window lies in its hours, and windows that meet at an hour share none", () => {
  const moment = fc.nat(1e9);
  fc.assert(
    fc.property(moment, moment, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, share) => {
      fc.pre(a !== b);
      const [start, end] = a < b ? [a, b] : [b, a];
      const hour = Math.floor((start + share * (end - 1 - start)) / HOUR_MS);
      const { from, until } = hoursOf(start, end);
      expect(hour).toBeGreaterThanOrEqual(from);
      expect(hour).toBeLessThan(until);
    }),
  );
  expect(hoursOf(HOUR_MS, 3 * HOUR_MS).until).toBe(hoursOf(3 * HOUR_MS, 4 * HOUR_MS).from);
});

test("a window that ends where it starts, or before, is refused; open ends are ends of time", () => {
  const at = timestampToWire;
  expect(() => spanFromWire(at(5), at(5))).toThrow("must end after it starts");
  expect(() => spanFromWire(at(5), at(4))).toThrow("must end after it starts");
  expect(spanFromWire(undefined, at(4))).toEqual({ fromMs: 0, untilMs: 4 });
  expect(spanFromWire(at(5), undefined)).toEqual({ fromMs: 5, untilMs: Number.MAX_SAFE_INTEGER });
});
