import type { Capability } from "../catalog/model-facts.ts";
import { type ModelConfig, mergeModelConfig, type RetryPolicy } from "./model-config.ts";
import { PHASES, type Phase } from "./phase.ts";
import type { Settings } from "./settings.ts";

export const MODEL_GROUPS = ["GPT Models", "Claude Models", "Local LLMs", "Gemini Models"] as const;

const RETRY_POLICY: RetryPolicy = {
  maxRetries: 3,
  retryOnErrors: ["timeout", "rate_limit", "server_error"],
  backoffMultiplier: 2,
  initialDelayMs: 1000,
  maxDelayMs: 10_000,
  retryOnValidationFailure: true,
};

/** Settings of all six phases that the seed gives every model; top_p, timeout and retries are the same throughout. */
const PHASE_SETTINGS = Object.fromEntries(
  PHASES.map((facts): [Phase, Settings] => [
    facts.phase,
    {
      temperature: facts.temperature,
      maxTokens: facts.maxTokens,
      topP: 0.9,
      timeoutSeconds: 30,
      maxRetries: 3,
      ...(facts.enableReasoning ? { enableReasoning: true } : {}),
    },
  ]),
) as Readonly<Record<Phase, Settings>>;

/** What a model without a config gets: the seed's phases, 10 iterations, 5 parallel calls, a context of 4096 tokens. */
export const DEFAULT_MODEL: ModelConfig = {
  modelName: "",
  modelFamily: "unknown",
  limits: { contextWindow: 4096, maxIterations: 10, maxParallelCalls: 5 },
  retryPolicy: RETRY_POLICY,
  phases: PHASE_SETTINGS,
  enabled: true,
};

const LETTERS: Readonly<Record<string, Capability>> = {
  T: "tool_calling",
  R: "reasoning",
  P: "parallel_execution",
  F: "reflection",
  C: "code_generation",
  L: "long_context",
  J: "json_mode",
  S: "streaming",
};

interface Seed {
  readonly name: string;
  readonly family: string;
  readonly group: (typeof MODEL_GROUPS)[number];
  readonly displayName: string;
  readonly description: string;
  /** One letter per capability, see LETTERS. */
  readonly capabilities: string;
  readonly context: number;
  readonly iterations: number;
  readonly parallel: number;
  readonly instructions?: string;
}

const GPT = { family: "gpt", group: "GPT Models" } as const;
const CLAUDE = { family: "claude", group: "Claude Models" } as const;
const GEMINI = { family: "gemini", group: "Gemini Models" } as const;
const LOCAL = { group: "Local LLMs" } as const;

const SEEDS: readonly Seed[] = [
  {
    ...GPT,
    name: "gpt-4",
    displayName: "GPT-4",
    description: "Full capabilities",
    capabilities: "TRPFCLJS",
    context: 128_000,
    iterations: 15,
    parallel: 5,
  },
  {
    ...GPT,
    name: "gpt-4-turbo",
    displayName: "GPT-4 Turbo",
    description: "Faster, same capabilities",
    capabilities: "TRPFCLJS",
    context: 128_000,
    iterations: 20,
    parallel: 10,
  },
  {
    ...GPT,
    name: "gpt-3.5-turbo",
    displayName: "GPT-3.5 Turbo",
    description: "Faster but less capable",
    capabilities: "TRPCJS",
    context: 16_385,
    iterations: 10,
    parallel: 3,
  },
  {
    ...CLAUDE,
    name: "claude-3-opus",
    displayName: "Claude 3 Opus",
    description: "Highest capability",
    capabilities: "TRPFCLS",
    context: 200_000,
    iterations: 15,
    parallel: 5,
  },
  {
    ...CLAUDE,
    name: "claude-3-sonnet",
    displayName: "Claude 3 Sonnet",
    description: "Balanced capability",
    capabilities: "TRPCS",
    context: 200_000,
    iterations: 12,
    parallel: 4,
  },
  {
    ...CLAUDE,
    name: "claude-3-haiku",
    displayName: "Claude 3 Haiku",
    description: "Fast for simple tasks",
    capabilities: "TRCS",
    context: 200_000,
    iterations: 8,
    parallel: 2,
  },
  {
    ...LOCAL,
    family: "glm",
    name: "glm-4",
    displayName: "GLM-4",
    description: "Capable but needs careful prompting",
    capabilities: "TRCJ",
    context: 32_768,
    iterations: 8,
    parallel: 2,
    instructions: "Needs careful prompting: one task per prompt, the output format spelled out.",
  },
  {
    ...LOCAL,
    family: "llama",
    name: "llama-2",
    displayName: "Llama 2",
    description: "Requires explicit ReAct pattern",
    capabilities: "RC",
    context: 4_096,
    iterations: 6,
    parallel: 1,
    instructions:
      "Requires the explicit ReAct pattern: Thought, Action, Observation, one step at a time.",
  },
  {
    ...LOCAL,
    family: "mistral",
    name: "mistral",
    displayName: "Mistral",
    description: "Efficient and capable",
    capabilities: "TRCJ",
    context: 8_192,
    iterations: 8,
    parallel: 2,
  },
  {
    ...GEMINI,
    name: "gemini-pro",
    displayName: "Gemini Pro",
    description: "Strong multimodal",
    capabilities: "TRPCLS",
    context: 32_768,
    iterations: 12,
    parallel: 4,
  },
  {
    ...GEMINI,
    name: "gemini-ultra",
    displayName: "Gemini Ultra",
    description: "Most capable",
    capabilities: "TRPFCLS",
    context: 32_768,
    iterations: 15,
    parallel: 5,
  },
];

/** The eleven seed models, frozen: nothing but a release of the program changes them. */
export const BUILTIN_MODELS: ReadonlyMap<string, ModelConfig> = new Map(
  SEEDS.map((seed) => [
    seed.name,
    mergeModelConfig(DEFAULT_MODEL, {
      modelName: seed.name,
      modelFamily: seed.family,
      displayName: seed.displayName,
      description: seed.description,
      capabilities: [...seed.capabilities]
        .map((letter) => LETTERS[letter])
        .filter((c) => c !== undefined),
      limits: {
        contextWindow: seed.context,
        maxIterations: seed.iterations,
        maxParallelCalls: seed.parallel,
      },
      group: seed.group,
      ...(seed.instructions ? { specialInstructions: seed.instructions } : {}),
    }),
  ]),
);

/** A context window as the seed writes it: 128000 is "128K" and 4096 is "4K"; other numbers in full. */
export function contextWindowText(tokens: number): string {
  if (tokens % 1000 === 0) return `${tokens / 1000}K`;
  return tokens % 1024 === 0 ? `${tokens / 1024}K` : String(tokens);
}
