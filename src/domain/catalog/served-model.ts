import type { ModelFacts, RenderApi } from "./model-facts.ts";
import { LOCAL_ROUTES } from "./name-tables.ts";
import type { ResolvedName } from "./resolved-name.ts";

/** A model as whoever a name routes to serves it. */
export type ServedModel = {
  /** Undefined where the catalog does not know the model. */
  readonly facts: ModelFacts | undefined;
  /** The API that requests under this name go to, unless the caller knows better. */
  readonly nativeApi: RenderApi;
};

const LOCAL_APIS: Readonly<Record<string, RenderApi>> = {
  ollama: "openai_compatible.ollama",
  vllm: "openai_compatible.vllm",
  lm_studio: "openai_compatible.llamacpp",
  llamafile: "openai_compatible.llamacpp",
  llama_cpp: "openai_compatible.llamacpp",
};

/** The APIs of families that do not speak OpenAI's, for ids that the catalog does not know yet. */
const FAMILY_APIS: Readonly<Record<string, RenderApi>> = {
  claude: "anthropic.messages",
  gemini: "google.generate",
  mistral: "mistral.chat",
};

/**
 * Facts and native API of a resolved name. The facts are those of the canonical model, whatever
 * config answers for the name. A local build keeps only what lies in its weights: it has no list
 * price, no calendar and no limit of a provider, and its API is its server's. A model that is not
 * known is taken for one of OpenAI's API, unless its family is known to speak another.
 */
export function servedModel(
  name: ResolvedName,
  catalog: { readonly get: (canonicalId: string) => ModelFacts | undefined },
): ServedModel {
  const facts = catalog.get(name.canonicalId);
  if (name.kind === "LOCAL_TAG" || LOCAL_ROUTES.has(name.route)) {
    return {
      facts: facts === undefined ? undefined : factsOfWeights(facts),
      nativeApi: LOCAL_APIS[name.route] ?? "openai_compatible.llamacpp",
    };
  }
  return { facts, nativeApi: facts?.nativeApi ?? FAMILY_APIS[name.family] ?? "openai.chat" };
}

function factsOfWeights(facts: ModelFacts): ModelFacts {
  const { prices: _, ...others } = facts;
  return {
    ...others,
    lifecycle: "current",
    limits: { contextWindow: facts.limits.contextWindow },
  };
}
