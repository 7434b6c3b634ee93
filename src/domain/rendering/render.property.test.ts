import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RENDER_APIS } from "../catalog/model-facts.ts";
import type { Settings } from "../config/settings.ts";
import { render } from "./render.ts";
import { catalog, inputFor, rendered } from "./render-fixtures.ts";
import type { JsonValue } from "./rendering.ts";

describe("every model, API and setting", () => {
  const settings: fc.Arbitrary<Settings> = fc.record(
    {
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      maxTokens: fc.integer({ min: 1, max: 2_000_000 }),
      topP: fc.double({ min: 0, max: 1, noNaN: true }),
      topK: fc.integer({ min: 1, max: 100 }),
      presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
      stopSequences: fc.array(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      responseFormat: fc.constantFrom("text", "json"),
      reasoningEffort: fc.constantFrom("none", "minimal", "low", "medium", "high", "xhigh", "max"),
      verbosity: fc.constantFrom("low", "high"),
      seed: fc.integer(),
    },
    { requiredKeys: [] },
  );
  const inputs = fc
    .record({
      model: fc.oneof(fc.constantFrom(...catalog.ids), fc.string({ minLength: 1, maxLength: 12 })),
      api: fc.constantFrom(...RENDER_APIS),
      settings,
      promptTokens: fc.option(fc.nat(300_000), { nil: undefined }),
    })
    .map(({ model, api, settings: own, promptTokens }) =>
      inputFor(model, api, {
        settings: own,
        ...(promptTokens === undefined ? {} : { promptTokens }),
      }),
    );

  it("render without a throw, the same each time, and account for every setting", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const result = rendered(input);
        expect(rendered(input)).toEqual(result);
        const text = JSON.stringify(result.body);
        const omitted = new Set(
          result.adjustments.filter((one) => one.action === "omitted").map((one) => one.param),
        );
        const has = { temperature: /"temperature":/, top_k: /"top_?[kK]":/, seed: /seed":/ };
        for (const [param, pattern] of Object.entries(has)) {
          const key = param === "top_k" ? "topK" : (param as keyof Settings);
          const expected = input.settings[key] !== undefined && !omitted.has(param);
          expect(pattern.test(text), param).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never ask for more tokens than the model answers with or the prompt leaves", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const result = rendered(input);
        const config = result.body["generationConfig"] as Record<string, JsonValue> | undefined;
        const { body } = result;
        const max =
          body["max_tokens"] ??
          body["max_completion_tokens"] ??
          body["max_output_tokens"] ??
          config?.["maxOutputTokens"];
        if (typeof max !== "number") return;
        const { limits } = input.facts ?? {};
        expect(max).toBeGreaterThan(0);
        expect(max).toBeLessThanOrEqual(limits?.outputTokensMax ?? Number.POSITIVE_INFINITY);
        const room = (limits?.contextWindow ?? Infinity) - (input.promptTokens ?? -Infinity);
        if (room >= 1 && input.promptTokens !== undefined) {
          expect(max).toBeLessThanOrEqual(room);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("pass STRICT exactly where ADJUST changes no meaning", () => {
    const harmless = new Set(["RENAMED", "THINKING_HEADROOM_ADDED", "REQUIRED_BY_API"]);
    fc.assert(
      fc.property(inputs, (input) => {
        const strict = render({ ...input, mode: "STRICT" });
        const adjusted = rendered(input);
        const changes = adjusted.adjustments.filter(
          ({ reason }) => !harmless.has(reason) && reason !== "NOT_RECOMMENDED",
        );
        if (changes.length > 0) expect(strict.kind).toBe("refused");
        if (
          strict.kind === "rendered" &&
          adjusted.adjustments.every((one) => harmless.has(one.reason))
        ) {
          expect(strict.body).toEqual(adjusted.body);
        }
      }),
      { numRuns: 500 },
    );
  });
});
