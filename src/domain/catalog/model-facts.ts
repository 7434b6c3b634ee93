/** The eight capabilities a model may have, in the order in which they are listed everywhere. */
export const CAPABILITIES = [
  "tool_calling",
  "reasoning",
  "parallel_execution",
  "reflection",
  "code_generation",
  "long_context",
  "json_mode",
  "streaming",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** Reasoning efforts from least to most; `none` means that reasoning is switched off. */
export const REASONING_EFFORTS = [
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
] as const;

export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

/** Where a model stands in its vendor's calendar. */
export const LIFECYCLES = ["preview", "current", "deprecated", "retired"] as const;

export type Lifecycle = (typeof LIFECYCLES)[number];

/** The request formats that settings can be rendered to. */
export const RENDER_APIS = [
  "openai.chat",
  "openai.responses",
  "anthropic.messages",
  "google.generate",
  "mistral.chat",
  "openai_compatible.vllm",
  "openai_compatible.ollama",
  "openai_compatible.llamacpp",
] as const;

export type RenderApi = (typeof RENDER_APIS)[number];

/** Token limits of a model as its provider enforces them. Never a setting. */
export type ModelLimits = {
  /** Prompt and answer together, in tokens. */
  readonly contextWindow: number;
  /** Largest prompt in tokens, where the provider limits it apart from the window. */
  readonly inputTokensMax?: number;
  /** Largest answer in tokens, reasoning included. */
  readonly outputTokensMax?: number;
};

/**
 * Prices of one token of each kind, in pico-USD (1e-12 USD). One USD per million tokens is
 * 1,000,000 pico-USD per token; published prices have up to six decimals, so every one is an
 * exact integer here, which nano-USD would not give (cache reads of 0.0375 USD per million).
 */
export type TokenPrices = {
  readonly inputPicoUsd: number;
  readonly outputPicoUsd: number;
  /** Tokens read from the prompt cache; absent where the provider has no separate price. */
  readonly cacheReadPicoUsd?: number;
  /** Tokens written to the prompt cache; absent where writing costs what input costs. */
  readonly cacheWritePicoUsd?: number;
  /** Reasoning tokens; absent where they cost what output tokens cost. */
  readonly reasoningPicoUsd?: number;
};

/** Prices of calls whose prompt is longer than a threshold; they hold for the whole call. */
export type PriceTier = TokenPrices & {
  /** The tier holds for prompts of strictly more tokens than this. */
  readonly inputTokensAbove: number;
};

/** List prices of a model, always an estimate: discounts, regions and batches are not known. */
export type ModelPrices = TokenPrices & {
  /** Ascending by threshold; empty where the price is flat. */
  readonly tiers: readonly PriceTier[];
  /** The catalog and the provider list that the price was read from, or `override`. */
  readonly source: string;
  /** Day of the source, YYYY-MM-DD. */
  readonly asOf: string;
};

/** How a model reasons before it answers. */
export type ReasoningFacts = {
  readonly supported: boolean;
  /** Efforts that the provider accepts, least first; empty where there is no effort setting. */
  readonly efforts: readonly ReasoningEffort[];
  /** What the provider does when no effort is sent, where known. */
  readonly default?: ReasoningEffort;
  /** Whether reasoning can be switched off; true where the model does not reason at all. */
  readonly canDisable: boolean;
};

/** Whether a sampling parameter is accepted; `effort_none` means only with reasoning off. */
export type SamplingSupport = "yes" | "no" | "effort_none";

/** What the provider allows about sampling. */
export type SamplingFacts = {
  readonly temperature: SamplingSupport;
  readonly topP: SamplingSupport;
  /** Whether temperature and top_p together are refused. */
  readonly exclusive: boolean;
  /** The only temperature that is accepted, where the provider fixes it. */
  readonly fixedTemperature?: number;
  /** The only top_p that is accepted, where the provider fixes it. */
  readonly fixedTopP?: number;
};

/** What the catalog knows of one model. Facts never change a setting of a seed model. */
export type ModelFacts = {
  /** Lower-case id without date, route and vendor; unique without regard to case. */
  readonly canonicalId: string;
  readonly vendor: string;
  readonly family: string;
  readonly displayName: string;
  readonly limits: ModelLimits;
  readonly prices?: ModelPrices;
  readonly capabilities: readonly Capability[];
  readonly reasoning: ReasoningFacts;
  readonly lifecycle: Lifecycle;
  readonly sampling: SamplingFacts;
  /** The format in which the vendor's own service takes requests. */
  readonly nativeApi: RenderApi;
};
