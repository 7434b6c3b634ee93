import { describe, expect, test } from "vitest";
import { argumentsOf, jsonOrText, parseInstant, parseNumber, parsePair } from "./arguments.ts";
import { UsageError } from "./failure.ts";

describe("parseNumber", () => {
  test("takes a number within its bounds", () => {
    expect(parseNumber("0.5", "--threshold", { min: 0, max: 1 })).toBe(0.5);
    expect(parseNumber("1e3", "--limit", { min: 1, max: 2000, integer: true })).toBe(1000);
  });

  test.each(["", " ", "x", "NaN", "Infinity", "-1", "2"])("refuses %j", (text) => {
    expect(() => parseNumber(text, "--threshold", { min: 0, max: 1 })).toThrow(
      new UsageError(`--threshold takes a number from 0 to 1, not "${text}"`),
    );
  });

  test("refuses a fraction where a whole number is wanted", () => {
    expect(() => parseNumber("1.5", "--limit", { min: 1, max: 9, integer: true })).toThrow(
      "--limit takes a whole number from 1 to 9",
    );
  });
});

describe("parseInstant", () => {
  const nowMs = Date.UTC(2026, 10, 22, 12);

  test("takes ISO 8601 with a zone", () => {
    expect(parseInstant("2026-11-22T10:00:00Z", "--since", nowMs)).toBe(Date.UTC(2026, 10, 22, 10));
    expect(parseInstant("2026-11-22T10:00:00+02:00", "--since", nowMs)).toBe(
      Date.UTC(2026, 10, 22, 8),
    );
  });

  test("takes a date as local midnight", () => {
    expect(parseInstant("2026-11-22", "--since", nowMs)).toBe(new Date(2026, 10, 22).getTime());
  });

  test("takes an age", () => {
    expect(parseInstant("90s", "--since", nowMs)).toBe(nowMs - 90_000);
    expect(parseInstant("1.5h", "--since", nowMs)).toBe(nowMs - 5_400_000);
    expect(parseInstant("7d", "--since", nowMs)).toBe(nowMs - 604_800_000);
  });

  test.each(["yesterday", "5", "2026-13-45", "2026-11-22T99:00:00Z", "1y"])(
    "refuses %j",
    (text) => {
      expect(() => parseInstant(text, "--since", nowMs)).toThrow(UsageError);
    },
  );
});

describe("parsePair", () => {
  test("splits at the first equals sign", () => {
    expect(parsePair("a=b=c", "--attribute")).toEqual({ key: "a", value: "b=c" });
    expect(parsePair("a=", "--attribute")).toEqual({ key: "a", value: "" });
  });

  test.each(["a", "=b", ""])("refuses %j", (text) => {
    expect(() => parsePair(text, "--attribute")).toThrow(
      `--attribute takes KEY=VALUE, not "${text}"`,
    );
  });
});

describe("jsonOrText", () => {
  test("reads JSON where it is JSON and text otherwise", () => {
    expect(jsonOrText("0.3")).toBe(0.3);
    expect(jsonOrText("true")).toBe(true);
    expect(jsonOrText('["a"]')).toEqual(["a"]);
    expect(jsonOrText("stop")).toBe("stop");
  });
});

describe("argumentsOf", () => {
  const args = argumentsOf(["gpt-4"], { peek: true, unit: "u", attribute: ["a=1", "b=2"] });

  test("answers flags, texts and lists by name", () => {
    expect(args.flag("peek")).toBe(true);
    expect(args.flag("explain")).toBe(false);
    expect(args.text("unit")).toBe("u");
    expect(args.text("phase")).toBeUndefined();
    expect(args.list("attribute")).toEqual(["a=1", "b=2"]);
    expect(args.pairs("attribute")).toEqual([
      { key: "a", value: "1" },
      { key: "b", value: "2" },
    ]);
  });
});
