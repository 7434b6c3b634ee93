import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtinCatalog } from "../catalog/builtin-catalog.ts";
import { RENDER_APIS, type RenderApi } from "../catalog/model-facts.ts";
import type { Settings } from "../config/settings.ts";
import { HEADROOM_TOKENS } from "./effort.ts";
import { render } from "./render.ts";
import type { JsonValue, Rendered, RenderInput } from "./rendering.ts";

const catalog = builtinCatalog();
const planning: Settings = {
  temperature: 0.3,
  maxTokens: 3000,
  topP: 0.9,
  timeoutSeconds: 30,
  maxRetries: 3,
  enableReasoning: true,
};

function inputFor(model: string, api: RenderApi, more: Partial<RenderInput> = {}): RenderInput {
  return {
    facts: catalog.get(model),
    wireModel: model,
    settings: planning,
    additionalParams: [],
    api,
    mode: "ADJUST",
    ...more,
  };
}

function rendered(input: RenderInput): Rendered {
  const result = render(input);
  if (result.kind === "refused") throw new Error(JSON.stringify(result.violations));
  return result;
}

const bodyOf = (model: string, api: RenderApi, more: Partial<RenderInput> = {}) =>
  rendered(inputFor(model, api, more)).body;
const effort = (reasoningEffort: string): Partial<RenderInput> => ({
  settings: { ...planning, reasoningEffort },
});
const reasonsOf = (result: Rendered): string[] =>
  result.adjustments.map(({ param, reason }) => `${param} ${reason}`);

describe("RAW", () => {
  it("is the seed's dict in the seed's order, whatever the model accepts", () => {
    for (const model of ["gpt-4", "gpt-6-astra", "claude-opus-5-5"]) {
      const result = rendered(inputFor(model, "openai.chat", { mode: "RAW" }));
      expect(JSON.stringify(result.body)).toBe(
        `{"model":"${model}","temperature":0.3,"max_tokens":3000,"top_p":0.9}`,
      );
      expect(result.adjustments).toEqual([]);
    }
  });

  it("appends additional parameters, and lets them replace in place", () => {
    const additionalParams: RenderInput["additionalParams"] = [
      ["seed", 7],
      ["temperature", 1.9],
      ["tools", []],
    ];
    const body = bodyOf("gpt-4", "openai.chat", { mode: "RAW", additionalParams });
    expect(JSON.stringify(body)).toBe(
      '{"model":"gpt-4","temperature":1.9,"max_tokens":3000,"top_p":0.9,"seed":7,"tools":[]}',
    );
  });
});

describe("the seed's planning phase, adjusted", () => {
  const all = { temperature: 0.3, max_tokens: 3000, top_p: 0.9 };
  const cases: readonly (readonly [string, RenderApi, Record<string, JsonValue>])[] = [
    ["gpt-4", "openai.chat", all],
    ["gpt-3.5-turbo", "openai.chat", all],
    ["gpt-4o", "openai.chat", all],
    ["o3", "openai.chat", { max_completion_tokens: 3000 }],
    ["gpt-5", "openai.chat", { max_completion_tokens: 3000 }],
    ["gpt-6-sol", "openai.chat", { max_completion_tokens: 3000 }],
    ["gpt-6-astra", "openai.chat", { max_completion_tokens: 3000 }],
    ["gpt-6-astra", "openai.responses", { max_output_tokens: 3000 }],
    ["gpt-4o", "openai.responses", { temperature: 0.3, max_output_tokens: 3000, top_p: 0.9 }],
    ["claude-3-opus", "anthropic.messages", { temperature: 0.3, max_tokens: 3000 }],
    ["claude-opus-4-6", "anthropic.messages", { temperature: 0.3, max_tokens: 3000 }],
    ["claude-opus-4-7", "anthropic.messages", { max_tokens: 3000 }],
    ["claude-fable-5-2", "anthropic.messages", { max_tokens: 3000 }],
    ["claude-of-the-future", "anthropic.messages", { max_tokens: 3000 }],
    ["mistral-large", "mistral.chat", all],
    ["llama-2", "openai_compatible.vllm", all],
    ["llama-2", "openai_compatible.ollama", all],
    ["llama-2", "openai_compatible.llamacpp", all],
    ["kimi-k3", "openai.chat", { max_tokens: 3000 }],
    ["grok-4.7", "openai.chat", all],
  ];

  it.each(cases)("is what %s takes on %s", (model, api, fields) => {
    expect(bodyOf(model, api)).toEqual({ model, ...fields });
  });

  it("goes into generationConfig for Gemini, without the model", () => {
    expect(bodyOf("gemini-2.5-pro", "google.generate")).toEqual({
      generationConfig: { temperature: 0.3, maxOutputTokens: 3000, topP: 0.9 },
    });
  });

  it("changes nothing for gpt-4, and hands the client what is the client's", () => {
    const result = rendered(inputFor("gpt-4", "openai.chat"));
    expect(result.adjustments).toEqual([]);
    expect(result.client).toEqual({ timeoutMs: 30_000, maxRetries: 3 });
    expect(result.warnings.map(({ reason }) => reason)).toEqual(["MODEL_RETIRED"]);
  });

  it("names each change with its reason", () => {
    expect(reasonsOf(rendered(inputFor("gpt-6-sol", "openai.chat")))).toEqual([
      "temperature REQUIRES_EFFORT_NONE",
      "max_tokens RENAMED",
      "top_p REQUIRES_EFFORT_NONE",
    ]);
    expect(reasonsOf(rendered(inputFor("claude-3-opus", "anthropic.messages")))).toEqual([
      "top_p MUTUALLY_EXCLUSIVE",
    ]);
  });
});

