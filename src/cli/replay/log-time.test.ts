import type { JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { timeMs } from "./log-time.ts";

describe("the time of a log", () => {
  test("is the same in every unit and as text", () => {
    // From 1973-03-03T09:46:40Z to the end of 5137.
    const anyMs = fc.integer({ min: 1e11, max: 99_999_999_999_999 });
    fc.assert(
      fc.property(anyMs, (ms) => {
        const numbers = [ms / 1e3, ms, ms * 1e3, ms * 1e6];
        for (const value of [...numbers, ...numbers.map(String)])
          expect(timeMs(value)).toBeCloseTo(ms, 1);
        expect(timeMs(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });

  test.each([
    [1e8, 1e11],
    [99_999_999_999, 99_999_999_999_000],
    [1e11, 1e11],
    [1e14, 1e11],
    [1e17, 1e11],
  ])("has its unit by its size: %d", (value, ms) => {
    expect(timeMs(value)).toBe(ms);
  });

  test.each([
    "2026-11-01T10:00:00Z",
    "2026-11-01 10:00:00",
    "2026-11-01 10:00",
    "2026-11-01 10:00:00.000000000",
    "2026-11-01 10:00:00 UTC",
    "2026-11-01 11:00:00+01",
    "2026-11-01 11:00:00.000000 +0100",
    " 2026-11-01T04:30:00-05:30 ",
  ])("may be written %s", (text) => {
    expect(timeMs(text)).toBe(Date.UTC(2026, 10, 1, 10));
  });

  test("may be a day alone, or be missing", () => {
    expect(timeMs("2026-11-01")).toBe(Date.UTC(2026, 10, 1));
    for (const nothing of [undefined, null, "", " "]) expect(timeMs(nothing)).toBeUndefined();
  });

  test.each([
    0,
    -1_760_000_000,
    99_999_999,
    1e20,
    Number.POSITIVE_INFINITY,
    "-5",
    "1e400",
    "soon",
    "hello 5Z",
    "20261101T100000",
    "0001-01-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "9999-01-01T00:00:00Z",
    true,
    [],
    {},
  ])("is impossible: %j", (value) => {
    expect(timeMs(value)).toBe("impossible");
  });

  test("is never an exception", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void timeMs(value as JsonValue)));
  });
});
