import { CAPABILITIES, type Capability, type ModelFacts } from "./model-facts.ts";
import { decodeCapabilities } from "./model-row.ts";

/**
 * The capabilities of the eleven seed models, settled from the seed documents' public facts.
 * Letters as in model-row.ts. They stand whatever a catalog says.
 */
const SEED_CAPABILITIES: ReadonlyMap<string, readonly Capability[]> = new Map(
  Object.entries({
    "gpt-4": "TRPFCLJS",
    "gpt-4-turbo": "TRPFCLJS",
    "gpt-3.5-turbo": "TRPCJS",
    "claude-3-opus": "TRPFCLS",
    "claude-3-sonnet": "TRPCS",
    "claude-3-haiku": "TRCS",
    "glm-4": "TRCJ",
    "llama-2": "RC",
    mistral: "TRCJ",
    "gemini-pro": "TRPCLS",
    "gemini-ultra": "TRPFCLS",
  }).map(([id, letters]) => [id, decodeCapabilities(letters)]),
);

/** What a model can do, and how that is known. */
export type DetectedCapabilities = {
  /** In the order of CAPABILITIES; empty where nothing is known. */
  readonly capabilities: readonly Capability[];
  /** What the model lacks; empty where nothing is known, which is not the same as lacking. */
  readonly missing: readonly Capability[];
  readonly source: "seed" | "catalog" | "unknown";
};

/** Capabilities of a canonical id: the seed's set for a seed model, else the catalog's. */
export function detectCapabilities(
  canonicalId: string,
  facts: Pick<ModelFacts, "capabilities"> | undefined,
): DetectedCapabilities {
  const seed = SEED_CAPABILITIES.get(canonicalId);
  const capabilities = seed ?? facts?.capabilities;
  if (capabilities === undefined) return { capabilities: [], missing: [], source: "unknown" };
  return {
    capabilities,
    missing: CAPABILITIES.filter((capability) => !capabilities.includes(capability)),
    source: seed === undefined ? "catalog" : "seed",
  };
}
