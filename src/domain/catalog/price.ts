import type { ModelPrices, TokenPrices } from "./model-facts.ts";

/** What one call used, in tokens. Cached tokens are part of the input, reasoning of the output. */
export type TokenUsage = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Input tokens that were read from the prompt cache. */
  readonly cachedInputTokens?: number;
  /** Output tokens that were spent on reasoning. */
  readonly reasoningTokens?: number;
};

/** A cost by list price; an estimate, as discounts, regions and batches are not known. */
export type Cost = {
  readonly costNanoUsd: number;
  /** Where the price is from. */
  readonly source: string;
  /** Day of the price, YYYY-MM-DD. */
  readonly asOf: string;
};

/** Whole tokens of a count: fractions are dropped, and what is no positive number is none. */
function tokens(count: number | undefined): bigint {
  return count !== undefined && Number.isFinite(count) && count > 0
    ? BigInt(Math.trunc(count))
    : 0n;
}

/**
 * Cost of a call in nano-USD, rounded half up from an exact sum of pico-USD. The tier is chosen
 * by the whole input and then holds for every token of the call. Cached input counts at the
 * cache price where there is one, at the input price otherwise; likewise reasoning. Parts are
 * capped at their whole. Undefined without a price, and where the cost is beyond the safe
 * integers (nine million USD), which no real call reaches.
 */
export function costOf(prices: ModelPrices | undefined, usage: TokenUsage): Cost | undefined {
  if (prices === undefined) return undefined;
  const input = tokens(usage.inputTokens);
  const output = tokens(usage.outputTokens);
  const cached = least(tokens(usage.cachedInputTokens), input);
  const reasoning = least(tokens(usage.reasoningTokens), output);
  const rates = ratesFor(prices, input);
  const pico =
    (input - cached) * BigInt(rates.inputPicoUsd) +
    cached * BigInt(rates.cacheReadPicoUsd ?? rates.inputPicoUsd) +
    (output - reasoning) * BigInt(rates.outputPicoUsd) +
    reasoning * BigInt(rates.reasoningPicoUsd ?? rates.outputPicoUsd);
  const costNanoUsd = Number((pico + 500n) / 1000n);
  if (!Number.isSafeInteger(costNanoUsd)) return undefined;
  return { costNanoUsd, source: prices.source, asOf: prices.asOf };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function ratesFor(prices: ModelPrices, input: bigint): TokenPrices {
  let rates: TokenPrices = prices;
  for (const tier of prices.tiers) if (input > BigInt(tier.inputTokensAbove)) rates = tier;
  return rates;
}
