import { afterAll, describe, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";

const daemon = await startDaemon();
afterAll(() => daemon[Symbol.asyncDispose]());

interface WireConfig {
  readonly modelName: string;
  readonly modelFamily: string;
  readonly displayName: string;
  readonly description: string;
  readonly capabilities: readonly string[];
  readonly limits: Readonly<Record<string, number | string>>;
  readonly retryPolicy: Readonly<Record<string, unknown>>;
  readonly phases: readonly { readonly phase: string; readonly settings: object }[];
  readonly group: string;
  readonly enabled: boolean;
}

const getModelConfig = async (model: string): Promise<WireConfig> =>
  (await call<{ config: WireConfig }>(daemon.agentsUrl, "ModelService/GetModelConfig", { model }))
    .config;

/** The seed's list, line by line. The two contexts that it leaves out are those of seed decision X03. */
const SEED_MODELS = `
A015  gpt-4           GPT Models     Full capabilities                    128000  15  5
A016  gpt-4-turbo     GPT Models     Faster, same capabilities            128000  20  10
A017  gpt-3.5-turbo   GPT Models     Faster but less capable              16385   10  3
A018  claude-3-opus   Claude Models  Highest capability                   200000  15  5
A019  claude-3-sonnet Claude Models  Balanced capability                  200000  12  4
A020  claude-3-haiku  Claude Models  Fast for simple tasks                200000  8   2
A021  glm-4           Local LLMs     Capable but needs careful prompting  32768   8   2
A022  llama-2         Local LLMs     Requires explicit ReAct pattern      4096    6   1
A023  mistral         Local LLMs     Efficient and capable                8192    8   2
A024  gemini-pro      Gemini Models  Strong multimodal                    32768   12  4
A025  gemini-ultra    Gemini Models  Most capable                         32768   15  5
`
  .trim()
  .split("\n")
  .map((line) => {
    const match =
      /^(\w+) +(\S+) +(\w+ (?:Models|LLMs)) +(.+?) +(\d+) +(\d+) +(\d+)$/.exec(line) ?? [];
    const [, id = "", model = "", group = "", description = "", context, iterations, parallel] =
      match;
    const limits = {
      contextWindow: Number(context),
      maxIterations: Number(iterations),
      maxParallelCalls: Number(parallel),
    };
    return { id, model, group, description, limits };
  });

describe("the seed's models", () => {
  test.each(SEED_MODELS)("$id $model: $description, with its limits", async (seed) => {
    const { description, limits, group, enabled } = await getModelConfig(seed.model);
    const { contextWindowText: _text, ...numbers } = limits;
    expect({ description, limits: numbers, group, enabled }).toEqual({
      description: seed.description,
      limits: seed.limits,
      group: seed.group,
      enabled: true,
    });
  });

  test("A003 all eleven are there without any set-up, of GPT, Claude, Gemini and local LLMs", async () => {
    const { models } = await call<{ models: WireConfig[] }>(
      daemon.agentsUrl,
      "ModelService/ListModels",
    );
    expect(models.map(({ modelName }) => modelName)).toEqual(
      SEED_MODELS.map(({ model }) => model).toSorted(),
    );
    const { layers } = await call<{ layers: string[] }>(
      daemon.agentsUrl,
      "ModelService/GetModelConfig",
      { model: "gpt-4" },
    );
    expect(layers[0]).toBe("LAYER_BUILTIN");
  });

  test("A026 A082 they are listed by the seed's four groups, and by family", async () => {
    for (const group of new Set(SEED_MODELS.map((seed) => seed.group))) {
      const { models } = await call<{ models: WireConfig[] }>(
        daemon.agentsUrl,
        "ModelService/ListModels",
        { group },
      );
      const expected = SEED_MODELS.filter((seed) => seed.group === group).map(({ model }) => model);
      expect(models.map(({ modelName }) => modelName)).toEqual(expected.toSorted());
    }
    const { models } = await call<{ models: WireConfig[] }>(
      daemon.agentsUrl,
      "ModelService/ListModels",
      { family: "claude" },
    );
    expect(models).toHaveLength(3);
  });

  test("A011 A081 A090 get_model_config answers the complete config of a model", async () => {
    const config = await getModelConfig("gpt-4");
    expect(config).toMatchObject({
      modelName: "gpt-4",
      modelFamily: "gpt",
      displayName: "GPT-4",
      limits: { contextWindow: 128_000, contextWindowText: "128K" },
    });
    expect(config.phases).toHaveLength(6);
  });

  test("A086 the retry policy of a model is its own record", async () => {
    expect((await getModelConfig("mistral")).retryPolicy).toEqual({
      maxRetries: 3,
      retryOnErrors: ["timeout", "rate_limit", "server_error"],
      backoffMultiplier: 2,
      initialDelayMs: 1000,
      maxDelayMs: 10_000,
      retryOnValidationFailure: true,
    });
  });
});

/** One letter per capability, as the seed decision X09 lists them. */
const CAPABILITIES = {
  T: "TOOL_CALLING",
  R: "REASONING",
  P: "PARALLEL_EXECUTION",
  F: "REFLECTION",
  C: "CODE_GENERATION",
  L: "LONG_CONTEXT",
  J: "JSON_MODE",
  S: "STREAMING",
} as const;

test.each([
  ["gpt-4", "TRPFCLJS"],
  ["gpt-4-turbo", "TRPFCLJS"],
  ["gpt-3.5-turbo", "TRPCJS"],
  ["claude-3-opus", "TRPFCLS"],
  ["claude-3-sonnet", "TRPCS"],
  ["claude-3-haiku", "TRCS"],
  ["glm-4", "TRCJ"],
  ["llama-2", "RC"],
  ["mistral", "TRCJ"],
  ["gemini-pro", "TRPCLS"],
  ["gemini-ultra", "TRPFCLS"],
])("A089 the capabilities of %s are %s", async (model, letters) => {
  const expected = [...letters].map(
    (letter) => `MODEL_CAPABILITY_${CAPABILITIES[letter as keyof typeof CAPABILITIES]}`,
  );
  expect((await getModelConfig(model)).capabilities).toEqual(expected);
});
