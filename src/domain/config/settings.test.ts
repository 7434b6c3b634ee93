import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anySettings } from "../outcome/outcome-fixtures.ts";
import { canonicalSettings, SETTING_FIELDS, type Settings, settingViolation } from "./settings.ts";
import { modelConfigViolations, settingsViolations } from "./validate.ts";

test("settings within their ranges have no violations, and read back from their canonical text", () => {
  fc.assert(
    fc.property(anySettings, (settings) => {
      const { stopSequences: _texts, ...others } = settings;
      expect(settingsViolations(others, "settings")).toEqual([]);
      expect(JSON.parse(canonicalSettings(settings))).toEqual(settings);
    }),
  );
});

describe("a number of a setting is refused", () => {
  const numeric = SETTING_FIELDS.filter(({ kind }) => kind === "number" || kind === "integer");
  test.each(numeric)("$parameter: beyond its ends, and what is no number", (field) => {
    for (const value of [Number.NaN, Infinity, -Infinity])
      expect(settingViolation(field, value)).toBe("must be a finite number");
    const { min = 0, max = 0 } = field;
    for (const value of [min - 1, max + 1, ...(field.minExclusive ? [min] : [])])
      expect(settingViolation(field, value)).toBeDefined();
    for (const value of [max, ...(field.minExclusive ? [] : [min])])
      expect(settingViolation(field, value)).toBeUndefined();
    expect(settingViolation(field, "0.5")).toBeDefined();
    if (field.kind === "integer") expect(settingViolation(field, min + 0.5)).toBeDefined();
  });
});

test("all broken rules of a config are told at once, with their paths", () => {
  const settings: Settings = { temperature: 3, maxTokens: 0, reasoningEffort: "huge" };
  const fields = modelConfigViolations({
    modelName: "",
    limits: { contextWindow: 0, maxIterations: 1.5 },
    retryPolicy: { backoffMultiplier: Number.NaN, maxRetries: -1 },
    phases: { planning: settings },
  }).map(({ field }) => field);
  expect(fields.toSorted()).toEqual(
    [
      "config.modelName",
      "config.limits.contextWindow",
      "config.limits.maxIterations",
      "config.retryPolicy.backoffMultiplier",
      "config.retryPolicy.maxRetries",
      "config.phases[planning].settings.temperature",
      "config.phases[planning].settings.maxTokens",
      "config.phases[planning].settings.reasoningEffort",
    ].toSorted(),
  );
});
