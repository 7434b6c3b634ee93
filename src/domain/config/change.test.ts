import fc from "fast-check";
import { expect, test } from "vitest";
import { anyPhase, anySettings } from "../outcome/outcome-fixtures.ts";
import { diffModelConfigs, type ParameterChange } from "./change.ts";
import type { ModelConfig } from "./model-config.ts";
import type { Phase } from "./phase.ts";
import { SETTING_FIELDS, type Settings } from "./settings.ts";

const anyConfig: fc.Arbitrary<ModelConfig> = fc.record(
  {
    modelName: fc.constant("m"),
    displayName: fc.string({ minLength: 1 }),
    enabled: fc.boolean(),
    limits: fc.record({ maxIterations: fc.nat(), contextWindow: fc.nat() }, { requiredKeys: [] }),
    phases: fc.dictionary(anyPhase, anySettings, { maxKeys: 6 }),
    optimizationTips: fc.array(fc.string(), { maxLength: 2 }),
  },
  { requiredKeys: ["modelName"] },
);

/** The settings of a phase with its changes carried out. */
function applied(before: Settings, phase: Phase, changes: readonly ParameterChange[]): Settings {
  const next: Record<string, unknown> = { ...before };
  for (const change of changes.filter((candidate) => candidate.phase === phase)) {
    const field = SETTING_FIELDS.find(({ parameter }) => parameter === change.parameter);
    const key = field?.key ?? "";
    expect(change.oldValue).toEqual(next[key]);
    if (change.newValue === undefined) delete next[key];
    else next[key] = change.newValue;
  }
  return next;
}

test("carrying out the difference turns one config into the other", () => {
  fc.assert(
    fc.property(anyConfig, anyConfig, anyPhase, (before, after, phase) => {
      const changes = diffModelConfigs(before, after);
      expect(applied(before.phases?.[phase] ?? {}, phase, changes)).toEqual(
        after.phases?.[phase] ?? {},
      );
      const changeOf = (parameter: string) =>
        changes.find((change) => change.parameter === parameter && !change.phase);
      expect(changeOf("enabled")?.newValue).toBe(
        before.enabled === after.enabled ? undefined : after.enabled,
      );
    }),
  );
});

test("equal configs do not differ, and the difference the other way is the same turned around", () => {
  fc.assert(
    fc.property(anyConfig, anyConfig, (before, after) => {
      expect(diffModelConfigs(before, structuredClone(before))).toEqual([]);
      const turned = diffModelConfigs(after, before).map(({ oldValue, newValue, ...rest }) => ({
        ...rest,
        ...(newValue === undefined ? {} : { oldValue: newValue }),
        ...(oldValue === undefined ? {} : { newValue: oldValue }),
      }));
      expect(diffModelConfigs(before, after)).toEqual(turned);
    }),
  );
});

test("a parameter that differs is named once, and only such a one", () => {
  fc.assert(
    fc.property(anyConfig, anyConfig, (before, after) => {
      const changes = diffModelConfigs(before, after);
      const names = changes.map(({ parameter, phase }) => `${phase} ${parameter}`);
      expect(new Set(names).size).toBe(names.length);
      for (const { oldValue, newValue } of changes) expect(oldValue).not.toEqual(newValue);
    }),
  );
});
