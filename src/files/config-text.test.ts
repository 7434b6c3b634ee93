import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PHASES } from "../domain/config/phase.ts";
import { SETTING_FIELDS } from "../domain/config/settings.ts";
import { readConfigText } from "./config-text.ts";
import { problemText } from "./file-problem.ts";

function configOf(text: string, file = "gpt-4.yaml") {
  const { configs, problems } = readConfigText(text, file);
  expect(problems).toEqual([]);
  return configs.map(({ config }) => config);
}

function problemsOf(text: string, file = "f.yaml"): string[] {
  const { configs, problems } = readConfigText(text, file);
  expect(configs).toEqual([]);
  return problems.map(problemText);
}

describe("a file holds", () => {
  test("one config in snake_case, with the phases as the seed maps them", () => {
    const text = [
      "model_name: custom-model",
      "model_family: custom",
      "display_name: Custom Model",
      "capabilities: [tool_calling, reasoning]",
      "max_iterations: 20",
      "max_parallel_calls: 8",
      "special_instructions: Optimized for code generation tasks",
      "phase_settings:",
      "  planning: {temperature: 0.2, max_tokens: 4000, enable_reasoning: true, timeout: 45}",
    ].join("\n");
    expect(configOf(text)).toEqual([
      {
        modelName: "custom-model",
        modelFamily: "custom",
        displayName: "Custom Model",
        capabilities: ["tool_calling", "reasoning"],
        specialInstructions: "Optimized for code generation tasks",
        limits: { maxIterations: 20, maxParallelCalls: 8 },
        phases: {
          planning: {
            temperature: 0.2,
            maxTokens: 4000,
            enableReasoning: true,
            timeoutSeconds: 45,
          },
        },
      },
    ]);
  });

  test("one config as the API answers it, in JSON", () => {
    const text = JSON.stringify(
      {
        modelName: "gpt-4",
        capabilities: ["MODEL_CAPABILITY_JSON_MODE"],
        limits: { contextWindow: 8192, contextWindowText: "8K" },
        retryPolicy: { maxRetries: 2, retryOnErrors: ["timeout"], backoffMultiplier: 1.5 },
        phases: [{ phase: "PHASE_ERROR_RECOVERY", settings: { topP: 0.5, stopSequences: ["x"] } }],
        enabled: false,
        group: "GPT Models",
      },
      null,
      "\t",
    );
    expect(configOf(text, "a/gpt-4.json")).toEqual([
      {
        modelName: "gpt-4",
        capabilities: ["json_mode"],
        limits: { contextWindow: 8192 },
        retryPolicy: { maxRetries: 2, retryOnErrors: ["timeout"], backoffMultiplier: 1.5 },
        phases: { error_recovery: { topP: 0.5, stopSequences: ["x"] } },
        enabled: false,
      },
    ]);
  });

  test("a config that is named after its file", () => {
    expect(configOf("enabled: true", "models/my-model.yml")).toEqual([
      { modelName: "my-model", enabled: true },
    ]);
  });

  test("a list of configs, or several documents, that share what they merge", () => {
    const shared = "phases: &cold {planning: {temperature: 0}}";
    const text = `- model_name: a\n  ${shared}\n- model_name: b\n  phases: {<<: *cold, execution: {seed: 7}}\n`;
    const [a, b] = configOf(text);
    expect(a?.phases).toEqual({ planning: { temperature: 0 } });
    expect(b?.phases).toEqual({ planning: { temperature: 0 }, execution: { seed: 7 } });
    expect(configOf("model_name: a\n---\nmodel_name: b\n").map((c) => c.modelName)).toEqual([
      "a",
      "b",
    ]);
  });

  test("zero and false as choices", () => {
    const [config] = configOf("phases: {planning: {temperature: 0, enable_reasoning: false}}");
    expect(config?.phases?.planning).toEqual({ temperature: 0, enableReasoning: false });
  });
});

