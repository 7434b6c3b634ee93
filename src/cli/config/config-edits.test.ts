import { create, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ModelConfigSchema } from "../../gen/attuned/v1/model_config_pb.ts";
import { Phase } from "../../gen/attuned/v1/phase_pb.ts";
import { parsePair } from "../arguments.ts";
import { UsageError } from "../failure.ts";
import { editConfig, readEdits } from "./config-edits.ts";

function edited(set: readonly string[], unset: readonly string[] = []) {
  const stored = create(ModelConfigSchema, {
    modelName: "gpt-4",
    phases: [{ phase: Phase.EXECUTION, settings: { temperature: 0.7, maxTokens: 2000 } }],
  });
  const edits = readEdits(
    set.map((text) => parsePair(text, "--set")),
    unset,
  );
  return toJson(ModelConfigSchema, editConfig(stored, edits));
}

describe("editing a stored config", () => {
  test("changes one field and leaves the others", () => {
    expect(edited(["execution.temperature=0"])).toEqual({
      modelName: "gpt-4",
      phases: [{ phase: "PHASE_EXECUTION", settings: { temperature: 0, maxTokens: 2000 } }],
    });
  });

  test("adds a phase, limits, the retry policy and fields of the config", () => {
    expect(
      edited([
        'error_recovery.stop_sequences=["a"]',
        "limits.max_iterations=10",
        "retry_policy.backoff_multiplier=2",
        "enabled=false",
        "description=for trials",
        'capabilities=["MODEL_CAPABILITY_JSON_MODE"]',
      ]),
    ).toMatchObject({
      phases: [{}, { phase: "PHASE_ERROR_RECOVERY", settings: { stopSequences: ["a"] } }],
      limits: { maxIterations: 10 },
      retryPolicy: { backoffMultiplier: 2 },
      enabled: false,
      description: "for trials",
      capabilities: ["MODEL_CAPABILITY_JSON_MODE"],
    });
  });

  test("takes a field out", () => {
    expect(edited([], ["execution.temperature"])).toEqual({
      modelName: "gpt-4",
      phases: [{ phase: "PHASE_EXECUTION", settings: { maxTokens: 2000 } }],
    });
  });

  test.each([
    ["execution.temperature=hot", 'temperature cannot be "hot"; it takes a number'],
    ["execution.max_tokens=1.5", 'max_tokens cannot be "1.5"; it takes a whole number'],
    ["execution.temperatur=1", 'there is no field "temperatur", did you mean "temperature"?'],
    ["exection.temperature=1", 'not "exection", did you mean "execution"?'],
    ["enabled=maybe", 'enabled cannot be "maybe"; it takes true or false'],
    ["temperature=1", 'there is no field "temperature"'],
    ["model_name=x", "takes PHASE.FIELD"],
    ["execution.temperature=null", 'temperature cannot be "null"'],
  ])("refuses %s", (text, message) => {
    expect(() => edited([text])).toThrow(UsageError);
    expect(() => edited([text])).toThrow(message);
  });

  test("refuses one field twice", () => {
    expect(() => edited(["execution.temperature=1"], ["execution.temperature"])).toThrow("twice");
  });
});
