import { describe, expect, it } from "vitest";
import { HEADROOM_TOKENS } from "./effort.ts";
import { bodyOf, inputFor, planning, reasonsOf, rendered } from "./render-fixtures.ts";
import type { RenderInput } from "./rendering.ts";

const effort = (reasoningEffort: string): Partial<RenderInput> => ({
  settings: { ...planning, reasoningEffort },
});

describe("reasoning effort", () => {
  it("none lets a temperature through where the model can stop reasoning", () => {
    expect(bodyOf("gpt-6-sol", "openai.chat", effort("none"))).toEqual({
      model: "gpt-6-sol",
      temperature: 0.3,
      max_completion_tokens: 3000,
      top_p: 0.9,
      reasoning_effort: "none",
    });
  });

  it("none becomes the lowest effort of a model that always reasons, with headroom", () => {
    const result = rendered(inputFor("gpt-6-astra", "openai.responses", effort("none")));
    expect(result.body).toEqual({
      model: "gpt-6-astra",
      max_output_tokens: 3000 + HEADROOM_TOKENS.low,
      reasoning: { effort: "low" },
    });
    expect(reasonsOf(result)).toContain("reasoning_effort CLAMPED_TO_RANGE");
    expect(reasonsOf(result)).toContain("max_tokens THINKING_HEADROOM_ADDED");
  });

  it("is lowered to the next that the model takes, and to what Chat Completions has", () => {
    const gpt5 = rendered(inputFor("gpt-5", "openai.chat", effort("max")));
    expect(gpt5.body["reasoning_effort"]).toBe("high");
    expect(reasonsOf(gpt5)).toContain("reasoning_effort EFFORT_LOWERED");
    expect(bodyOf("gpt-6-astra", "openai.chat", effort("max"))["reasoning_effort"]).toBe("xhigh");
    expect(bodyOf("gpt-6-astra", "openai.responses", effort("max"))["reasoning"]).toEqual({
      effort: "max",
    });
  });

  it("is left out for a model that does not reason", () => {
    const result = rendered(inputFor("gpt-4o", "openai.chat", effort("high")));
    expect(result.body).not.toHaveProperty("reasoning_effort");
    expect(reasonsOf(result)).toContain("reasoning_effort UNSUPPORTED_BY_MODEL");
  });

  it("is a budget inside max_tokens for Claude up to 4.5, without temperature", () => {
    expect(bodyOf("claude-sonnet-4-5", "anthropic.messages", effort("low"))).toEqual({
      model: "claude-sonnet-4-5",
      max_tokens: 3000 + HEADROOM_TOKENS.low,
      thinking: { type: "enabled", budget_tokens: HEADROOM_TOKENS.low },
    });
  });

  it("keeps the budget below max_tokens when the prompt leaves little room", () => {
    const more = { ...effort("high"), promptTokens: 198_000 };
    const { thinking, max_tokens } = bodyOf("claude-sonnet-4-5", "anthropic.messages", more);
    expect(max_tokens).toBe(2000);
    expect(thinking).toEqual({ type: "enabled", budget_tokens: 1999 });
  });

  it("is adaptive thinking with an effort for Claude from 4.6 on", () => {
    expect(bodyOf("claude-opus-4-6", "anthropic.messages", effort("medium"))).toMatchObject({
      thinking: { type: "adaptive" },
      output_config: { effort: "medium" },
    });
  });

  it("none is the least that each Claude model can do", () => {
    const none = (model: string) => bodyOf(model, "anthropic.messages", effort("none"));
    expect(none("claude-haiku-5-5")["thinking"]).toEqual({ type: "disabled" });
    expect(none("claude-sonnet-5-5")["thinking"]).toEqual({ type: "between_tools" });
    expect(none("claude-opus-5-5")).toMatchObject({ output_config: { effort: "low" } });
    expect(none("claude-opus-5-5")).not.toHaveProperty("thinking");
  });

  it("is a budget for Gemini 2.5 and a level from 3 on, never both", () => {
    const config = (model: string, name: string) =>
      bodyOf(model, "google.generate", effort(name))["generationConfig"];
    expect(config("gemini-2.5-pro", "none")).toMatchObject({
      thinkingConfig: { thinkingBudget: 128 },
    });
    expect(config("gemini-2.5-flash", "none")).toMatchObject({
      thinkingConfig: { thinkingBudget: 0 },
    });
    expect(config("gemini-3.8-flash", "max")).toMatchObject({
      thinkingConfig: { thinkingLevel: "high" },
    });
  });

  it("is a switch of the template for vLLM and a field for gpt-oss", () => {
    expect(bodyOf("qwen3-8b", "openai_compatible.vllm", effort("none"))).toMatchObject({
      chat_template_kwargs: { enable_thinking: false },
    });
    expect(bodyOf("gpt-oss-20b", "openai_compatible.vllm", effort("max"))).toMatchObject({
      reasoning_effort: "high",
    });
  });

  it("warns of a timeout that is shorter than such an answer takes", () => {
    const reasons = (name: string) =>
      rendered(inputFor("gpt-6-astra", "openai.chat", effort(name))).warnings.map(
        ({ reason }) => reason,
      );
    expect(reasons("high")).toContain("TIMEOUT_SHORT");
    expect(reasons("low")).not.toContain("TIMEOUT_SHORT");
  });

  it("left open is warned of where the model reasons unasked", () => {
    const { warnings } = rendered(inputFor("o3", "openai.chat"));
    expect(warnings.map(({ reason }) => reason)).toContain("THINKING_WITHOUT_HEADROOM");
  });
});
