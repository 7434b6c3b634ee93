import { afterAll, describe, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";

/** The variables of the seed's example. */
const daemon = await startDaemon({
  env: {
    VIBEAGENT_MODEL_DEFAULT: "gpt-4",
    VIBEAGENT_MODEL_TEMPERATURE_PLANNING: "0.35",
    VIBEAGENT_MODEL_TEMPERATURE_EXECUTION: "0.75",
    VIBEAGENT_MODEL_MAX_TOKENS: "3100",
  },
});
afterAll(() => daemon[Symbol.asyncDispose]());
const ask = <T>(method: string, request: object = {}) => call<T>(daemon.agentsUrl, method, request);

describe("A005 A094 detect_model_capabilities", () => {
  const detect = async (model: string) =>
    (await ask<{ capabilities?: string[] }>("ModelService/DetectCapabilities", { model }))
      .capabilities ?? [];

  test("A068 gpt-4-turbo calls tools", async () => {
    expect(await detect("gpt-4-turbo")).toContain("MODEL_CAPABILITY_TOOL_CALLING");
  });
  test("A069 gpt-4-turbo executes in parallel", async () => {
    expect(await detect("gpt-4-turbo")).toContain("MODEL_CAPABILITY_PARALLEL_EXECUTION");
  });
  test("llama-2 calls no tools, and says the same as the registry", async () => {
    const { config } = await ask<{ config: { capabilities: string[] } }>(
      "ModelService/GetModelConfig",
      { model: "llama-2" },
    );
    expect(await detect("llama-2")).toEqual(config.capabilities);
    expect(config.capabilities).not.toContain("MODEL_CAPABILITY_TOOL_CALLING");
  });
});

describe("A095 B082 validate_config", () => {
  const validate = (settings: object, constraints: object = {}) =>
    ask<{ valid: boolean; violations?: { field: string }[] }>("ModelService/ValidateConfig", {
      config: { modelName: "gpt-4", phases: [{ phase: "PHASE_EXECUTION", settings }] },
      constraints,
    });

  test("accepts what PutModelConfig accepts and names every violation of what it does not", async () => {
    expect(await validate({ temperature: 0.5 })).toMatchObject({ valid: true });
    const { valid, violations } = await validate({ temperature: 3, maxTokens: 0 });
    expect(valid).toBe(false);
    expect(violations).toHaveLength(2);
  });

  test("holds a config to constraints, and writes nothing", async () => {
    const { valid, violations } = await validate({ temperature: 0.9 }, { maxTemperature: 0.8 });
    expect(valid).toBe(false);
    expect(violations?.[0]?.field).toContain("temperature");
    const { changes } = await ask<{ changes?: object[] }>("HistoryService/GetHistory", {
      model: "gpt-4",
    });
    expect(changes ?? []).toEqual([]);
  });
});

describe("A087 A093 prompt templates", () => {
  test.each(["system", "few_shot", "error_handling"])(
    "get_prompt_template(model, %s) answers that type, not another",
    async (type) => {
      const { template } = await ask<{ template: { type: string; text: string } }>(
        "ModelService/GetPromptTemplate",
        { model: "llama-2", type },
      );
      expect(template.type).toBe(type);
      expect(template.text).not.toBe("");
    },
  );

  test("a stored template is rendered with its variables in one pass", async () => {
    await ask("ModelService/PutPromptTemplate", {
      template: { model: "gpt-4", type: "greeting", text: "Hello {{name}}!" },
    });
    const { text } = await ask<{ text: string }>("ModelService/RenderPrompt", {
      model: "gpt-4",
      type: "greeting",
      variables: { name: "{{name}}" },
    });
    expect(text).toBe("Hello {{name}}!");
  });
});

describe("the environment", () => {
  interface Resolved {
    readonly model: string;
    readonly settings: { readonly temperature: number; readonly maxTokens: number };
    readonly provenance: readonly { field: string; layer: string; source: string }[];
  }
  const resolve = (phase: string) => ask<Resolved>("ConfigService/ResolveConfig", { phase });
  const sourceOf = ({ provenance }: Resolved, field: string) => {
    const { layer, source } = provenance.find((item) => item.field === field) ?? {};
    return [layer, source];
  };

  test("A070 VIBEAGENT_MODEL_DEFAULT names the model of a lookup without one", async () => {
    expect((await resolve("PHASE_PLANNING")).model).toBe("gpt-4");
  });
  test("A071 VIBEAGENT_MODEL_TEMPERATURE_PLANNING is served in planning", async () => {
    const resolved = await resolve("PHASE_PLANNING");
    expect(resolved.settings.temperature).toBe(0.35);
    expect(sourceOf(resolved, "temperature")).toEqual([
      "LAYER_ENV",
      "VIBEAGENT_MODEL_TEMPERATURE_PLANNING",
    ]);
  });
  test("A072 VIBEAGENT_MODEL_TEMPERATURE_EXECUTION is served in execution, other phases keep theirs", async () => {
    expect((await resolve("PHASE_EXECUTION")).settings.temperature).toBe(0.75);
    expect((await resolve("PHASE_VALIDATION")).settings.temperature).toBe(0.1);
  });
  test("A073 VIBEAGENT_MODEL_MAX_TOKENS is served in every phase", async () => {
    for (const phase of ["PHASE_PLANNING", "PHASE_VALIDATION"]) {
      const resolved = await resolve(phase);
      expect(resolved.settings.maxTokens).toBe(3100);
      expect(sourceOf(resolved, "maxTokens")).toEqual(["LAYER_ENV", "VIBEAGENT_MODEL_MAX_TOKENS"]);
    }
  });
  test("A074 load_config_from_env is GetEnvironmentConfig, with the variables that were read", async () => {
    const environment = await ask<{ defaultModel: string; variables: { name: string }[] }>(
      "ModelService/GetEnvironmentConfig",
    );
    expect(environment.defaultModel).toBe("gpt-4");
    expect(environment.variables.map(({ name }) => name).toSorted()).toEqual([
      "VIBEAGENT_MODEL_DEFAULT",
      "VIBEAGENT_MODEL_MAX_TOKENS",
      "VIBEAGENT_MODEL_TEMPERATURE_EXECUTION",
      "VIBEAGENT_MODEL_TEMPERATURE_PLANNING",
    ]);
  });
});
