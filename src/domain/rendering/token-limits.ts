import { tightestWindow, tightWindowWarning } from "./model-warnings.ts";
import type { ReasoningPlan } from "./reasoning-parts.ts";
import type { Adjustment, ReasonCode, RenderInput, RenderWarning } from "./rendering.ts";

/** What Anthropic gets where no max_tokens is set, in tokens: its API demands one. */
const ANTHROPIC_MAX_TOKENS_DEFAULT = 4096;
/** Above this, Anthropic's SDKs refuse to wait for an answer that is not streamed, in tokens. */
const ANTHROPIC_UNSTREAMED_MAX = 21_333;

/** The answer's share of the window, after reasoning and limits. */
export type TokenLimit = {
  readonly maxTokens: number | undefined;
  readonly adjustments: readonly Adjustment[];
  /** What STRICT counts as a violation beside the adjustments. */
  readonly violations: readonly Adjustment[];
  readonly warnings: readonly RenderWarning[];
};

/** Adds headroom for reasoning, then cuts at the model's limit and at what the prompt leaves. */
export function limitTokens(
  input: RenderInput,
  asked: number | undefined,
  plan: ReasoningPlan,
): TokenLimit {
  const adjustments: Adjustment[] = [];
  const warnings: RenderWarning[] = [];
  const limit = input.facts?.limits.outputTokensMax ?? Number.POSITIVE_INFINITY;
  const change = (
    from: number | undefined,
    to: number,
    by: { readonly reason: ReasonCode; readonly message: string; readonly ruleId: string },
  ): number => {
    adjustments.push({
      param: "max_tokens",
      ...(from === undefined ? {} : { requested: from }),
      rendered: to,
      action: from === undefined || to > from ? "added" : "clamped",
      ...by,
    });
    return to;
  };

  let tokens = asked;
  if (tokens === undefined && input.api === "anthropic.messages") {
    tokens = change(undefined, Math.min(limit, ANTHROPIC_MAX_TOKENS_DEFAULT), {
      reason: "REQUIRED_BY_API",
      message: "this API demands max_tokens",
      ruleId: "anthropic-max-tokens",
    });
  }
  if (tokens === undefined) return { maxTokens: undefined, adjustments, violations: [], warnings };
  const roomy = Math.min(tokens + plan.headroom, Math.max(tokens, limit));
  if (roomy > tokens) {
    tokens = change(tokens, roomy, {
      reason: "THINKING_HEADROOM_ADDED",
      message: `reasoning counts toward max_tokens; ${roomy - tokens} tokens are added for it`,
      ruleId: "thinking-headroom",
    });
  }
  if (tokens > limit) {
    tokens = change(tokens, limit, {
      reason: "CLAMPED_TO_OUTPUT_LIMIT",
      message: `the model answers with at most ${limit} tokens`,
      ruleId: "facts-output-limit",
    });
  }
  const fit = fitContext(input, tokens);
  if (fit.maxTokens !== tokens) {
    tokens = change(tokens, fit.maxTokens, {
      reason: "CONTEXT_TIGHT",
      message: "prompt and answer together exceed the context window",
      ruleId: "context-window",
    });
  }
  warnings.push(...fit.warnings);
  if (input.api === "anthropic.messages" && tokens > ANTHROPIC_UNSTREAMED_MAX) {
    const message = `above ${ANTHROPIC_UNSTREAMED_MAX} max_tokens the SDKs demand streaming`;
    warnings.push({ reason: "STREAMING_REQUIRED", message });
  }
  return { maxTokens: tokens, adjustments, violations: fit.violations, warnings };
}

/** What the window leaves of an answer's tokens, and what there is to say about it. */
export function fitContext(
  { facts, contextWindow, promptTokens }: RenderInput,
  tokens: number,
): {
  readonly maxTokens: number;
  readonly warnings: readonly RenderWarning[];
  readonly violations: readonly Adjustment[];
} {
  const none = { maxTokens: tokens, warnings: [], violations: [] };
  const window = tightestWindow(facts, contextWindow);
  if (promptTokens === undefined) {
    const warning = tightWindowWarning(window, tokens);
    return warning === undefined ? none : { ...none, warnings: [warning] };
  }
  const inputMax = facts?.limits.inputTokensMax ?? window;
  const room = window - promptTokens;
  if (promptTokens <= inputMax && room >= 1) {
    return { ...none, maxTokens: Math.min(tokens, room) };
  }
  const message = `a prompt of ${promptTokens} tokens does not fit into ${Math.min(inputMax, window)}`;
  const violation: Adjustment = {
    param: "max_tokens",
    requested: tokens,
    action: "omitted",
    reason: "CONTEXT_TIGHT",
    message,
    ruleId: "context-window",
  };
  return {
    ...none,
    warnings: [{ reason: "CONTEXT_TIGHT", message }],
    violations: [violation],
  };
}
