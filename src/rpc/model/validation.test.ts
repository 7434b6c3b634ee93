import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { ModelCapability, ModelConfigSchema } from "../../gen/attuned/v1/model_config_pb.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { openTestServices, refusalOf } from "../rpc-fixtures.ts";

const { engine, models } = await openTestServices();
const { PLANNING, EXECUTION } = Phase;

function config(modelName: string, execution: object, more: object = {}) {
  return { modelName, phases: [{ phase: EXECUTION, settings: execution }], ...more };
}

async function validate(request: Parameters<typeof models.validateConfig>[0]) {
  const { valid, violations, warnings, merged } = await models.validateConfig(request);
  return {
    valid,
    violations: violations.map(({ field }) => field),
    warnings: warnings.map(({ code, field }) => `${code} ${field}`),
    messages: [...violations, ...warnings].map(({ message }) => message),
    merged,
  };
}

const WRONG: MessageInitShape<typeof ModelConfigSchema> = {
  modelName: "gpt-4",
  phases: [
    { phase: PLANNING, settings: { temperature: 3, maxTokens: 0, reasoningEffort: "huge" } },
    { phase: PLANNING, settings: { topP: 2 } },
    { settings: { temperature: 1 } },
  ],
  limits: { contextWindow: 0, maxIterations: -1 },
  retryPolicy: { backoffMultiplier: 0.5 },
  capabilities: [99 as ModelCapability],
  optimizationTips: ["fine", "x".repeat(5000)],
};

describe("ValidateConfig", () => {
  it("A095, A117: lists all violations at once, with their paths", async () => {
    const { valid, violations, merged } = await validate({ config: WRONG });
    expect(valid).toBe(false);
    expect(merged).toBeUndefined();
    expect(violations).toEqual([
      "config.phases[1].phase",
      "config.phases[2].phase",
      "config.capabilities[0]",
      "config.optimizationTips[1]",
      "config.limits.contextWindow",
      "config.limits.maxIterations",
      "config.retryPolicy.backoffMultiplier",
      "config.phases[planning].settings.topP",
    ]);
    const { violations: settings } = await validate({
      config: { ...WRONG, phases: WRONG.phases?.slice(0, 1) ?? [] },
    });
    expect(settings).toEqual(
      expect.arrayContaining([
        "config.phases[planning].settings.temperature",
        "config.phases[planning].settings.maxTokens",
        "config.phases[planning].settings.reasoningEffort",
      ]),
    );
  });

  it("A117: finds what a write finds, and writes nothing", async () => {
    const refusal = await refusalOf(models.putModelConfig({ config: WRONG }));
    expect(refusal.reason).toBe("CONFIG_INVALID");
    expect(refusal.violations.map(([field]) => field)).toEqual(
      (await validate({ config: WRONG })).violations,
    );
    const good = { config: config("gpt-6-astra", { temperature: 1.5 }) };
    const dry = await models.validateConfig(good);
    expect(engine.state.config.revision).toBe(0);
    const written = await models.putModelConfig(good);
    expect(dry.warnings).toEqual(written.warnings);
    expect(dry.merged).toEqual(written.config);
  });

  it("needs a config", async () => {
    expect(await validate({})).toMatchObject({ valid: false, violations: ["config"] });
  });

  it("warns of what the provider would refuse or change, where the config sets it", async () => {
    const found = await validate({
      config: config("gpt-6-sol", { temperature: 1.5, verbosity: "low" }),
    });
    expect(found.valid).toBe(true);
    expect(found.warnings).toEqual([
      "REQUIRES_EFFORT_NONE config.phases[execution].settings.temperature",
    ]);
    expect(found.messages[0]).toContain("execution: temperature 1.5 will not reach");
    const claude = await validate({ config: config("claude-haiku-4-5", { temperature: 1.5 }) });
    expect(claude.warnings).toEqual([
      "CLAMPED_TO_RANGE config.phases[execution].settings.temperature",
    ]);
    const inherited = await validate({ config: { modelName: "gpt-6-sol", description: "x" } });
    expect(inherited.warnings).toEqual([]);
    const good = await validate({
      config: config("gpt-6-sol", { temperature: 0.5, topP: 0.9, reasoningEffort: "none" }),
    });
    expect(good.warnings).toEqual([]);
  });

  it("A119: holds max_tokens against the context and the provider's limit", async () => {
    const found = await validate({ config: config("claude-opus-4-5", { maxTokens: 190_000 }) });
    expect(found.valid).toBe(true);
    expect(found.warnings).toContain(
      "CLAMPED_TO_OUTPUT_LIMIT config.phases[execution].settings.maxTokens",
    );
    expect(found.warnings).toContain("CONTEXT_TIGHT config.phases[execution].settings.maxTokens");
    const own = await validate({ config: config("my-own", { maxTokens: 5000 }) });
    expect(own.warnings).toContain("CONTEXT_TIGHT config.phases[execution].settings.maxTokens");
    const limits = { contextWindow: 32_000 };
    const roomy = await validate({ config: config("my-own", { maxTokens: 5000 }, { limits }) });
    expect(roomy.warnings).toEqual([]);
  });

  it("A118: warns of parallel calls of a model that has none", async () => {
    const limits = { maxParallelCalls: 4 };
    const found = await validate({ config: { modelName: "llama-2", limits } });
    expect(found.valid).toBe(true);
    expect(found.warnings).toContain("PARALLEL_UNSUPPORTED config.limits.maxParallelCalls");
    const { warnings } = await models.putModelConfig({ config: { modelName: "llama-2", limits } });
    expect(warnings.map(({ code }) => code)).toContain("PARALLEL_UNSUPPORTED");
    const able = await validate({ config: { modelName: "gpt-4-turbo", limits } });
    expect(able.warnings).not.toContain("PARALLEL_UNSUPPORTED config.limits.maxParallelCalls");
  });
});

