import { describe, expect, it } from "vitest";
import { RenderMode } from "../gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../gen/attuned/v1/phase_pb.ts";
import { openTestServices, refusalOf } from "./rpc-fixtures.ts";

const { configs, models, heard } = await openTestServices();
const planning = (model: string, more: object = {}) =>
  configs.getLLMParams({ model, phase: Phase.PLANNING, ...more });
const raw = { mode: RenderMode.RAW };
const strict = { mode: RenderMode.STRICT };

describe("RAW", () => {
  it("A014: is byte for byte the seed's dict", async () => {
    const { params, adjustments, api } = await planning("gpt-4", raw);
    expect(JSON.stringify(params)).toBe(
      '{"model":"gpt-4","temperature":0.3,"max_tokens":3000,"top_p":0.9}',
    );
    expect([adjustments, api]).toEqual([[], ""]);
  });

  it("A098: additional parameters override and extend the dict, in their order", async () => {
    const additionalParams = { user: "u", temperature: 1.9, seed: 7, tools: [{ name: "x" }] };
    const { params } = await planning("gpt-4", { ...raw, additionalParams });
    expect(JSON.stringify(params)).toBe(
      '{"model":"gpt-4","temperature":1.9,"max_tokens":3000,"top_p":0.9,"user":"u","seed":7,"tools":[{"name":"x"}]}',
    );
  });

  it("A119: says that a prompt does not fit, and changes nothing", async () => {
    const before = heard.tight;
    const { params, warnings } = await planning("gpt-4", { ...raw, promptTokens: 7000 });
    expect(params).toMatchObject({ max_tokens: 3000 });
    expect(warnings.map(({ code }) => code)).toEqual(["MODEL_RETIRED", "CONTEXT_TIGHT"]);
    expect(heard.tight).toBe(before + 1);
  });
});

describe("ADJUST", () => {
  it("is the default, for the native API of the model", async () => {
    const unspecified = await planning("gpt-6-astra");
    expect(unspecified).toEqual(await planning("gpt-6-astra", { mode: RenderMode.ADJUST }));
    expect(unspecified).toMatchObject({ api: "openai.chat", enabled: true });
    expect(unspecified.params).toEqual({ model: "gpt-6-astra", max_completion_tokens: 3000 });
    const changes = unspecified.adjustments.map(({ param, action, reason }) => [
      param,
      action,
      reason,
    ]);
    expect(changes).toEqual([
      ["temperature", "omitted", "UNSUPPORTED_BY_MODEL"],
      ["max_tokens", "renamed", "RENAMED"],
      ["top_p", "omitted", "UNSUPPORTED_BY_MODEL"],
    ]);
    for (const { message, ruleId, requested } of unspecified.adjustments) {
      expect(message.length).toBeGreaterThan(10);
      expect(ruleId).not.toBe("");
      expect(requested).toBeDefined();
    }
  });

  it("renders for the API that is named, with its version, headers and the client's own settings", async () => {
    const answer = await planning("claude-3-opus", {
      api: "anthropic.messages",
      apiVersion: "2023-06-01",
    });
    expect(answer.params).toEqual({ model: "claude-3-opus", temperature: 0.3, max_tokens: 3000 });
    expect(answer).toMatchObject({
      apiVersion: "2023-06-01",
      headers: { "anthropic-version": "2023-06-01" },
      client: { timeoutMs: 30_000, maxRetries: 3, maxIterations: 15, maxParallelCalls: 5 },
    });
    const newest = await planning("claude-3-opus", { apiVersion: "2026-10-21" });
    expect(newest.params).toEqual({ model: "claude-3-opus", max_tokens: 3000 });
  });

  it.each([
    ["azure/gpt-35-turbo", "openai.chat", { temperature: 0.3, max_tokens: 3000 }],
    ["gpt-5-2025-08-07", "openai.chat", { max_completion_tokens: 3000 }],
    ["mistral-large-latest", "mistral.chat", { temperature: 0.3, max_tokens: 3000 }],
    ["mistral:7b", "openai_compatible.ollama", { temperature: 0.3, max_tokens: 3000 }],
  ])("%s keeps the facts of the model behind the name, on %s", async (model, api, params) => {
    const answer = await planning(model);
    expect(answer.api).toBe(api);
    expect(answer.params).toMatchObject({ model, ...params });
    expect(answer.warnings.map(({ code }) => code)).not.toContain("UNKNOWN_MODEL");
  });

  it("takes an unknown model for one of OpenAI's API, and says so", async () => {
    const answer = await planning("my-own-model");
    expect(answer.api).toBe("openai.chat");
    expect(answer.params).toMatchObject({ temperature: 0.3, max_tokens: 3000, top_p: 0.9 });
    expect(answer.warnings.map(({ code }) => code)).toEqual(["UNKNOWN_MODEL"]);
  });

  it("A119: cuts max_tokens to what the prompt leaves of the smaller window (X01)", async () => {
    const before = heard.tight;
    const { params, adjustments } = await planning("gpt-4", { promptTokens: 7000 });
    expect(params).toMatchObject({ max_tokens: 1192 });
    expect(adjustments).toMatchObject([{ param: "max_tokens", reason: "CONTEXT_TIGHT" }]);
    expect(heard.tight).toBe(before + 1);
    const roomy = await planning("gpt-4-turbo", { promptTokens: 7000 });
    expect(roomy.params).toMatchObject({ max_tokens: 3000 });
    expect(heard.tight).toBe(before + 1);
  });

  it("holds nothing against a window that nobody stated", async () => {
    const { params, warnings } = await planning("my-own-model", { promptTokens: 100_000 });
    expect(params).toMatchObject({ max_tokens: 3000 });
    expect(warnings.map(({ code }) => code)).toEqual(["UNKNOWN_MODEL"]);
  });

  it("leaves out what is merely not advised, unless the call asks for it", async () => {
    const advised = await planning("gemini-3.1-pro");
    expect(JSON.stringify(advised.params)).not.toContain("temperature");
    expect(advised.adjustments.map(({ reason }) => reason)).toContain("NOT_RECOMMENDED");
    const chosen = await planning("gemini-3.1-pro", { additionalParams: { temperature: 0.3 } });
    expect(chosen.params).toMatchObject({ generationConfig: { temperature: 0.3 } });
  });
});

