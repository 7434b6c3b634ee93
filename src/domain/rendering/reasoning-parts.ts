import type { ModelFacts, ReasoningEffort, RenderApi } from "../catalog/model-facts.ts";
import type { ReasoningState } from "./param-rule.ts";
import type { Adjustment, HeadroomTokens, JsonValue } from "./rendering.ts";

/** What is asked of the model's reasoning. */
export type ReasoningRequest = {
  readonly api: RenderApi;
  readonly modelId: string;
  readonly facts: ModelFacts | undefined;
  readonly asked: ReasoningEffort | undefined;
  readonly headroomTokens: HeadroomTokens;
};

/** How reasoning goes into the request. */
export type ReasoningPlan = {
  readonly state: ReasoningState;
  /** Request fields by path. */
  readonly fields: readonly (readonly [string, JsonValue])[];
  /** Tokens to add to max_tokens. */
  readonly headroom: number;
  /** Part of max_tokens that the request itself sets aside; must stay below max_tokens. */
  readonly budgetTokens?: number;
  readonly adjustments: readonly Adjustment[];
};

/** The plan of a request that says nothing about reasoning. */
export const UNSAID: ReasoningPlan = { state: "default", fields: [], headroom: 0, adjustments: [] };

/** Leaves the effort out, for a stated reason. */
export function withoutEffort(
  asked: ReasoningEffort,
  message: string,
  ruleId: string,
): ReasoningPlan {
  const state = asked === "none" ? "off" : "default";
  return {
    ...UNSAID,
    state,
    adjustments: [
      {
        param: "reasoning_effort",
        requested: asked,
        action: "omitted",
        reason: "UNSUPPORTED_BY_MODEL",
        message,
        ruleId,
      },
    ],
  };
}

/** The note that an effort was moved to an accepted one; none where it was not. */
export function effortMoved(
  asked: ReasoningEffort,
  rendered: JsonValue,
  change: "none" | "lowered" | "raised",
  ruleId: string,
): readonly Adjustment[] {
  if (change === "none") return [];
  const lowered = change === "lowered";
  return [
    {
      param: "reasoning_effort",
      requested: asked,
      rendered,
      action: "clamped",
      reason: lowered ? "EFFORT_LOWERED" : "CLAMPED_TO_RANGE",
      message: lowered
        ? `the model does not take effort ${asked}; the next lower one is sent`
        : `the model does not take effort ${asked}; its lowest is sent`,
      ruleId,
    },
  ];
}
