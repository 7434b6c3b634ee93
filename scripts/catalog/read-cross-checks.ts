import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { REASONING_EFFORTS, type ReasoningEffort } from "../../src/domain/catalog/model-facts.ts";
import { priceRow, type SourceModel } from "./draft.ts";

type ZooModel = {
  readonly fullName: string;
  readonly shortName: string;
  readonly label: string;
  readonly provider: string;
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  readonly inputPrice: number;
  readonly outputPrice: number;
  readonly deprecated?: boolean;
  readonly retired?: boolean;
  readonly serviceTier?: string;
  readonly openRouterOnly: boolean;
  readonly capabilities: {
    readonly supportsReasoning: boolean;
    readonly reasoningEffort: string;
    readonly supportedReasoningEfforts?: readonly string[];
    readonly supportsReasoningEffort: boolean;
    readonly maxReasoningEffort?: string;
  };
};

/** What llm-zoo says of one model id, its entries taken together. */
export type ZooFacts = {
  readonly model: SourceModel;
  readonly retired: boolean;
  readonly deprecated: boolean;
  readonly defaultEffort?: ReasoningEffort;
};

const ZOO_VENDORS: Readonly<Record<string, string>> = {
  anthropic: "anthropic",
  openai: "openai",
  google: "google",
  xai: "xai",
  deepseek: "deepseek",
  glm: "zhipu",
  meta: "meta",
  minimax: "minimax",
  moonshot: "moonshot",
  dashscope: "qwen",
};

/**
 * Reads llm-zoo, by its short name. A model counts as retired or deprecated only where every
 * entry says so; entries of the fast tier are left out.
 */
export async function readLlmZoo(folder: string): Promise<ReadonlyMap<string, ZooFacts>> {
  const module = (await import(pathToFileURL(join(folder, "dist/index.js")).href)) as {
    MODEL_CONFIGS: Record<string, ZooModel>;
  };
  const facts = new Map<string, ZooFacts>();
  for (const model of Object.values(module.MODEL_CONFIGS)) {
    const vendor = ZOO_VENDORS[model.provider];
    if (vendor === undefined || model.serviceTier !== undefined) continue;
    if (model.openRouterOnly) continue;
    const earlier = facts.get(model.shortName);
    const one = fromZoo(model, vendor);
    facts.set(model.shortName, {
      ...one,
      ...(earlier?.model.reasoning === true ? { model: earlier.model } : {}),
      retired: one.retired && (earlier?.retired ?? true),
      deprecated: one.deprecated && (earlier?.deprecated ?? true),
    });
  }
  return facts;
}

function fromZoo(model: ZooModel, vendor: string): ZooFacts {
  const { capabilities } = model;
  const effort = REASONING_EFFORTS.find((known) => known === capabilities.reasoningEffort);
  const listed = capabilities.supportedReasoningEfforts;
  const priced = model.inputPrice > 0 || model.outputPrice > 0;
  return {
    retired: model.retired === true,
    deprecated: model.deprecated === true,
    // Without a list or a maximum, its effort is the highest and not the default.
    ...((listed !== undefined || capabilities.maxReasoningEffort !== undefined) &&
    effort !== undefined &&
    effort !== "none"
      ? { defaultEffort: effort }
      : {}),
    model: {
      sourceId: model.shortName,
      vendor,
      name: model.label,
      contextWindow: model.contextWindow,
      outputTokensMax: model.maxOutputTokens,
      source: "llm-zoo",
      reasoning: capabilities.supportsReasoning,
      alwaysReasons: false,
      strictTools: false,
      refusesTemperature: false,
      ...(listed === undefined
        ? {}
        : { efforts: REASONING_EFFORTS.filter((known) => listed.includes(known)) }),
      ...(priced
        ? { prices: priceRow({ input: model.inputPrice, output: model.outputPrice }) }
        : {}),
    },
  };
}

type Rate = number | { readonly base: number } | undefined;
type GenaiPrices = Readonly<Record<string, Rate>>;
type GenaiModel = {
  readonly id: string;
  readonly name?: string;
  readonly deprecated?: boolean;
  readonly context_window?: number;
  readonly prices: GenaiPrices | readonly { readonly prices: GenaiPrices }[];
};

const GENAI_VENDORS: readonly (readonly [string, string])[] = [
  ["openai", "openai"],
  ["anthropic", "anthropic"],
  ["google", "google"],
  ["mistral", "mistral"],
  ["x-ai", "xai"],
  ["deepseek", "deepseek"],
  ["moonshotai", "moonshot"],
  ["cohere", "cohere"],
  ["minimax", "minimax"],
  ["perplexity", "perplexity"],
  ["azure", "microsoft"],
];

/** Prices and, where known, windows of genai-prices; entries without a token price are left out. */
export async function readGenaiPrices(folder: string): Promise<readonly SourceModel[]> {
  const module = (await import(pathToFileURL(join(folder, "dist/index.js")).href)) as {
    findProvider: (by: { providerId: string }) => { models: GenaiModel[] } | undefined;
  };
  const models: SourceModel[] = [];
  for (const [providerId, vendor] of GENAI_VENDORS) {
    for (const model of module.findProvider({ providerId })?.models ?? []) {
      const one = fromGenai(model, vendor);
      if (one !== undefined) models.push(one);
    }
  }
  return models;
}

function fromGenai(model: GenaiModel, vendor: string): SourceModel | undefined {
  const prices = Array.isArray(model.prices)
    ? (model.prices as readonly { readonly prices: GenaiPrices }[])[0]?.prices
    : (model.prices as GenaiPrices);
  const input = rate(prices?.["input_mtok"]);
  const output = rate(prices?.["output_mtok"]);
  if (input === undefined || output === undefined) return undefined;
  return {
    sourceId: model.id,
    vendor,
    name: model.name ?? model.id,
    contextWindow: model.context_window ?? 0,
    source: "genai-prices",
    reasoning: false,
    alwaysReasons: false,
    strictTools: false,
    refusesTemperature: false,
    deprecated: model.deprecated === true,
    prices: priceRow({ input, output, cacheRead: rate(prices?.["cache_read_mtok"]) }),
  };
}

function rate(value: Rate): number | undefined {
  return typeof value === "object" ? value.base : value;
}
