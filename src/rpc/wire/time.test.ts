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

test("a window holds the hours that start within it", () => {
  const hours = (startMs: number, endMs: number) =>
    hoursFromWire({
      $typeName: "attuned.v1.Window",
      start: timestampToWire(startMs),
      end: timestampToWire(endMs),
    });
  expect(hours(2 * HOUR_MS, 4 * HOUR_MS)).toEqual({ from: 2, until: 4 });
  expect(hours(2 * HOUR_MS + 1, 4 * HOUR_MS + 1)).toEqual({ from: 3, until: 5 });
  expect(hoursFromWire(undefined)).toEqual(ALL_HOURS);
});

test("neighbouring windows share no hour and leave none out", () => {
  fc.assert(
    fc.property(
      fc
        .uniqueArray(fc.nat(1e9), { minLength: 3, maxLength: 3 })
        .map((ends) => ends.toSorted((a, b) => a - b)),
      ([a = 0, b = 0, c = 0]) => {
        const window = (start: number, end: number) =>
          hoursFromWire({
            $typeName: "attuned.v1.Window",
            start: timestampToWire(start),
            end: timestampToWire(end),
          });
        expect(window(a, b).until).toBe(window(b, c).from);
        expect([window(a, b).from, window(b, c).until]).toEqual([
          window(a, c).from,
          window(a, c).until,
        ]);
      },
    ),
  );
});

test("a window that ends where it starts, or before, is refused; open ends are ends of time", () => {
  const at = timestampToWire;
  expect(() => spanFromWire(at(5), at(5))).toThrow("must end after it starts");
  expect(() => spanFromWire(at(5), at(4))).toThrow("must end after it starts");
  expect(spanFromWire(undefined, at(4))).toEqual({ fromMs: 0, untilMs: 4 });
  expect(spanFromWire(at(5), undefined)).toEqual({ fromMs: 5, untilMs: Number.MAX_SAFE_INTEGER });
});