describe("Anthropic's versions", () => {
  it("decide whether there is sampling at all", () => {
    const apiVersion = "2026-10-21";
    const result = rendered(inputFor("claude-3-opus", "anthropic.messages", { apiVersion }));
    expect(result.body).toEqual({ model: "claude-3-opus", max_tokens: 3000 });
    expect(result.headers).toEqual({ "anthropic-version": apiVersion });
    expect(reasonsOf(result)).toEqual([
      "temperature UNSUPPORTED_BY_API_VERSION",
      "top_p UNSUPPORTED_BY_API_VERSION",
    ]);
  });

  it("pin the one with sampling where none is named, and demand max_tokens", () => {
    const result = rendered(inputFor("claude-opus-4-6", "anthropic.messages", { settings: {} }));
    expect(result.headers).toEqual({ "anthropic-version": "2023-06-01" });
    expect(result.body["max_tokens"]).toBe(4096);
    expect(reasonsOf(result)).toEqual(["max_tokens REQUIRED_BY_API"]);
  });
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

describe("limits", () => {
  it("cut max_tokens at the model's output limit", () => {
    const settings = { maxTokens: 50_000 };
    const result = rendered(inputFor("gpt-4o", "openai.chat", { settings }));
    expect(result.body["max_tokens"]).toBe(16_384);
    expect(reasonsOf(result)).toEqual(["max_tokens CLAMPED_TO_OUTPUT_LIMIT"]);
  });

  it("cut at what the prompt leaves, by the smaller of config and provider", () => {
    const result = rendered(
      inputFor("gpt-4", "openai.chat", { promptTokens: 6000, contextWindow: 128_000 }),
    );
    expect(result.body["max_tokens"]).toBe(2192);
    expect(reasonsOf(result)).toEqual(["max_tokens CONTEXT_TIGHT"]);
  });

  it("warn of a window that leaves little for the prompt, as llama-2 in planning", () => {
    const reasons = (model: string) =>
      rendered(inputFor(model, "openai_compatible.vllm")).warnings.map(({ reason }) => reason);
    expect(reasons("llama-2")).toContain("CONTEXT_TIGHT");
    expect(reasons("gpt-oss-20b")).not.toContain("CONTEXT_TIGHT");
  });

  it("refuse in STRICT a prompt that does not fit at all", () => {
    const result = render(inputFor("gpt-4", "openai.chat", { promptTokens: 9000, mode: "STRICT" }));
    expect(result).toMatchObject({ kind: "refused", violations: [{ reason: "CONTEXT_TIGHT" }] });
  });
});

describe("advice", () => {
  it("removes sampling for Gemini 3, except where it was set on purpose", () => {
    expect(bodyOf("gemini-4-argon", "google.generate")).toEqual({
      generationConfig: { maxOutputTokens: 3000 },
    });
    const deliberate = new Set(["temperature"] as const);
    const kept = rendered(inputFor("gemini-4-argon", "google.generate", { deliberate }));
    expect(kept.body).toEqual({ generationConfig: { temperature: 0.3, maxOutputTokens: 3000 } });
    expect(kept.warnings.map(({ reason }) => reason)).toContain("NOT_RECOMMENDED");
  });
});

describe("additional parameters", () => {
  it("that are settings are adjusted like any other", () => {
    const additionalParams: RenderInput["additionalParams"] = [
      ["seed", 7],
      ["stop", "END"],
      ["metadata", { a: 1 }],
    ];
    const result = rendered(inputFor("mistral-large", "mistral.chat", { additionalParams }));
    expect(result.body).toEqual({
      model: "mistral-large",
      temperature: 0.3,
      max_tokens: 3000,
      top_p: 0.9,
      stop: ["END"],
      random_seed: 7,
      metadata: { a: 1 },
    });
    expect(reasonsOf(result)).toEqual(["stop_sequences RENAMED", "seed RENAMED"]);
    const anthropic = rendered(
      inputFor("claude-3-opus", "anthropic.messages", { additionalParams }),
    );
    expect(reasonsOf(anthropic)).toContain("seed UNSUPPORTED_BY_API");
  });

  it("cannot reach the prototype", () => {
    const additionalParams: RenderInput["additionalParams"] = [["__proto__", { polluted: true }]];
    const body = bodyOf("gpt-4", "openai.chat", { additionalParams });
    expect(Object.hasOwn(body, "__proto__")).toBe(true);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("STRICT", () => {
  it("lists every violation at once and sends nothing", () => {
    const result = render(inputFor("o3", "openai.chat", { mode: "STRICT" }));
    expect(result.kind).toBe("refused");
    if (result.kind !== "refused") return;
    expect(result.violations.map(({ param }) => param)).toEqual(["temperature", "top_p"]);
  });

  it("accepts renames, and advice that ADJUST would follow", () => {
    const result = rendered(inputFor("gemini-4-argon", "google.generate", { mode: "STRICT" }));
    expect(result.body).toEqual({
      generationConfig: { temperature: 0.3, maxOutputTokens: 3000, topP: 0.9 },
    });
  });
});

describe("every model, API and setting", () => {
  const settings: fc.Arbitrary<Settings> = fc.record(
    {
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      maxTokens: fc.integer({ min: 1, max: 2_000_000 }),
      topP: fc.double({ min: 0, max: 1, noNaN: true }),
      topK: fc.integer({ min: 1, max: 100 }),
      presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
      stopSequences: fc.array(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      responseFormat: fc.constantFrom("text", "json"),
      reasoningEffort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh", "max"),
      verbosity: fc.constantFrom("low", "high"),
      seed: fc.integer(),
    },
    { requiredKeys: [] },
  );
  const inputs = fc
    .record({
      model: fc.oneof(fc.constantFrom(...catalog.ids), fc.string({ minLength: 1, maxLength: 12 })),
      api: fc.constantFrom(...RENDER_APIS),
      settings,
      promptTokens: fc.option(fc.nat(300_000), { nil: undefined }),
    })
    .map(({ model, api, settings: own, promptTokens }) =>
      inputFor(model, api, {
        settings: own,
        ...(promptTokens === undefined ? {} : { promptTokens }),
      }),
    );

  it("render without a throw, the same each time, and account for every setting", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const result = rendered(input);
        expect(rendered(input)).toEqual(result);
        const text = JSON.stringify(result.body);
        const omitted = new Set(
          result.adjustments.filter((one) => one.action === "omitted").map((one) => one.param),
        );
        const has = { temperature: /"temperature":/, top_k: /"top_?[kK]":/, seed: /seed":/ };
        for (const [param, pattern] of Object.entries(has)) {
          const key = param === "top_k" ? "topK" : (param as keyof Settings);
          const expected = input.settings[key] !== undefined && !omitted.has(param);
          expect(pattern.test(text), param).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never ask for more tokens than the model answers with or the prompt leaves", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const result = rendered(input);
        const config = result.body["generationConfig"] as Record<string, JsonValue> | undefined;
        const { body } = result;
        const max =
          body["max_tokens"] ??
          body["max_completion_tokens"] ??
          body["max_output_tokens"] ??
          config?.["maxOutputTokens"];
        if (typeof max !== "number") return;
        const { limits } = input.facts ?? {};
        expect(max).toBeGreaterThan(0);
        expect(max).toBeLessThanOrEqual(limits?.outputTokensMax ?? Number.POSITIVE_INFINITY);
        const room = (limits?.contextWindow ?? Infinity) - (input.promptTokens ?? -Infinity);
        if (room >= 1 && input.promptTokens !== undefined) {
          expect(max).toBeLessThanOrEqual(room);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("pass STRICT exactly where ADJUST changes no meaning", () => {
    const harmless = new Set(["RENAMED", "THINKING_HEADROOM_ADDED", "REQUIRED_BY_API"]);
    fc.assert(
      fc.property(inputs, (input) => {
        const strict = render({ ...input, mode: "STRICT" });
        const adjusted = rendered(input);
        const changes = adjusted.adjustments.filter(
          ({ reason }) => !harmless.has(reason) && reason !== "NOT_RECOMMENDED",
        );
        if (changes.length > 0) expect(strict.kind).toBe("refused");
        if (
          strict.kind === "rendered" &&
          adjusted.adjustments.every((one) => harmless.has(one.reason))
        ) {
          expect(strict.body).toEqual(adjusted.body);
        }
      }),
      { numRuns: 500 },
    );
  });
});
