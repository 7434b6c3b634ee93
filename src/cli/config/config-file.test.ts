import { toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ModelConfigSchema } from "../../gen/attuned/v1/model_config_pb.ts";
import { CommandFailed } from "../failure.ts";
import { configFromText } from "./config-file.ts";

const expected = {
  modelName: "gpt-4",
  phases: [{ phase: "PHASE_EXECUTION", settings: { temperature: 0.7, maxTokens: 2000 } }],
};

describe("configFromText", () => {
  test.each([
    [
      "YAML with a map of phases",
      "model_name: gpt-4\nphases:\n  execution: {temperature: 0.7, max_tokens: 2000}",
    ],
    [
      "YAML with the API's list",
      "modelName: gpt-4\nphases:\n- phase: execution\n  settings: {temperature: 0.7, maxTokens: 2000}",
    ],
    ["protobuf JSON", JSON.stringify(expected)],
  ])("reads %s", async (_, text) => {
    const { config } = await configFromText(text, "gpt-4.yaml");
    expect(toJson(ModelConfigSchema, config)).toEqual(expected);
  });

  test("reads a whole request", async () => {
    const text = JSON.stringify({ config: expected, etag: "e1", reason: "trial" });
    const { config, etag, reason } = await configFromText(text, "put.json");
    expect({ name: config.modelName, etag, reason }).toEqual({
      name: "gpt-4",
      etag: "e1",
      reason: "trial",
    });
  });

  test.each([
    ["a: [", "gpt.yaml is not a model config: "],
    ["[]", "gpt.yaml is not a model config: it holds no fields"],
    ["", "gpt.yaml is not a model config: it holds no fields"],
    ["description: x", "gpt.yaml is not a model config: model_name is missing"],
    ["model_name: x\ntemprature: 1", 'key "temprature" is unknown'],
    ["model_name: x\nphases: 3", "phases is neither a list nor a map"],
    ["model_name: x\nphases: {exection: {}}", "exection"],
  ])("refuses %j", async (text, message) => {
    const failure = await configFromText(text, "gpt.yaml").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandFailed);
    expect(String(failure)).toContain(message);
  });
});
