import type { ReasoningEffort } from "../../src/domain/catalog/model-facts.ts";
import type { ModelRow, PriceRow } from "../../src/domain/catalog/model-row.ts";

/** A row while it is put together. */
export type Draft = { -readonly [Key in keyof ModelRow]: ModelRow[Key] };

/** What one source says of one model, before anything is derived from it. */
export type SourceModel = {
  readonly sourceId: string;
  readonly vendor: string | undefined;
  readonly name: string;
  readonly contextWindow: number;
  readonly outputTokensMax?: number;
  readonly prices?: PriceRow;
  readonly tiers?: readonly (readonly [number, PriceRow])[];
  readonly source: string;
  readonly reasoning: boolean;
  readonly efforts?: readonly ReasoningEffort[];
  readonly alwaysReasons: boolean;
  readonly strictTools: boolean;
  readonly refusesTemperature: boolean;
  readonly deprecated?: boolean;
};

/** Pico-USD per token of a price in USD per million tokens. */
export function picoUsd(usdPerMillion: number): number {
  return Math.round(usdPerMillion * 1e6);
}

/** A price row without trailing gaps; a cache price of zero beside a real price is a gap. */
export function priceRow(prices: {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
}): PriceRow {
  const optional = (usd: number | undefined): number | null =>
    usd === undefined || usd === 0 ? null : picoUsd(usd);
  const row: (number | null)[] = [
    picoUsd(prices.input),
    picoUsd(prices.output),
    optional(prices.cacheRead),
    optional(prices.cacheWrite),
  ];
  while (row.at(-1) === null) row.pop();
  return row;
}
