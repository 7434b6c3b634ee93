import { describe, expect, it } from "vitest";
import { BUILTIN_MODELS } from "../../domain/config/builtin.ts";
import { parseEnvironment } from "../../domain/config/environment.ts";
import { Phase, PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { openTestServices, refusalOf } from "../rpc-fixtures.ts";

const { engine, platform, models } = await openTestServices();
const codes = (warnings: readonly { readonly code: string; readonly field: string }[]) =>
  warnings.map(({ code, field }) => `${code} ${field}`);

describe("ListModels", () => {
  const names = async (request: object) =>
    (await models.listModels({ pageSize: 1000, ...request })).models.map(
      ({ modelName }) => modelName,
    );

  it("A082: lists the registry, not the catalog, where no lifecycle is named", async () => {
    expect(await names({})).toEqual([...BUILTIN_MODELS.keys()].sort());
  });

  it("X36: shows the models that are current", async () => {
    const current = await names({ lifecycle: "current" });
    expect(current.length).toBeGreaterThan(200);
    expect(current).toEqual(expect.arrayContaining(["gpt-6-sol", "claude-opus-5-5"]));
    expect(current).not.toContain("gpt-4");
    expect(current).toEqual(current.toSorted());
    const { facts } = await models.listModels({ lifecycle: "current", family: "claude" });
    expect(Object.values(facts).every(({ lifecycle }) => lifecycle === "current")).toBe(true);
    expect(facts["claude-opus-5-5"]).toMatchObject({ inputUsdPerMillion: 4, vendor: "anthropic" });
  });

  it("puts every known model into one lifecycle", async () => {
    const lifecycles = ["preview", "current", "deprecated", "retired"];
    const all = await Promise.all(lifecycles.map((lifecycle) => names({ lifecycle })));
    expect(all.flat().toSorted()).toEqual([...engine.state.config.catalog.ids]);
  });

  it("filters by group and family, also together with a lifecycle", async () => {
    expect(await names({ group: "Gemini Models" })).toEqual(["gemini-pro", "gemini-ultra"]);
    expect(await names({ family: "glm", lifecycle: "deprecated" })).toContain("glm-4");
    expect(await names({ group: "Local LLMs", lifecycle: "retired" })).toEqual(["mistral"]);
  });

  it("pages through the models of a lifecycle", async () => {
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await models.listModels({ lifecycle: "current", pageSize: 37, pageToken });
      expect(Object.keys(page.facts).length).toBe(page.models.length);
      seen.push(...page.models.map(({ modelName }) => modelName));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toEqual(await names({ lifecycle: "current" }));
  });

  it("refuses a lifecycle that there is none of", async () => {
    const refusal = await refusalOf(models.listModels({ lifecycle: "alive" }));
    expect(refusal.reason).toBe("REQUEST_MALFORMED");
    expect(refusal.violations[0]?.[1]).toContain("preview, current, deprecated, retired");
  });
});

describe("GetModelConfig", () => {
  it("A081, A090, X01: tells the config's window apart from the provider's", async () => {
    const { config, facts, warnings } = await models.getModelConfig({ model: "gpt-4" });
    expect(config?.limits).toMatchObject({ contextWindow: 128_000, contextWindowText: "128K" });
    expect(facts).toMatchObject({
      canonicalId: "gpt-4",
      contextWindow: 8192,
      lifecycle: "retired",
      inputUsdPerMillion: 30,
      outputUsdPerMillion: 60,
      nativeApi: "openai.chat",
    });
    expect(facts?.priceSource).not.toBe("");
    expect(facts?.priceAsOf).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(codes(warnings)).toEqual([
      "MODEL_RETIRED config.modelName",
      "CONTEXT_TIGHT config.limits.contextWindow",
    ]);
  });

  it("X36: warns of llama-2's planning, which leaves 1096 tokens for the prompt", async () => {
    const { config, warnings } = await models.getModelConfig({ model: "llama-2" });
    const planning = config?.phases.find(({ phase }) => phase === Phase.PLANNING);
    expect(planning?.settings?.maxTokens).toBe(3000);
    const tight = warnings.find(({ code }) => code === "CONTEXT_TIGHT");
    expect(tight?.field).toBe("config.phases[planning].settings.maxTokens");
    expect(tight?.message).toContain("leaves 1096 tokens for the prompt");
  });

  it("gives a local build no price and no calendar", async () => {
    const { config, facts } = await models.getModelConfig({ model: "ollama/mistral:7b" });
    expect(config?.modelName).toBe("mistral");
    expect(facts).toMatchObject({ lifecycle: "current", priceSource: "", outputTokensMax: 0 });
    expect(facts?.inputUsdPerMillion).toBeUndefined();
  });

  it("lists the prices of long prompts", async () => {
    const { facts } = await models.getModelConfig({ model: "claude-haiku-5-5" });
    expect(facts).toMatchObject({
      inputUsdPerMillion: 0.1,
      cacheReadUsdPerMillion: 0.01,
      priceTiers: [
        { inputTokensAbove: 100_000, inputUsdPerMillion: 0.5, outputUsdPerMillion: 2.5 },
      ],
    });
  });

  it("A085, A086, A088: has six phases and a retry policy", async () => {
    const { config } = await models.getModelConfig({ model: "gpt-3.5-turbo" });
    expect(config?.phases.map(({ phase }) => PhaseSchema.value[phase]?.localName)).toEqual([
      "PLANNING",
      "EXECUTION",
      "REFLECTION",
      "SUMMARIZATION",
      "ERROR_RECOVERY",
      "VALIDATION",
    ]);
    expect(config?.retryPolicy).toMatchObject({
      maxRetries: 3,
      retryOnErrors: ["timeout", "rate_limit", "server_error"],
    });
  });
});

describe("where everything comes from", () => {
  it("GetCatalogInfo names day, age and sources", async () => {
    const { info } = engine.state.config.catalog;
    platform.clock.ms = info.generatedAtMs + 36 * 60 * 60 * 1000;
    const answer = await models.getCatalogInfo({});
    expect(answer).toMatchObject({ date: info.generatedOn, ageDays: 1.5 });
    expect(answer.modelCount).toBeGreaterThanOrEqual(400);
    expect(answer.sources.map(({ licence }) => licence)).toEqual(["MIT", "MIT", "MIT"]);
    const counted = Object.values(answer.countByLifecycle).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(answer.modelCount);
  });

  it("GetEnvironmentConfig names the variables that were read, and what they set", async () => {
    const environment = parseEnvironment({
      VIBEAGENT_MODEL_DEFAULT: "gpt-4",
      VIBEAGENT_MODEL_TEMPERATURE_PLANNING: "0.2",
      VIBEAGENT_MODEL_MAX_TOKENS: "3000",
    });
    const other = await openTestServices({ environment });
    const answer = await other.models.getEnvironmentConfig({});
    expect(answer.defaultModel).toBe("gpt-4");
    expect(answer.phases.length).toBe(6);
    expect(answer.phases[0]).toMatchObject({ settings: { temperature: 0.2, maxTokens: 3000 } });
    expect(answer.variables).toMatchObject([
      { name: "VIBEAGENT_MODEL_DEFAULT", value: "gpt-4", sets: "default_model" },
      { name: "VIBEAGENT_MODEL_MAX_TOKENS", value: "3000", sets: "max_tokens" },
      { name: "VIBEAGENT_MODEL_TEMPERATURE_PLANNING", value: "0.2", sets: "planning.temperature" },
    ]);
    expect(codes(answer.warnings)).toEqual(["ENVIRONMENT "]);
    expect((await models.getEnvironmentConfig({})).variables).toEqual([]);
  });
});
