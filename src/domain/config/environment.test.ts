import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEnvironment } from "./environment.ts";
import { PHASES } from "./phase.ts";

const texts = (env: Record<string, string>) =>
  parseEnvironment(env).warnings.map(({ message }) => message);

describe("the environment", () => {
  test("names the default model (A070) and temperatures of single phases (A071, A072)", () => {
    const layer = parseEnvironment({
      VIBEAGENT_MODEL_DEFAULT: "gpt-4",
      VIBEAGENT_MODEL_TEMPERATURE_PLANNING: "0.3",
      VIBEAGENT_MODEL_TEMPERATURE_EXECUTION: "0.7",
    });
    expect(layer.defaultModel).toBe("gpt-4");
    expect(layer.phases).toEqual({
      planning: { temperature: 0.3 },
      execution: { temperature: 0.7 },
    });
  });

  test("a parameter without a phase holds for every phase that has none of its own (A073, X24)", () => {
    const { phases, sources } = parseEnvironment({
      VIBEAGENT_MODEL_MAX_TOKENS: "3000",
      VIBEAGENT_MODEL_MAX_TOKENS_VALIDATION: "500",
    });
    for (const { phase } of PHASES) {
      const own = phase === "validation";
      expect(phases[phase]?.maxTokens).toBe(own ? 500 : 3000);
      expect(sources[phase]?.maxTokens).toBe(
        own ? "VIBEAGENT_MODEL_MAX_TOKENS_VALIDATION" : "VIBEAGENT_MODEL_MAX_TOKENS",
      );
    }
  });

  test("parameters reach every model, which one warning says with the variables' names (X25)", () => {
    const warnings = texts({
      VIBEAGENT_MODEL_DEFAULT: "gpt-4",
      VIBEAGENT_MODEL_TEMPERATURE_ERROR_RECOVERY: "0.1",
      ATTUNED_MODEL_TOP_P: "0.5",
    });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("every model");
    expect(warnings[0]).toContain(
      "VIBEAGENT_MODEL_TEMPERATURE_ERROR_RECOVERY, ATTUNED_MODEL_TOP_P",
    );
    expect(texts({ VIBEAGENT_MODEL_DEFAULT: "gpt-4" })).toEqual([]);
  });

  test("our names win over the seed's, each in its own reach", () => {
    const { defaultModel, phases } = parseEnvironment({
      VIBEAGENT_MODEL_DEFAULT: "gpt-4",
      ATTUNED_MODEL_DEFAULT: "mistral",
      VIBEAGENT_MODEL_TEMPERATURE_PLANNING: "0.1",
      ATTUNED_MODEL_TEMPERATURE_PLANNING: "0.2",
      ATTUNED_MODEL_TEMPERATURE: "0.9",
    });
    expect(defaultModel).toBe("mistral");
    expect(phases.planning?.temperature).toBe(0.2);
    expect(phases.execution?.temperature).toBe(0.9);
  });

  test.each([
    ["a value that no setting takes", { VIBEAGENT_MODEL_TEMPERATURE: "warm" }],
    ["a value out of range", { ATTUNED_MODEL_TEMPERATURE_PLANNING: "3" }],
    ["a phase that is none", { ATTUNED_MODEL_TEMPERATURE_DREAMING: "0.3" }],
    ["a parameter that is none", { VIBEAGENT_MODEL_COLOUR: "red" }],
    ["what Kubernetes injects for a service", { ATTUNED_MODEL_PORT: "tcp://10.0.0.1:80" }],
  ])("%s changes nothing and is said", (_, env) => {
    const layer = parseEnvironment(env);
    expect(layer.phases).toEqual({});
    expect(layer.warnings).toHaveLength(1);
    expect(layer.warnings[0]?.message).toContain(Object.keys(env)[0]);
  });

  test("every setting of the layer names the variable that set it, whatever variables there are", () => {
    const names = ["TEMPERATURE", "MAX_TOKENS", "TOP_P", "TIMEOUT", "MAX_RETRIES", "OTHER"];
    const suffixes = ["", ...PHASES.map(({ phase }) => `_${phase.toUpperCase()}`), "_NONE"];
    const variable = fc
      .tuple(
        fc.constantFrom("VIBEAGENT_MODEL_", "ATTUNED_MODEL_"),
        fc.constantFrom(...names),
        fc.constantFrom(...suffixes),
      )
      .map((parts) => parts.join(""));
    const value = fc.constantFrom("1", "0.5", "", " 2 ", "x", "-1");
    fc.assert(
      fc.property(fc.dictionary(variable, value), (env) => {
        const { phases, sources } = parseEnvironment(env);
        for (const { phase } of PHASES) {
          for (const [key, set] of Object.entries(phases[phase] ?? {})) {
            const name = sources[phase]?.[key as "temperature"] ?? "";
            expect(Number(env[name])).toBe(set);
          }
        }
      }),
    );
  });
});
