import { afterAll, beforeAll, expect, test } from "vitest";
import { call, post } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";

const daemon = await startDaemon();
afterAll(() => daemon[Symbol.asyncDispose]());

/** The seed's example of a custom model, as a write. */
const CONFIG = {
  modelName: "custom-model",
  modelFamily: "custom",
  displayName: "Custom Model",
  capabilities: [
    "MODEL_CAPABILITY_TOOL_CALLING",
    "MODEL_CAPABILITY_REASONING",
    "MODEL_CAPABILITY_CODE_GENERATION",
  ],
  limits: { maxIterations: 20, maxParallelCalls: 8 },
  specialInstructions: "Optimized for code generation tasks",
  phases: [
    {
      phase: "PHASE_PLANNING",
      settings: { temperature: 0.2, maxTokens: 4000, enableReasoning: true },
    },
  ],
};

interface Put {
  readonly config: typeof CONFIG & {
    readonly limits: Record<string, number>;
    readonly phases: { phase: string; settings: Record<string, unknown> }[];
  };
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly revision: string;
}

let put: Put;
beforeAll(async () => {
  put = await call<Put>(daemon.agentsUrl, "ModelService/PutModelConfig", {
    config: CONFIG,
    reason: "the seed's example",
  });
});

test("A046 A047 A048 its name, family and display name are kept", () => {
  expect(put.config).toMatchObject({
    modelName: "custom-model",
    modelFamily: "custom",
    displayName: "Custom Model",
  });
});

test("A049 its capabilities are exactly the three given", () => {
  expect(put.config.capabilities).toEqual(CONFIG.capabilities);
});

test("A050 A051 its limits are kept, and the context falls through to the default", () => {
  expect(put.config.limits).toMatchObject({
    maxIterations: 20,
    maxParallelCalls: 8,
    contextWindow: 4096,
  });
});

test("A052 its special instructions are kept", () => {
  expect(put.config.specialInstructions).toBe("Optimized for code generation tasks");
});

test("A053 the planning phase is as given, the five others keep the defaults", async () => {
  const phases = Object.fromEntries(
    put.config.phases.map(({ phase, settings }) => [phase, settings]),
  );
  expect(phases["PHASE_PLANNING"]).toMatchObject({
    temperature: 0.2,
    maxTokens: 4000,
    topP: 0.9,
    enableReasoning: true,
  });
  const { settings } = await call<{ settings: object }>(
    daemon.agentsUrl,
    "ConfigService/ResolveConfig",
    { model: "custom-model", phase: "PHASE_PLANNING" },
  );
  expect(settings).toEqual(phases["PHASE_PLANNING"]);
  const others = Object.entries(phases).filter(([phase]) => phase !== "PHASE_PLANNING");
  expect(others.map(([, { temperature, maxTokens }]) => [temperature, maxTokens])).toEqual([
    [0.7, 2000],
    [0.8, 2500],
    [0.2, 1000],
    [0.5, 1500],
    [0.1, 1000],
  ]);
});

test("A118 more parallel calls than the capabilities say is accepted with a warning", () => {
  expect(put.warnings.map(({ code }) => code)).toContain("PARALLEL_UNSUPPORTED");
});

test("A117 every write is validated: one that breaks rules changes nothing and names all of them", async () => {
  const before = await call(daemon.agentsUrl, "ModelService/GetModelConfig", {
    model: "custom-model",
  });
  const { status, body } = await post(daemon.agentsUrl, "ModelService/PutModelConfig", {
    config: {
      ...CONFIG,
      limits: { maxIterations: 0 },
      phases: [{ phase: "PHASE_EXECUTION", settings: { temperature: 3, maxTokens: 0 } }],
    },
  });
  expect(status).toBe(400);
  const text = JSON.stringify(body);
  for (const field of ["maxIterations", "temperature", "maxTokens"]) expect(text).toContain(field);
  expect(
    await call(daemon.agentsUrl, "ModelService/GetModelConfig", { model: "custom-model" }),
  ).toEqual(before);
});
