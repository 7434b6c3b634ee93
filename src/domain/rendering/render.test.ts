import { describe, expect, it } from "vitest";
import type { RenderApi } from "../catalog/model-facts.ts";
import { render } from "./render.ts";
import { bodyOf, inputFor, reasonsOf, rendered } from "./render-fixtures.ts";
import type { JsonValue, RenderInput } from "./rendering.ts";

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

  it("with tools are warned of where Chat Completions refuses them while reasoning", () => {
    const additionalParams: RenderInput["additionalParams"] = [["tools", [{ type: "function" }]]];
    const reasons = (api: RenderApi) =>
      rendered(inputFor("gpt-5.6-sol", api, { additionalParams })).warnings.map(
        ({ reason }) => reason,
      );
    expect(reasons("openai.chat")).toContain("UNSUPPORTED_BY_API");
    expect(reasons("openai.responses")).not.toContain("UNSUPPORTED_BY_API");
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
