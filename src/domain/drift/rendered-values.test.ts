import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RENDER_APIS } from "../catalog/model-facts.ts";
import type { Settings } from "../config/settings.ts";
import { armAt, outcomeOf } from "../outcome/outcome-fixtures.ts";
import { catalog, inputFor, rendered } from "../rendering/render-fixtures.ts";
import type { JsonValue } from "../rendering/rendering.ts";
import { differingParameters } from "./applied-watch.ts";
import { renderedValues } from "./rendered-values.ts";

/** Where each API has what a setting says; what no agent reports back is left out. */
const FIELDS: Readonly<Partial<Record<keyof Settings, readonly string[]>>> = {
  temperature: ["temperature", "generationConfig.temperature"],
  topP: ["top_p", "generationConfig.topP"],
  topK: ["top_k", "generationConfig.topK"],
  presencePenalty: ["presence_penalty", "generationConfig.presencePenalty"],
  maxTokens: [
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "generationConfig.maxOutputTokens",
  ],
  stopSequences: ["stop", "stop_sequences", "generationConfig.stopSequences"],
  seed: ["seed", "random_seed", "generationConfig.seed"],
  reasoningEffort: ["reasoning_effort", "reasoning.effort"],
};

function at(body: JsonValue, path: string): JsonValue | undefined {
  return path.split(".").reduce<JsonValue | undefined>((value, part) => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, JsonValue>>)[part] : undefined;
  }, body);
}

/** What an agent that sent a body reports to have applied. */
function appliedOf(body: Readonly<Record<string, JsonValue>>): Settings {
  const entries = Object.entries(FIELDS).flatMap(([key, paths]) => {
    const value = paths.map((path) => at(body, path)).find((found) => found !== undefined);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}

/** The parameters that count as applied otherwise, by an agent of a model that was told settings. */
function differing(
  model: string,
  told: Settings,
  call: { readonly applied: Settings; readonly inputTokens?: number | undefined },
): string[] | undefined {
  const outcome = outcomeOf("a", {
    decidedAtMs: 1,
    arm: { ...armAt(0.7), settings: told },
    appliedSettings: call.applied,
    inputTokens: call.inputTokens,
  });
  const facts = catalog.get(model);
  return differingParameters(outcome, () =>
    renderedValues(told, { facts, wireModel: model, contextWindow: undefined }),
  );
}

describe("settings that were rendered", () => {
  const settings: fc.Arbitrary<Settings> = fc.record(
    {
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      maxTokens: fc.integer({ min: 1, max: 2_000_000 }),
      topP: fc.double({ min: 0, max: 1, noNaN: true }),
      topK: fc.integer({ min: 1, max: 100 }),
      presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
      stopSequences: fc.array(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      reasoningEffort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh", "max"),
      seed: fc.integer(),
    },
    { requiredKeys: [] },
  );

  test("an agent that sends the body of any API, as rendered, never applies other settings", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...catalog.ids),
        fc.constantFrom(...RENDER_APIS),
        settings,
        fc.option(fc.integer({ min: 1, max: 300_000 }), { nil: undefined }),
        fc.double({ min: 0.6, max: 1.6, noNaN: true }),
        fc.boolean(),
        (model, api, told, promptTokens, off, isDeliberate) => {
          const { body } = rendered(
            inputFor(model, api, {
              settings: told,
              ...(promptTokens === undefined ? {} : { promptTokens }),
              ...(isDeliberate ? { deliberate: new Set(["temperature", "topP"] as const) } : {}),
            }),
          );
          // The provider counts the prompt's tokens otherwise than the agent did.
          const inputTokens =
            promptTokens === undefined ? undefined : Math.round(promptTokens * off);
          expect(differing(model, told, { applied: appliedOf(body), inputTokens })).toStrictEqual(
            [],
          );
        },
      ),
      { numRuns: 400 },
    );
  });

  test("nor does one that sends the decision itself where a rendering would have left a parameter out", () => {
    const told = { temperature: 0.3, maxTokens: 3000 };
    const sent = rendered(inputFor("o3", "openai.chat", { settings: told })).body;
    expect(sent["temperature"]).toBeUndefined();
    expect(differing("o3", told, { applied: told })).toStrictEqual([]);
  });

  test("one that sends what neither the decision nor any rendering says does", () => {
    const told = { temperature: 0.3, maxTokens: 3000, reasoningEffort: "low" };
    expect(differing("o3", told, { applied: { temperature: 0.9 } })).toStrictEqual(["temperature"]);
    expect(differing("o3", told, { applied: { reasoningEffort: "high" } })).toStrictEqual([
      "reasoning_effort",
    ]);
    // Headroom for reasoning is added to max_tokens, and not just anything.
    expect(differing("o3", told, { applied: { maxTokens: 7096 } })).toStrictEqual([]);
    expect(differing("o3", told, { applied: { maxTokens: 7097 } })).toStrictEqual(["max_tokens"]);
  });

  test("fewer tokens are what the prompt left, or another setting where the prompt was nothing like it", () => {
    const told = { maxTokens: 3000 };
    const fewer = { applied: { maxTokens: 2_192 } };
    // gpt-4 has room for 8,192: the agent counted 6,000.
    expect(differing("gpt-4", told, { ...fewer, inputTokens: 5_500 })).toStrictEqual([]);
    expect(differing("gpt-4", told, { ...fewer, inputTokens: 100 })).toStrictEqual(["max_tokens"]);
  });
});
