import { afterAll, describe, expect, test } from "vitest";
import { call, post, reasonOf } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";

const daemon = await startDaemon();
afterAll(() => daemon[Symbol.asyncDispose]());

interface Resolved {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly provenance: readonly { readonly field: string; readonly layer: string }[];
}

const resolve = (model: string, phase: string) =>
  call<Resolved>(daemon.agentsUrl, "ConfigService/ResolveConfig", { model, phase });

const MODELS = [
  "gpt-4",
  "gpt-4-turbo",
  "gpt-3.5-turbo",
  "claude-3-opus",
  "claude-3-sonnet",
  "claude-3-haiku",
  "glm-4",
  "llama-2",
  "mistral",
  "gemini-pro",
  "gemini-ultra",
];

/** The seed's section on phases: ids of temperature, max tokens and description, then what they are. */
const PHASES = [
  ["A027", "A028", "A029", "PLANNING", 0.3, 3000, "Task decomposition, strategy formation"],
  ["A030", "A031", "A032", "EXECUTION", 0.7, 2000, "Tool calling, action execution"],
  ["A033", "A034", "A035", "REFLECTION", 0.8, 2500, "Self-correction, error analysis"],
  ["A036", "A037", "A038", "SUMMARIZATION", 0.2, 1000, "Result synthesis, final answers"],
  ["A039", "A040", "A041", "ERROR_RECOVERY", 0.5, 1500, "Error handling, retry strategies"],
  ["A042", "A043", "A044", "VALIDATION", 0.1, 1000, "Result verification, quality checks"],
] as const;

describe.each(PHASES)("%s %s %s %s: temperature %d, %d tokens, %s", (...row) => {
  const [, , , name, temperature, maxTokens, description] = row;
  const phase = `PHASE_${name}`;

  test.each(MODELS)("A045 of %s", async (model) => {
    const { settings, provenance } = await resolve(model, phase);
    const reasons = name === "PLANNING" || name === "REFLECTION";
    expect(settings).toEqual({
      temperature,
      maxTokens,
      topP: 0.9,
      timeoutSeconds: 30,
      maxRetries: 3,
      ...(reasons ? { enableReasoning: true } : {}),
    });
    expect(new Set(provenance.map(({ layer }) => layer))).toEqual(new Set(["LAYER_BUILTIN"]));
  });

  test("is described and listed with these defaults", async () => {
    const { phases } = await call<{ phases: object[] }>(
      daemon.agentsUrl,
      "ModelService/ListPhases",
    );
    expect(phases).toContainEqual({
      phase,
      name: name.toLowerCase(),
      description,
      defaultTemperature: temperature,
      defaultMaxTokens: maxTokens,
    });
  });
});

test("A004 A088 there are exactly the seed's six phases, in the order of work", async () => {
  const { phases } = await call<{ phases: { phase: string; name: string }[] }>(
    daemon.agentsUrl,
    "ModelService/ListPhases",
  );
  expect(phases.map(({ name }) => name)).toEqual([
    "planning",
    "execution",
    "reflection",
    "summarization",
    "error_recovery",
    "validation",
  ]);
});

test("A012 A091 get_temperature_for_phase is the temperature of the resolution", async () => {
  expect((await resolve("gpt-4", "PHASE_PLANNING")).settings["temperature"]).toBe(0.3);
});

test("A013 A092 get_max_tokens_for_phase is the max tokens of the resolution", async () => {
  expect((await resolve("gpt-4", "PHASE_PLANNING")).settings["maxTokens"]).toBe(3000);
});

const rawParams = async (additionalParams: object = {}) => {
  const response = await fetch(`${daemon.agentsUrl}/attuned.v1.ConfigService/GetLLMParams`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "gpt-4",
      phase: "PHASE_PLANNING",
      mode: "RENDER_MODE_RAW",
      additionalParams,
    }),
  });
  return /"params":(\{.*?\})/.exec(await response.text())?.[1];
};

test("A014 get_llm_params_for_phase is the seed's dict, byte for byte", async () => {
  expect(await rawParams()).toBe(
    '{"model":"gpt-4","temperature":0.3,"max_tokens":3000,"top_p":0.9}',
  );
});

test("A098 additional_params extend the dict behind its own keys and override them in their place", async () => {
  expect(await rawParams({ seed: 7, temperature: 0 })).toBe(
    '{"model":"gpt-4","temperature":0,"max_tokens":3000,"top_p":0.9,"seed":7}',
  );
});

test("A085 settings of a phase hold every field of the seed", async () => {
  const settings = {
    temperature: 0,
    maxTokens: 1,
    topP: 0.5,
    topK: 40,
    presencePenalty: -1,
    frequencyPenalty: 1,
    stopSequences: ["END"],
    responseFormat: "json",
    enableReasoning: false,
    reasoningEffort: "low",
    timeoutSeconds: 2.5,
    maxRetries: 0,
    verbosity: "low",
    seed: 1,
  };
  await call(daemon.agentsUrl, "ModelService/PutModelConfig", {
    config: { modelName: "all-fields", phases: [{ phase: "PHASE_VALIDATION", settings }] },
  });
  expect((await resolve("all-fields", "PHASE_VALIDATION")).settings).toEqual(settings);
});

test("A113 a lookup without a phase is refused with PHASE_REQUIRED", async () => {
  const answer = await post(daemon.agentsUrl, "ConfigService/ResolveConfig", { model: "gpt-4" });
  expect(answer.status).toBe(400);
  expect(reasonOf(answer)).toBe("PHASE_REQUIRED");
});