describe("what is wrong is said with its line and column", () => {
  test.each([
    [
      "model_name: x\nphases:\n  planning:\n    temperature: 3\n",
      "f.yaml:4:18: phases.planning.temperature must be at least 0 and at most 2, is 3",
    ],
    ["model_name: x\ntemperatur: 1\n", 'f.yaml:2:1: "temperatur" is no known key'],
    [
      "phases: {planning: {temperatur: 1}}",
      'f.yaml:1:21: "temperatur" is no known key; did you mean temperature?',
    ],
    ["model_name: x\nmodel_name: y\n", 'f.yaml:2:1: "model_name" is given twice'],
    ["model_name: x\nmodelName: y\n", 'f.yaml:2:1: "modelName" is given twice'],
    [
      "phases: {plan: {}}",
      'f.yaml:1:10: "plan" is no phase; phases are planning, execution, reflection, summarization, error_recovery, validation',
    ],
    ["phases:\n- {settings: {seed: 1}}", "f.yaml:2:3: phase must name one of the six phases"],
    [
      "phases:\n- {phase: planning}\n- {phase: PHASE_PLANNING}",
      "f.yaml:3:11: planning is given twice",
    ],
    ["phases: 3", "f.yaml:1:9: phases must be a map of phases, or a list of {phase, settings}"],
    ["phases: {planning: {temperature: 'hot'}}", "f.yaml:1:34: temperature must be a number"],
    ["display_name: 4", "f.yaml:1:15: display_name must be a text; put it in quotes"],
    ["enabled: yes", "f.yaml:1:10: enabled must be true or false"],
    [
      "limits: {max_iterations: 0}",
      "f.yaml:1:26: limits.max_iterations must be a whole number of at least 1, is 0",
    ],
    [
      "max_iterations: 1.5",
      "f.yaml:1:17: limits.max_iterations must be a whole number of at least 1, is 1.5",
    ],
    [
      "capabilities: [flying]",
      'f.yaml:1:15: "flying" is no capability; those are tool_calling, reasoning, parallel_execution, reflection, code_generation, long_context, json_mode, streaming',
    ],
    ["optimization_tips: [1]", "f.yaml:1:21: optimization_tips must be a list of texts"],
    ["description:", "f.yaml:1:1: description has no value; give one or remove the line"],
    ["- model_name: x\n- just a text\n", "f.yaml:2:3: an entry must be a map"],
    ["- enabled: true\n", "f.yaml:1:3: model_name must not be empty"],
    ["", "f.yaml:1:1: holds no model config; remove the file instead"],
    ["# nothing\n", "f.yaml:1:1: holds no model config; remove the file instead"],
    ["a: *b", "f.yaml:1:4: *b names no value above it"],
    ["a: &a {<<: *a}", 'f.yaml:1:1: "a" is no known key'],
    ["&a {<<: *a}", "f.yaml:1:5: << must name maps, and not itself"],
    ["model_name: !env X", "f.yaml:1:13: Unresolved tag: !env"],
  ])("%j", (text, problem) => {
    expect(problemsOf(text)[0]).toBe(problem);
  });

  test("with the place of broken syntax, in YAML and in JSON", () => {
    expect(problemsOf("model_name: x\n  phases: {\n")[0]).toMatch(/^f\.yaml:\d+:\d+: /);
    expect(problemsOf('{\n  "model_name": "x",\n  "enabled": tru\n}', "f.json")[0]).toBe(
      "f.json:3:14: enabled must be true or false",
    );
    expect(problemsOf("[".repeat(20_000))[0]).toMatch(/^f\.yaml:\d+:\d+: /);
  });

  test("everything at once, up to a bound", () => {
    expect(problemsOf("a: 1\nb: 2\nphases: {planning: {top_p: 2}}")).toHaveLength(2);
    expect(problemsOf("phases: {planning: {top_p: 2, seed: 0.5}}")).toHaveLength(2);
    const many = Array.from({ length: 100 }, (_, index) => `key_${index}: 1`);
    expect(problemsOf(many.join("\n"))).toHaveLength(20);
  });

  test("quickly for a text of many keys, or of many references to one list", () => {
    const keys = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`);
    expect(problemsOf(keys.join("\n"))).toHaveLength(20);
    const layers = Array.from(
      { length: 30 },
      (_, index) => `a${index}: &a${index} [${`*a${index - 1}, `.repeat(index === 0 ? 0 : 9)}]`,
    );
    expect(problemsOf(layers.join("\n")).length).toBeGreaterThan(0);
  });
});

test("any text is read or refused, without an exception", () => {
  const fragment = fc.constantFrom(
    "model_name: ",
    "phases:",
    "- ",
    "  ",
    "\n",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: ",
    ": ",
    "#",
    "'",
    '"',
    "---\n",
    "? ",
    "!!str ",
    "planning",
    "temperature: 0.5",
    "\t",
    "|",
    "é",
    "\u0000",
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fragment, fc.string({ maxLength: 4 })), { maxLength: 30 }),
      (parts) => {
        const { configs, problems } = readConfigText(parts.join(""), "f.yaml");
        expect(configs.length === 0).toBe(problems.length > 0);
        for (const { line, column } of problems) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(column).toBeGreaterThanOrEqual(1);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test("settings that are written in either case are the same settings", () => {
  const numeric = SETTING_FIELDS.filter(({ kind }) => kind === "number" || kind === "integer");
  fc.assert(
    fc.property(
      fc.subarray(numeric, { minLength: 1 }),
      fc.constantFrom(...PHASES),
      (fields, { phase }) => {
        const snake = (key: string) =>
          key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        const write = (name: (key: string) => string) =>
          `phases:\n  ${phase}:\n${fields.map(({ key }) => `    ${name(key)}: 1\n`).join("")}`;
        expect(configOf(write(snake))).toEqual(configOf(write((key) => key)));
      },
    ),
  );
});
