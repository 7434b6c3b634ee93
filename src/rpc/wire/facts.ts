import { create } from "@bufbuild/protobuf";
import type { ModelFacts } from "../../domain/catalog/model-facts.ts";
import {
  ModelFactsSchema,
  type ModelFacts as WireModelFacts,
} from "../../gen/attuned/v1/model_service_pb.ts";

/** A million tokens at one pico-USD each cost a millionth of a US dollar. */
const USD_PER_MILLION_PER_PICO = 1e-6;

/** Facts of the catalog; prices become US dollars of a million tokens. */
export function factsToWire(facts: ModelFacts): WireModelFacts {
  const { limits, prices, reasoning, sampling } = facts;
  return create(ModelFactsSchema, {
    canonicalId: facts.canonicalId,
    vendor: facts.vendor,
    family: facts.family,
    displayName: facts.displayName,
    lifecycle: facts.lifecycle,
    contextWindow: limits.contextWindow,
    inputTokensMax: limits.inputTokensMax ?? 0,
    outputTokensMax: limits.outputTokensMax ?? 0,
    reasoningEfforts: [...reasoning.efforts],
    defaultEffort: reasoning.default ?? "",
    temperature: sampling.temperature,
    nativeApi: facts.nativeApi,
    ...(prices === undefined ? {} : pricesToWire(prices)),
  });
}

function pricesToWire(prices: NonNullable<ModelFacts["prices"]>) {
  const { cacheReadPicoUsd, cacheWritePicoUsd } = prices;
  return {
    inputUsdPerMillion: usdPerMillion(prices.inputPicoUsd),
    outputUsdPerMillion: usdPerMillion(prices.outputPicoUsd),
    ...(cacheReadPicoUsd === undefined
      ? {}
      : { cacheReadUsdPerMillion: usdPerMillion(cacheReadPicoUsd) }),
    ...(cacheWritePicoUsd === undefined
      ? {}
      : { cacheWriteUsdPerMillion: usdPerMillion(cacheWritePicoUsd) }),
    priceTiers: prices.tiers.map(({ inputTokensAbove, inputPicoUsd, outputPicoUsd }) => ({
      inputTokensAbove,
      inputUsdPerMillion: usdPerMillion(inputPicoUsd),
      outputUsdPerMillion: usdPerMillion(outputPicoUsd),
    })),
    priceSource: prices.source,
    priceAsOf: prices.asOf,
  };
}

/** Rounded to the millionth that the integers hold, so that 0.1 stays 0.1. */
function usdPerMillion(picoUsd: number): number {
  return Number((picoUsd * USD_PER_MILLION_PER_PICO).toFixed(6));
}
