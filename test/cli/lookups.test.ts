import type { ConnectRouter } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ConfigService, RenderMode } from "../../src/gen/attuned/v1/config_service_pb.ts";
import { ModelCapability } from "../../src/gen/attuned/v1/model_config_pb.ts";
import { ModelService } from "../../src/gen/attuned/v1/model_service_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { Layer, ResolutionReason } from "../../src/gen/attuned/v1/resolution_pb.ts";
import { refusal } from "./refusal.ts";
import { cli } from "./run.ts";

const GPT_4 = {
  modelName: "gpt-4",
  modelFamily: "gpt",
  displayName: "GPT-4",
  description: "A large model.",
  group: "GPT Models",
  capabilities: [ModelCapability.TOOL_CALLING, ModelCapability.JSON_MODE],
  limits: { contextWindow: 128_000, contextWindowText: "128K", maxIterations: 15 },
  phases: [
    { phase: Phase.PLANNING, settings: { temperature: 0.3, maxTokens: 3000, topP: 0.9 } },
    { phase: Phase.EXECUTION, settings: { temperature: 0, maxTokens: 2000 } },
  ],
};

describe("resolve", () => {
  const world = {
    daemon: ({ service }: ConnectRouter) =>
      service(ConfigService, {
        resolveConfig: (request) => {
          if (request.requireKnown) {
            throw refusal(
              `no config is known for "${request.model}"`,
              Code.NotFound,
              "MODEL_NOT_FOUND",
              {
                suggestions: "gpt-4, gpt-4o",
              },
            );
          }
          return {
            model: request.model,
            configKey: "gpt-4",
            phase: request.phase,
            enabled: request.attributes["environment"] !== "off",
            settings: { temperature: 0.3, maxTokens: 3000 },
            limits: { contextWindow: 128_000, contextWindowText: "128K" },
            configId: "c1:abc",
            revision: 17n,
            decisionToken: "token",
            reason: ResolutionReason.DEFAULT,
            cacheable: !request.peek,
            maxAgeSeconds: 60,
            provenance: [
              { field: "temperature", layer: Layer.STORED, revision: 17n, source: "stored" },
              { field: "maxTokens", layer: Layer.BUILTIN, source: "seed" },
              { field: "limits.contextWindow", layer: Layer.CATALOG, source: request.unit },
            ],
            warnings: [{ code: "UNKNOWN_MODEL", message: "the defaults are answered" }],
          };
        },
      }),
  };

  test("shows the merged settings", async () => {
    const { code, stdout, stderr } = await cli("resolve gpt-4 planning", world);
    expect(code).toBe(0);
    expect(stderr).toBe("attuned: warning: the defaults are answered (UNKNOWN_MODEL)\n");
    expect(stdout).toMatchInlineSnapshot(`
      "gpt-4 planning
      FIELD                   VALUE
      temperature               0.3
      max_tokens               3000
      limits.context_window  128000

      config     gpt-4
      config id  c1:abc
      revision   17
      reason     default
      cacheable  for 60 s
      token      token
      "
    `);
  });

  test("explains where each field comes from", async () => {
    const line = "resolve gpt-4 planning --explain --peek --unit session-1";
    expect((await cli(line, world)).stdout).toMatchInlineSnapshot(`
      "gpt-4 planning
      FIELD                   VALUE  LAYER    REVISION  SOURCE
      temperature               0.3  stored         17  stored
      max_tokens               3000  builtin         0  seed
      limits.context_window  128000  catalog         0  session-1

      config     gpt-4
      config id  c1:abc
      revision   17
      reason     default
      cacheable  no
      token      token
      "
    `);
  });

  test("says when a model is switched off", async () => {
    const { code, stdout } = await cli("resolve gpt-4 planning -a environment=off", world);
    expect(code).toBe(0);
    expect(stdout).toContain("switched off: the agent must not call this model");
  });

  test("prints the answer as protobuf JSON, on one line for programs and indented for people", async () => {
    const { stdout } = await cli("resolve gpt-4 planning -o json", world);
    expect(stdout).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(stdout)).toMatchObject({
      model: "gpt-4",
      phase: "PHASE_PLANNING",
      settings: { temperature: 0.3, maxTokens: 3000 },
      revision: "17",
    });
    const pretty = await cli("-o json resolve gpt-4 planning", { ...world, isTty: true });
    expect(pretty.stdout).toContain('{\n  "model": "gpt-4",\n');
    expect(JSON.parse(pretty.stdout)).toEqual(JSON.parse(stdout));
  });

  test("suggests models for an unknown one", async () => {
    expect(await cli("resolve gpt-44 planning --require-known", world)).toEqual({
      code: 4,
      stdout: "",
      stderr:
        'attuned: no config is known for "gpt-44"; did you mean gpt-4, gpt-4o? (MODEL_NOT_FOUND)\n',
    });
  });

  test("uses colour only on a terminal and not with NO_COLOR", async () => {
    const line = "resolve gpt-4 planning";
    const colourCode = "\u001b";
    expect((await cli(line, { ...world, isTty: true })).stdout).toContain(colourCode);
    expect((await cli(line, world)).stdout).not.toContain(colourCode);
    const env = { NO_COLOR: "1" };
    expect((await cli(line, { ...world, isTty: true, env })).stdout).not.toContain(colourCode);
    const dumb = { TERM: "dumb" };
    expect((await cli(line, { ...world, isTty: true, env: dumb })).stdout).not.toContain(
      colourCode,
    );
  });
});