describe("STRICT", () => {
  it("refuses with every violation at once", async () => {
    const refusal = await refusalOf(planning("gpt-6-astra", { ...strict, promptTokens: 10 ** 9 }));
    expect(refusal.reason).toBe("RENDER_REFUSED");
    expect(refusal.violations.map(([subject]) => subject)).toEqual([
      "temperature",
      "top_p",
      "max_tokens",
    ]);
    expect(refusal.violations[0]?.[1]).toMatch(/^UNSUPPORTED_BY_MODEL: .+requested 0.3$/);
  });

  it("answers what the model takes as it is", async () => {
    const { params } = await planning("gpt-4-turbo", strict);
    expect(params).toEqual({
      model: "gpt-4-turbo",
      temperature: 0.3,
      max_tokens: 3000,
      top_p: 0.9,
    });
  });
});

describe("a request for parameters", () => {
  it.each([
    ["an API that is not known", { api: "openai.completions" }, "API_UNKNOWN", "openai.responses"],
    [
      "a version that is not known",
      { api: "anthropic.messages", apiVersion: "1" },
      "API_UNKNOWN",
      "2026-10-21",
    ],
    [
      "a version of an API without versions",
      { api: "openai.chat", apiVersion: "1" },
      "API_UNKNOWN",
      "no versions",
    ],
    ["a negative prompt", { promptTokens: -1 }, "REQUEST_MALFORMED", "negative"],
    ["a number that is no mode", { mode: 9 }, "RENDER_MODE_UNSUPPORTED", "RENDER_MODE_RAW"],
  ])("with %s is refused", async (_, more, reason, text) => {
    const refusal = await refusalOf(planning("gpt-4", more));
    expect(refusal.reason).toBe(reason);
    expect(refusal.violations[0]?.[1]).toContain(text);
  });

  it("A113: needs a phase", async () => {
    const refusal = await refusalOf(configs.getLLMParams({ model: "gpt-4" }));
    expect(refusal.reason).toBe("PHASE_REQUIRED");
  });

  it("of a model that is switched off is answered, and says so", async () => {
    await models.putModelConfig({ config: { modelName: "gpt-3.5-turbo", enabled: false } });
    expect((await planning("gpt-3.5-turbo", raw)).enabled).toBe(false);
  });
});

describe("a lookup", () => {
  const codes = async (model: string, phase: Phase, more: object = {}) =>
    (await configs.resolveConfig({ model, phase, ...more })).warnings.map(({ code }) => code);

  it("A013, A091, A092: answers 3000 tokens for gpt-4 in planning", async () => {
    const { settings } = await configs.resolveConfig({ model: "gpt-4", phase: Phase.PLANNING });
    expect(settings?.maxTokens).toBe(3000);
    expect(settings?.temperature).toBe(0.3);
  });

  it("X36: warns of retired models and of answers that leave no room, and keeps the values", async () => {
    expect(await codes("gpt-4", Phase.PLANNING)).toEqual(["MODEL_RETIRED"]);
    expect(await codes("llama-2", Phase.PLANNING)).toEqual(["MODEL_DEPRECATED", "CONTEXT_TIGHT"]);
    expect(await codes("llama-2", Phase.EXECUTION)).toEqual(["MODEL_DEPRECATED"]);
    const { settings } = await configs.resolveConfig({ model: "llama-2", phase: Phase.PLANNING });
    expect(settings).toMatchObject({ temperature: 0.3, maxTokens: 3000 });
  });

  it("X30: of gpt-oss-20b has the defaults and nothing to warn of", async () => {
    expect(await codes("gpt-oss-20b", Phase.PLANNING)).toEqual([]);
  });

  it("warns by the call's own settings", async () => {
    const tight = { callSettings: { maxTokens: 4000 } };
    expect(await codes("llama-2", Phase.EXECUTION, tight)).toContain("CONTEXT_TIGHT");
  });
});
