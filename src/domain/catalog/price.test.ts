import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelPrices } from "./model-facts.ts";
import { costOf } from "./price.ts";

const flat: ModelPrices = {
  inputPicoUsd: 150_000,
  outputPicoUsd: 600_000,
  cacheReadPicoUsd: 37_500,
  tiers: [],
  source: "test",
  asOf: "2026-11-10",
};
const tiered: ModelPrices = {
  ...flat,
  tiers: [
    { inputTokensAbove: 1000, inputPicoUsd: 300_000, outputPicoUsd: 900_000 },
    { inputTokensAbove: 5000, inputPicoUsd: 400_000, outputPicoUsd: 900_000 },
  ],
};
const nano = (prices: ModelPrices, usage: Parameters<typeof costOf>[1]): number | undefined =>
  costOf(prices, usage)?.costNanoUsd;

describe("the cost of a call", () => {
  it("is exact where floating point would not be", () => {
    expect(nano(flat, { inputTokens: 3, outputTokens: 0, cachedInputTokens: 3 })).toBe(113);
    expect(nano(flat, { inputTokens: 1_000_000, outputTokens: 1_000_000 })).toBe(750_000_000);
  });

  it("takes the tier of the whole prompt, strictly above its threshold", () => {
    expect(nano(tiered, { inputTokens: 1000, outputTokens: 0 })).toBe(150_000);
    expect(nano(tiered, { inputTokens: 1001, outputTokens: 10 })).toBe(300_300 + 9000);
    expect(nano(tiered, { inputTokens: 6000, outputTokens: 0 })).toBe(2_400_000);
  });

  it("counts cached input and reasoning as parts, at their own price where there is one", () => {
    const usage = { inputTokens: 10, outputTokens: 10, cachedInputTokens: 99, reasoningTokens: 4 };
    expect(nano(flat, usage)).toBe(375 + 6000);
    expect(nano({ ...flat, reasoningPicoUsd: 1_000_000 }, usage)).toBe(375 + 3600 + 4000);
  });

  it("carries the source and day of the price", () => {
    expect(costOf(flat, { inputTokens: 1, outputTokens: 1 })).toMatchObject({
      source: "test",
      asOf: "2026-11-10",
    });
  });

  it("is unknown without a price and beyond the safe integers, and zero for no tokens", () => {
    expect(costOf(undefined, { inputTokens: 1, outputTokens: 1 })).toBeUndefined();
    expect(nano(flat, { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 0 })).toBeUndefined();
    expect(nano(flat, { inputTokens: 0, outputTokens: 0 })).toBe(0);
    expect(nano(flat, { inputTokens: Number.NaN, outputTokens: -3 })).toBe(0);
  });

  it("never falls when a flat-priced call gets longer", () => {
    const count = fc.nat(10_000_000);
    fc.assert(
      fc.property(count, count, count, (inputTokens, outputTokens, more) => {
        const less = nano(flat, { inputTokens, outputTokens }) ?? 0;
        expect(
          nano(flat, { inputTokens: inputTokens + more, outputTokens }),
        ).toBeGreaterThanOrEqual(less);
      }),
    );
  });
});
