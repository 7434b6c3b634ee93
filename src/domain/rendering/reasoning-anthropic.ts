import type { ReasoningEffort } from "../catalog/model-facts.ts";
import { chooseEffort } from "./effort.ts";
import {
  effortMoved,
  type ReasoningPlan,
  type ReasoningRequest,
  withoutEffort,
} from "./reasoning-parts.ts";
import type { Adjustment, JsonValue } from "./rendering.ts";

/** Smallest thinking budget in tokens that the API takes. */
const BUDGET_TOKENS_MIN = 1024;

const WITHOUT_THINKING = /claude-(?:instant|2|3-(?:opus|sonnet|haiku|5))/;
const BUDGET_ONLY = /claude-(?:3-7|(?:opus|sonnet)-4(?:-[01])?$|(?:sonnet|haiku)-4-5)/;
const BUDGET_AND_EFFORT = /claude-opus-4-5/;
const ALWAYS = /claude-(?:opus-5-5|fable|mythos)/;
const BETWEEN_TOOLS = /claude-sonnet-5-5/;

const EFFORTS = ["low", "medium", "high", "xhigh", "max"] as const;

/**
 * Thinking of a Claude model: a token budget up to 4.5, adaptive with an effort from 4.6 on.
 * Models that cannot stop thinking take their lowest setting where `none` is asked for.
 */
export function planAnthropic(request: ReasoningRequest, asked: ReasoningEffort): ReasoningPlan {
  const { modelId, headroomTokens } = request;
  if (WITHOUT_THINKING.test(modelId)) {
    return withoutEffort(asked, "the model does not think", "anthropic-without-thinking");
  }
  if (asked === "none") return planOff(request);
  if (BUDGET_ONLY.test(modelId) || BUDGET_AND_EFFORT.test(modelId))
    return planBudget(request, asked);
  const listed = request.facts?.reasoning.efforts ?? [];
  const chosen = chooseEffort(asked, listed.length === 0 ? EFFORTS : listed);
  const effort = chosen?.effort ?? "low";
  return {
    state: "on",
    fields: [
      ["thinking", { type: "adaptive" }],
      ["output_config.effort", effort],
    ],
    headroom: headroomTokens[effort],
    adjustments: [
      ...effortMoved(asked, effort, chosen?.change ?? "none", "anthropic-efforts"),
      becameThinking(asked, { type: "adaptive", effort }),
    ],
  };
}

function planBudget(request: ReasoningRequest, asked: ReasoningEffort): ReasoningPlan {
  const budgetTokens = Math.max(BUDGET_TOKENS_MIN, request.headroomTokens[asked]);
  const thinking = { type: "enabled", budget_tokens: budgetTokens };
  const chosen = BUDGET_AND_EFFORT.test(request.modelId)
    ? chooseEffort(asked, ["low", "medium", "high"])
    : undefined;
  return {
    state: "on",
    fields: [
      ["thinking", thinking],
      ...(chosen === undefined ? [] : ([["output_config.effort", chosen.effort]] as const)),
    ],
    headroom: budgetTokens,
    budgetTokens,
    adjustments: [becameThinking(asked, thinking)],
  };
}

function planOff({ modelId, headroomTokens }: ReasoningRequest): ReasoningPlan {
  if (ALWAYS.test(modelId)) {
    return {
      state: "on",
      fields: [["output_config.effort", "low"]],
      headroom: headroomTokens.low,
      adjustments: effortMoved("none", "low", "raised", "anthropic-always-thinking"),
    };
  }
  const type = BETWEEN_TOOLS.test(modelId) ? "between_tools" : "disabled";
  const adjustments =
    type === "disabled"
      ? [becameThinking("none", { type })]
      : effortMoved("none", type, "raised", "anthropic-between-tools");
  return { state: "off", fields: [["thinking", { type }]], headroom: 0, adjustments };
}

function becameThinking(asked: ReasoningEffort, rendered: JsonValue): Adjustment {
  return {
    param: "reasoning_effort",
    requested: asked,
    rendered,
    action: "renamed",
    reason: "RENAMED",
    message: "Claude takes reasoning as thinking and output_config.effort",
    ruleId: "anthropic-thinking",
  };
}

/**
 * A thinking budget has to stay below max_tokens, which limits may have cut. One that would
 * fall below the smallest the API takes is left out.
 */
export function fitBudget(plan: ReasoningPlan, maxTokens: number | undefined): ReasoningPlan {
  const budget = plan.budgetTokens;
  if (budget === undefined || maxTokens === undefined || budget < maxTokens) return plan;
  const fits = maxTokens - 1 >= BUDGET_TOKENS_MIN;
  const thinking = { type: "enabled", budget_tokens: maxTokens - 1 };
  const others = plan.fields.filter(([path]) => path !== "thinking");
  const adjustment: Adjustment = {
    param: "reasoning_effort",
    requested: budget,
    ...(fits ? { rendered: thinking } : {}),
    action: fits ? "clamped" : "omitted",
    reason: "CLAMPED_TO_OUTPUT_LIMIT",
    message: `the thinking budget has to stay below ${maxTokens} max_tokens`,
    ruleId: "anthropic-thinking-budget",
  };
  return {
    ...plan,
    fields: fits ? [["thinking", thinking], ...others] : others,
    adjustments: [...plan.adjustments, adjustment],
  };
}