describe("params", () => {
  const seen: { mode: RenderMode; api: string; additional: unknown }[] = [];
  const world = {
    daemon: ({ service }: ConnectRouter) =>
      service(ConfigService, {
        getLLMParams: (request) => {
          const { mode, api, additionalParams: additional } = request;
          seen.push({ mode, api, additional });
          return {
            params: {
              model: request.model,
              temperature: 0.3,
              max_tokens: 3000,
              top_p: 0.9,
              ...request.additionalParams,
            },
            adjustments:
              request.mode === RenderMode.ADJUST
                ? [
                    {
                      param: "top_p",
                      action: "omitted",
                      reason: "UNSUPPORTED_BY_MODEL",
                      message: "not taken",
                    },
                  ]
                : [],
            enabled: true,
          };
        },
      }),
  };

  test("prints exactly the dict of the seed example", async () => {
    expect(await cli("params gpt-4 planning", world)).toEqual({
      code: 0,
      stdout: '{"model":"gpt-4","temperature":0.3,"max_tokens":3000,"top_p":0.9}\n',
      stderr: "",
    });
    expect(seen.at(-1)).toEqual({ mode: RenderMode.RAW, api: "", additional: undefined });
  });

  test("passes parameters as JSON or as text, in their order", async () => {
    const line = [
      "params",
      "gpt-4",
      "planning",
      "-p",
      "seed=7",
      "-p",
      "user=a b",
      "-p",
      'stop=["x"]',
    ];
    const { stdout } = await cli(line, world);
    expect(stdout).toBe(
      '{"model":"gpt-4","temperature":0.3,"max_tokens":3000,"top_p":0.9,"seed":7,"user":"a b","stop":["x"]}\n',
    );
  });

  test("keeps what was adjusted away from the dict", async () => {
    const { stdout, stderr } = await cli("params gpt-4 planning --mode adjust", world);
    expect(stdout).toMatch(/^\{"model".*\}\n$/);
    expect(stderr).toMatchInlineSnapshot(`
      "PARAMETER  CHANGE   ASKED  SENT  WHY        REASON
      top_p      omitted      -     -  not taken  UNSUPPORTED_BY_MODEL
      "
    `);
  });

  test("adjusts where an API is named, unless it is told not to", async () => {
    await cli("params gpt-4 planning --api openai.responses --prompt-tokens 10", world);
    expect(seen.at(-1)).toMatchObject({ mode: RenderMode.ADJUST, api: "openai.responses" });
    await cli("params gpt-4 planning --api openai.chat --mode strict", world);
    expect(seen.at(-1)).toMatchObject({ mode: RenderMode.STRICT, api: "openai.chat" });
    const { code, stderr } = await cli("params gpt-4 planning --prompt-tokens -1", world);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--prompt-tokens")]);
  });
});

describe("models", () => {
  const world = {
    daemon: ({ service }: ConnectRouter) =>
      service(ModelService, {
        listModels: ({ family, pageToken }) => {
          if (pageToken === "") {
            return { models: family === "claude" ? [] : [GPT_4], nextPageToken: "2" };
          }
          return { models: [{ modelName: "opaque", enabled: false }] };
        },
        getModelConfig: ({ model }) => ({
          config: { ...GPT_4, modelName: model },
          etag: "e1",
          revision: 3n,
          layers: [Layer.BUILTIN, Layer.STORED],
        }),
      }),
  };

  test("lists every page", async () => {
    expect((await cli("models", world)).stdout).toMatchInlineSnapshot(`
      "MODEL   FAMILY  GROUP       CONTEXT  ENABLED  CAPABILITIES
      gpt-4   gpt     GPT Models     128K  yes      tool_calling json_mode
      opaque                            -  no
      "
    `);
    expect((await cli("models --family claude", world)).stdout).not.toContain("gpt-4");
  });

  test("shows one with its phases", async () => {
    expect((await cli("models gpt-4", world)).stdout).toMatchInlineSnapshot(`
      "gpt-4  GPT-4
      A large model.

      family          gpt
      group           GPT Models
      capabilities    tool_calling json_mode
      context_window  128000
      max_iterations  15
      layers          builtin < stored
      revision        3
      etag            e1

      PHASE      TEMPERATURE  MAX_TOKENS  TOP_P
      planning           0.3        3000    0.9
      execution            0        2000      -
      "
    `);
  });

  test("fits a narrow terminal", async () => {
    const narrow = { ...world, isTty: true, columns: 40, env: { NO_COLOR: "1" } };
    for (const line of ["models", "models gpt-4"]) {
      const { stdout } = await cli(line, narrow);
      for (const row of stdout.split("\n")) expect(row.length).toBeLessThanOrEqual(40);
    }
  });
});
