import type { ReasoningEffort } from "../catalog/model-facts.ts";
import { chooseEffort } from "./effort.ts";
import {
  effortMoved,
  type ReasoningPlan,
  type ReasoningRequest,
  withoutEffort,
} from "./reasoning-parts.ts";

const LEVELS = ["low", "medium", "high"] as const;

/** Smallest and largest thinking budget of the 2.5 models, in tokens; zero switches it off. */
const BUDGETS: readonly { readonly model: RegExp; readonly min: number; readonly max: number }[] = [
  { model: /^gemini-2\.5-pro/, min: 128, max: 32_768 },
  { model: /^gemini-2\.5-flash-lite/, min: 0, max: 24_576 },
  { model: /^gemini-2\.5/, min: 0, max: 24_576 },
];

/**
 * Thinking of a Gemini model: a budget for 2.5, a level from 3 on, inside generationConfig,
 * where misplaced fields would be ignored. Both together are refused.
 */
export function planGoogle(request: ReasoningRequest, asked: ReasoningEffort): ReasoningPlan {
  const { modelId, facts, headroomTokens } = request;
  const budget = BUDGETS.find(({ model }) => model.test(modelId));
  if (budget !== undefined) {
    const wanted = headroomTokens[asked];
    const tokens = Math.min(Math.max(wanted, budget.min), budget.max);
    const change = tokens === wanted ? "none" : tokens > wanted ? "raised" : "lowered";
    return {
      state: tokens === 0 ? "off" : "on",
      fields: [["generationConfig.thinkingConfig.thinkingBudget", tokens]],
      headroom: tokens,
      adjustments:
        change === "none"
          ? [renamed(asked, tokens)]
          : effortMoved(asked, tokens, change, "google-thinking-budget"),
    };
  }
  const listed = facts?.reasoning.efforts ?? [];
  const thinks = /^gemini-(?:[3-9]|\d\d|\w+-latest)/.test(modelId) || listed.length > 0;
  if (!thinks) return withoutEffort(asked, "the model does not think", "google-without-thinking");
  const chosen = chooseEffort(asked, listed.length === 0 ? LEVELS : listed);
  const effort = chosen?.effort ?? "low";
  const change = chosen?.change ?? "none";
  return {
    state: "on",
    fields: [["generationConfig.thinkingConfig.thinkingLevel", effort]],
    headroom: headroomTokens[effort],
    adjustments:
      change === "none"
        ? [renamed(asked, effort)]
        : effortMoved(asked, effort, change, "google-thinking-level"),
  };
}

function renamed(
  asked: ReasoningEffort,
  rendered: string | number,
): ReasoningPlan["adjustments"][number] {
  return {
    param: "reasoning_effort",
    requested: asked,
    rendered,
    action: "renamed",
    reason: "RENAMED",
    message: "Gemini takes reasoning as thinkingConfig",
    ruleId: "google-thinking",
  };
}
