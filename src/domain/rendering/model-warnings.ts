import type { ModelFacts } from "../catalog/model-facts.ts";
import type { RenderWarning } from "./rendering.ts";

/** Share of the window below which the rest for the prompt is called tight. */
const PROMPT_SHARE_MIN = 1 / 3;

/** What the vendor's calendar says against a model; undefined for one that is served. */
export function lifecycleWarning(facts: ModelFacts): RenderWarning | undefined {
  if (facts.lifecycle === "retired") {
    const message = `${facts.displayName} is no longer served by its vendor; choose a current model`;
    return { reason: "MODEL_RETIRED", message };
  }
  if (facts.lifecycle === "deprecated") {
    const message = `${facts.displayName} is being retired by its vendor; plan a move`;
    return { reason: "MODEL_DEPRECATED", message };
  }
  return undefined;
}

/**
 * The smaller of the config's window and the provider's, in tokens; infinite where neither is
 * known.
 */
export function tightestWindow(
  facts: ModelFacts | undefined,
  configured: number | undefined,
): number {
  const provider = facts?.limits.contextWindow ?? Number.POSITIVE_INFINITY;
  return Math.min(provider, configured ?? Number.POSITIVE_INFINITY);
}

/** Warns where an answer of so many tokens leaves less than a third of the window for the prompt. */
export function tightWindowWarning(window: number, maxTokens: number): RenderWarning | undefined {
  if (!(window - maxTokens < window * PROMPT_SHARE_MIN)) return undefined;
  const rest = Math.max(0, window - maxTokens);
  const message = `max_tokens ${maxTokens} of a window of ${window} leaves ${rest} tokens for the prompt`;
  return { reason: "CONTEXT_TIGHT", message };
}
