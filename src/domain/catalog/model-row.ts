import {
  CAPABILITIES,
  type Capability,
  type Lifecycle,
  type ModelFacts,
  type ModelLimits,
  type ModelPrices,
  type PriceTier,
  type ReasoningEffort,
  type ReasoningFacts,
  type RenderApi,
  type SamplingFacts,
  type SamplingSupport,
  type TokenPrices,
} from "./model-facts.ts";

/**
 * Prices in pico-USD per token, by position: input, output, cache read, cache write, reasoning.
 * null stands for no separate price; trailing nulls are left out.
 */
export type PriceRow = readonly (number | null)[];

/** One model of the snapshot: short keys, and what is usual is left out. */
export type ModelRow = {
  readonly id: string;
  readonly vendor: string;
  readonly family: string;
  readonly name: string;
  /** Context window in tokens. */
  readonly ctx: number;
  /** Largest prompt in tokens. */
  readonly in?: number;
  /** Largest answer in tokens. */
  readonly out?: number;
  readonly usd?: PriceRow;
  /** Threshold in input tokens and the prices above it. */
  readonly tiers?: readonly (readonly [number, PriceRow])[];
  /** Source of the price. */
  readonly src?: string;
  /** Day of the price, YYYY-MM-DD; the day of the snapshot when left out. */
  readonly asOf?: string;
  /** One letter per capability, see CAPABILITY_LETTERS. */
  readonly can: string;
  /** Efforts, least first; an empty list for a reasoning model without a setting. */
  readonly efforts?: readonly ReasoningEffort[];
  readonly effort?: ReasoningEffort;
  /** Reasoning cannot be switched off. */
  readonly always?: boolean;
  /** Current when left out. */
  readonly life?: Lifecycle;
  /** Support of temperature; yes when left out. */
  readonly temp?: SamplingSupport;
  /** Support of top_p; as temperature when left out. */
  readonly topP?: SamplingSupport;
  /** Temperature and top_p exclude each other. */
  readonly either?: boolean;
  readonly fixedTemp?: number;
  readonly fixedTopP?: number;
  readonly api: RenderApi;
};

/** The letters of the capabilities in a row, in the order of CAPABILITIES. */
export const CAPABILITY_LETTERS = "TRPFCLJS";

/** Facts of a row; `generatedOn` is the day that prices without a day of their own take. */
export function decodeModelRow(row: ModelRow, generatedOn: string): ModelFacts {
  const prices = decodePrices(row, generatedOn);
  return {
    canonicalId: row.id,
    vendor: row.vendor,
    family: row.family,
    displayName: row.name,
    limits: decodeLimits(row),
    ...(prices === undefined ? {} : { prices }),
    capabilities: decodeCapabilities(row.can),
    reasoning: decodeReasoning(row),
    lifecycle: row.life ?? "current",
    sampling: decodeSampling(row),
    nativeApi: row.api,
  };
}

/** The capabilities that the letters stand for; an unknown letter stands for none. */
export function decodeCapabilities(letters: string): readonly Capability[] {
  return CAPABILITIES.filter((_, index) => letters.includes(CAPABILITY_LETTERS.charAt(index)));
}

function decodeLimits(row: ModelRow): ModelLimits {
  return {
    contextWindow: row.ctx,
    ...(row.in === undefined ? {} : { inputTokensMax: row.in }),
    ...(row.out === undefined ? {} : { outputTokensMax: row.out }),
  };
}

function decodePrices(row: ModelRow, generatedOn: string): ModelPrices | undefined {
  if (row.usd === undefined) return undefined;
  const tiers = (row.tiers ?? []).map(
    ([inputTokensAbove, prices]): PriceTier => ({ inputTokensAbove, ...decodePriceRow(prices) }),
  );
  return {
    ...decodePriceRow(row.usd),
    tiers,
    source: row.src ?? "unknown",
    asOf: row.asOf ?? generatedOn,
  };
}

function decodePriceRow(row: PriceRow): TokenPrices {
  const [input, output, cacheRead, cacheWrite, reasoning] = row;
  return {
    inputPicoUsd: input ?? 0,
    outputPicoUsd: output ?? 0,
    ...(typeof cacheRead === "number" ? { cacheReadPicoUsd: cacheRead } : {}),
    ...(typeof cacheWrite === "number" ? { cacheWritePicoUsd: cacheWrite } : {}),
    ...(typeof reasoning === "number" ? { reasoningPicoUsd: reasoning } : {}),
  };
}

function decodeReasoning(row: ModelRow): ReasoningFacts {
  const supported = row.efforts !== undefined;
  return {
    supported,
    efforts: row.efforts ?? [],
    ...(row.effort === undefined ? {} : { default: row.effort }),
    canDisable: row.always !== true,
  };
}

function decodeSampling(row: ModelRow): SamplingFacts {
  const temperature = row.temp ?? "yes";
  return {
    temperature,
    topP: row.topP ?? temperature,
    exclusive: row.either === true,
    ...(row.fixedTemp === undefined ? {} : { fixedTemperature: row.fixedTemp }),
    ...(row.fixedTopP === undefined ? {} : { fixedTopP: row.fixedTopP }),
  };
}
