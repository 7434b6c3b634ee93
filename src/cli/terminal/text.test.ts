import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { displayWidth, printable, truncate, wrap } from "./text.ts";

describe("displayWidth", () => {
  test("counts wide characters twice and combining ones not at all", () => {
    expect(displayWidth("abc")).toBe(3);
    expect(displayWidth("模型")).toBe(4);
    expect(displayWidth("e\u0301")).toBe(1);
    expect(displayWidth("🎯")).toBe(2);
    expect(displayWidth("")).toBe(0);
  });
});

describe("truncate", () => {
  test("marks what is cut", () => {
    expect(truncate("gpt-3.5-turbo", 8, "…")).toBe("gpt-3.5…");
    expect(truncate("gpt-3.5-turbo", 8, "..")).toBe("gpt-3...");
    expect(truncate("模型名称", 5, "…")).toBe("模型…");
    expect(truncate("short", 8, "…")).toBe("short");
  });

  test("never exceeds the width and keeps what fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.nat(30), (text, width) => {
        const safe = printable(text);
        const cut = truncate(safe, width, "…");
        expect(displayWidth(cut)).toBeLessThanOrEqual(width);
        if (displayWidth(safe) <= width) expect(cut).toBe(safe);
      }),
    );
  });
});

describe("printable", () => {
  test("takes out what moves the cursor or turns the text", () => {
    expect(printable("a\u001b[31mb\nc\u009bd\u202ee")).toBe("a [31mb c d e");
  });
});

describe("wrap", () => {
  test("breaks between words and leaves a long word whole", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("incomprehensible x", 5)).toEqual(["incomprehensible", "x"]);
    expect(wrap("  ", 5)).toEqual([]);
  });
});
