import fc from "fast-check";
import { CAPABILITIES, REASONING_EFFORTS } from "../catalog/model-facts.ts";
import type { ModelConfig } from "../config/model-config.ts";
import { overrideIdentity } from "../config/override.ts";
import { PHASES } from "../config/phase.ts";
import type { Settings } from "../config/settings.ts";
import { hasControlCharacter } from "../kernel/text.ts";
import type { ExportContent, ExportedOverride } from "./export-document.ts";

/** Any text that a request may hold, of a length that every bound allows: quotes, line breaks, brackets, what looks like YAML. */
const text = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
    fc.constantFrom(
      "yes",
      "null",
      "~",
      "1.0",
      "0x1f",
      "2026-11-22",
      "- a",
      "a: b",
      "a #b",
      " a ",
      "|\n x\n",
      "\r\n\t",
      "*a",
      "&a",
      "!a",
      "<<",
      "%",
      "\u2028",
      "\ufeff",
    ),
  )
  .map((value) => value.toWellFormed().replaceAll("{{", ""))
  .filter((value) => value !== "");
const name = fc
  .oneof(fc.constantFrom("gpt-4", "gpt-4-turbo", "azure/m", "1", "null", "é"), text)
  .map((value) => value.trim())
  .filter((value) => value !== "" && !hasControlCharacter(value));
const number = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => (value === 0 ? 0 : value));

const settings: fc.Arbitrary<Settings> = fc.record(
  {
    temperature: number,
    maxTokens: fc.integer({ min: 1, max: 1_000_000 }),
    topP: number,
    timeoutSeconds: fc.double({ min: 1e-9, max: 86_400, noNaN: true }),
    stopSequences: fc.array(text, { minLength: 1, maxLength: 3 }),
    responseFormat: text,
    enableReasoning: fc.boolean(),
    reasoningEffort: fc.constantFrom(...REASONING_EFFORTS),
    seed: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  },
  { requiredKeys: [] },
);

const phases = fc.dictionary(fc.constantFrom(...PHASES.map(({ phase }) => phase)), settings, {
  minKeys: 1,
  noNullPrototype: true,
});

function config(modelName: fc.Arbitrary<string>): fc.Arbitrary<ModelConfig> {
  return fc.record(
    {
      modelName,
      displayName: text,
      description: text,
      capabilities: fc.uniqueArray(fc.constantFrom(...CAPABILITIES), { minLength: 1 }),
      limits: fc.record({ maxIterations: fc.integer({ min: 1, max: 99 }) }),
      retryPolicy: fc.record({
        retryOnErrors: fc.array(text, { minLength: 1, maxLength: 2 }),
        retryOnValidationFailure: fc.boolean(),
      }),
      phases,
      optimizationTips: fc.array(text, { minLength: 1, maxLength: 2 }),
      enabled: fc.boolean(),
    },
    { requiredKeys: ["modelName"] },
  );
}

const overrides: fc.Arbitrary<ExportedOverride> = fc
  .record({
    model: fc.oneof(fc.constant(""), name),
    phase: fc.constantFrom(undefined, ...PHASES.map(({ phase }) => phase)),
    selector: fc.dictionary(name, name, { maxKeys: 2, noNullPrototype: true }),
    settings,
    pin: fc.boolean(),
    reason: fc.oneof(fc.constant(""), text),
    isSwitch: fc.boolean(),
  })
  .map(({ isSwitch, ...override }) =>
    isSwitch || Object.keys(override.settings).length === 0
      ? { ...override, enabled: false }
      : override,
  );

const type = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);

/** What versions hold before their hash is known. */
export type UnhashedVersion = Omit<ExportContent["versions"][number], "contentHash">;

/** Any content that a store can hold, its versions without hashes. */
export const anyContent: fc.Arbitrary<
  Omit<ExportContent, "versions"> & { readonly versions: readonly UnhashedVersion[] }
> = fc
  .record({
    configs: fc.uniqueArray(config(name), { maxLength: 4, selector: (item) => item.modelName }),
    prompts: fc.uniqueArray(fc.record({ model: fc.oneof(fc.constant(""), name), type, text }), {
      maxLength: 4,
      selector: ({ model, type: own }) => JSON.stringify([model, own]),
    }),
    overrides: fc.uniqueArray(overrides, { maxLength: 4, selector: overrideIdentity }),
    versions: fc.uniqueArray(
      name.chain((model) =>
        fc.record({
          model: fc.constant(model),
          version: fc.stringMatching(/^v[0-9.]{1,6}$/),
          savedAtMs: fc.nat(),
          savedBy: text,
          reason: fc.oneof(fc.constant(""), text),
          stored: fc.option(config(fc.constant(model))),
          prompts: fc.uniqueArray(fc.record({ type, text }), {
            maxLength: 2,
            selector: (prompt) => prompt.type,
          }),
        }),
      ),
      { maxLength: 5, selector: ({ model, version }) => JSON.stringify([model, version]) },
    ),
    labelled: fc.boolean(),
  })
  .map(({ labelled, ...content }) => ({
    ...content,
    labels: labelled
      ? content.versions.map(({ model, version }, index) => ({
          model,
          label: `label-${index}`,
          version,
        }))
      : [],
  }));
