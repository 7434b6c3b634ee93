import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtinCatalog } from "./builtin-catalog.ts";
import { editDistance, SUGGESTIONS_MAX, suggestNames } from "./suggestions.ts";

const { ids } = builtinCatalog();

describe("suggestions", () => {
  it("name the model that was meant", () => {
    expect(suggestNames("gpt4", ids)[0]).toBe("gpt-4");
    expect(suggestNames("claude-3-opsu", ids)[0]).toBe("claude-3-opus");
    expect(suggestNames("GEMINI-PROO", ids)[0]).toBe("gemini-pro");
    expect(suggestNames("gpt-4-truebo", ids)[0]).toBe("gpt-4-turbo");
  });

  it("are none for a name that resembles nothing", () => {
    expect(suggestNames("the quick brown fox jumps", ids)).toEqual([]);
    expect(suggestNames("", ids)).toEqual([]);
  });

  it("are at most three, without repetition, and do not depend on the order of the names", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ids), fc.string({ maxLength: 2 }), (id, end) => {
        const found = suggestNames(id + end, ids);
        expect(found.length).toBeLessThanOrEqual(SUGGESTIONS_MAX);
        expect(new Set(found).size).toBe(found.length);
        expect(suggestNames(id + end, [...ids].reverse())).toEqual(found);
      }),
      { numRuns: 50 },
    );
  });

  it("stay bounded for a very long name", () => {
    expect(suggestNames("gpt-".repeat(100_000), ids)).toEqual([]);
  });
});

describe("the edit distance", () => {
  const word = fc.stringMatching(/^[ab]{0,6}$/);

  it("counts insertions, deletions, substitutions and swaps of neighbours", () => {
    expect(editDistance("", "abc", 9)).toBe(3);
    expect(editDistance("opus", "opsu", 9)).toBe(1);
    expect(editDistance("kitten", "sitting", 9)).toBe(3);
    expect(editDistance("abc", "abc", 0)).toBe(0);
  });

  it("is symmetric, zero only for equal words, and cut off above the bound", () => {
    fc.assert(
      fc.property(word, word, fc.nat(6), (a, b, max) => {
        const full = editDistance(a, b, 12);
        expect(editDistance(b, a, 12)).toBe(full);
        expect(full === 0).toBe(a === b);
        expect(editDistance(a, b, max)).toBe(Math.min(full, max + 1));
      }),
    );
  });
});
