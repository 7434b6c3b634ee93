import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { didYouMean, editDistance, nearest } from "./suggest.ts";

describe("editDistance", () => {
  test("counts inserts, deletes, replacements and swaps of neighbours", () => {
    expect(editDistance("resolve", "resolve")).toBe(0);
    expect(editDistance("resolv", "resolve")).toBe(1);
    expect(editDistance("reslove", "resolve")).toBe(1);
    expect(editDistance("detct", "detect")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
  });

  test("is symmetric, zero only for equal texts, and at most the longer length", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (one, other) => {
        const distance = editDistance(one, other);
        expect(distance).toBe(editDistance(other, one));
        expect(distance === 0).toBe(one === other);
        expect(distance).toBeLessThanOrEqual(Math.max([...one].length, [...other].length));
      }),
    );
  });
});

describe("nearest", () => {
  const known = ["resolve", "report", "replay", "models", "drift detect"];

  test("takes a word that starts with what was typed", () => {
    expect(nearest("mod", known)).toBe("models");
  });

  test("takes the word with the fewest edits", () => {
    expect(nearest("reprt", known)).toBe("report");
    expect(nearest("drift detct", known)).toBe("drift detect");
  });

  test("answers nothing where no word is near", () => {
    expect(nearest("xyzzy", known)).toBeUndefined();
    expect(nearest("", known)).toBeUndefined();
    expect(didYouMean("xyzzy", known)).toBe("");
  });
});
