import { create } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { SettingsSchema } from "../../gen/attuned/v1/settings_pb.ts";
import {
  decimalsFor,
  formatBytes,
  formatDuration,
  formatEnum,
  formatFixed,
  formatInterval,
  formatNumber,
  formatPercent,
  formatSettings,
  formatSigned,
  formatValue,
  localIso,
  snakeCase,
} from "./format.ts";

describe("numbers", () => {
  test("are as long as they need to be", () => {
    expect(formatNumber(0.7)).toBe("0.7");
    expect(formatNumber(0.30000000000000004)).toBe("0.3");
    expect(formatNumber(0.00028371)).toBe("0.0002837");
    expect(formatNumber(17_300n)).toBe("17300");
    expect(formatNumber(1e-9)).toBe("1.00e-9");
    expect(formatNumber(undefined)).toBe("-");
    expect(formatNumber(Number.NaN)).toBe("NaN");
  });

  test("have fixed decimals in a column, and no negative zero", () => {
    expect(formatFixed(56.12, 1)).toBe("56.1");
    expect(formatFixed(-0.01, 1)).toBe("0.0");
    expect(formatSigned(2.345, 1)).toBe("+2.3");
    expect(formatSigned(-2.345, 1)).toBe("-2.3");
    expect(formatSigned(0, 1)).toBe("0.0");
    expect(formatInterval(1, 2.25, 1)).toBe("1.0 to 2.3");
    expect(formatInterval(undefined, 2, 1)).toBe("-");
    expect(formatPercent(0.985)).toBe("98.5%");
  });

  test("get decimals by their size", () => {
    expect(decimalsFor([56.1, 5.5])).toBe(1);
    expect(decimalsFor([0.98])).toBe(3);
    expect(decimalsFor([0.00028])).toBe(6);
    expect(decimalsFor([1250])).toBe(0);
    expect(decimalsFor([])).toBe(1);
  });
});

describe("times", () => {
  test("are local ISO 8601 with the offset", () => {
    const text = localIso(Date.UTC(2026, 10, 22, 10));
    expect(text).toMatch(/^2026-11-2\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/);
    expect(Date.parse(text)).toBe(Date.UTC(2026, 10, 22, 10));
  });

  test.each([
    [0.02, "20 ms"],
    [4.25, "4.3 s"],
    [59.4, "59 s"],
    [185, "3 min 5 s"],
    [7_200, "2 h"],
    [273_600, "3 d 4 h"],
    [Number.NaN, "-"],
  ])("writes %d seconds as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe("messages", () => {
  test("show settings by their proto names", () => {
    const settings = create(SettingsSchema, {
      temperature: 0,
      maxTokens: 2000,
      stopSequences: ["a", "b"],
    });
    expect(formatSettings(settings)).toBe('temperature=0 max_tokens=2000 stop_sequences=["a","b"]');
    expect(formatSettings(undefined)).toBe("-");
  });

  test("show enum values by their short names", () => {
    expect(formatEnum(PhaseSchema, 5)).toBe("error_recovery");
    expect(formatEnum(PhaseSchema, 0)).toBe("-");
    expect(formatEnum(PhaseSchema, 99)).toBe("99");
  });

  test("show JSON values on one line", () => {
    expect(formatValue(create(ValueSchema, { kind: { case: "numberValue", value: 1.5 } }))).toBe(
      "1.5",
    );
    expect(formatValue(create(ValueSchema, { kind: { case: "stringValue", value: "a" } }))).toBe(
      "a",
    );
    expect(formatValue(undefined)).toBe("-");
  });

  test("show bytes and names", () => {
    expect(formatBytes(512n)).toBe("512 B");
    expect(formatBytes(1_234_567n)).toBe("1.2 MB");
    expect(snakeCase("limits.maxParallelCalls")).toBe("limits.max_parallel_calls");
  });
});