describe("constraints (B082)", () => {
  const subject = config("gpt-4-turbo", {
    temperature: 0.9,
    maxTokens: 5000,
    timeoutSeconds: 60,
    maxRetries: 5,
  });

  it("are broken all at once", async () => {
    const constraints = {
      maxTemperature: 0.5,
      minTemperature: 0.1,
      maxTokens: 2000,
      maxTimeoutSeconds: 30,
      maxRetries: 3,
      allowedModels: ["gpt-4", "claude-3-opus"],
    };
    const { valid, violations } = await validate({ config: subject, constraints });
    expect(valid).toBe(false);
    expect(violations).toEqual([
      "config.phases[execution].settings.temperature",
      "config.phases[execution].settings.maxTokens",
      "config.phases[execution].settings.timeoutSeconds",
      "config.phases[execution].settings.maxRetries",
      "config.modelName",
    ]);
  });

  it("hold at their very bounds, and for another name of an allowed model", async () => {
    const constraints = {
      maxTemperature: 0.9,
      minTemperature: 0.1,
      maxTokens: 5000,
      maxTimeoutSeconds: 60,
      maxRetries: 5,
      allowedModels: ["gpt-4-turbo-preview"],
    };
    expect(await validate({ config: subject, constraints })).toMatchObject({
      valid: true,
      violations: [],
    });
  });

  it("that layers below break are warnings: the caller did not write those values", async () => {
    const { valid, warnings } = await validate({
      config: { modelName: "gpt-4-turbo" },
      constraints: { maxTemperature: 0.75 },
    });
    expect(valid).toBe(true);
    expect(warnings).toContain(
      "CONSTRAINT_INHERITED config.phases[reflection].settings.temperature",
    );
  });

  it.each([
    [{ maxTemperature: Number.NaN }, "constraints.maxTemperature"],
    [{ maxTokens: -1 }, "constraints.maxTokens"],
    [{ minTemperature: 1, maxTemperature: 0.5 }, "constraints.minTemperature"],
  ])("that bound nothing are refused: %j", async (constraints, field) => {
    const refusal = await refusalOf(models.validateConfig({ config: subject, constraints }));
    expect(refusal.reason).toBe("REQUEST_MALFORMED");
    expect(refusal.violations.map(([path]) => path)).toEqual([field]);
  });
});
