import { describe, expect, test } from "vitest";
import { BUILTIN_MODELS } from "./builtin.ts";
import { type Comparable, comparableOf, compareStates } from "./comparison.ts";
import { mergeModelConfig } from "./model-config.ts";
import type { Phase } from "./phase.ts";
import type { Settings } from "./settings.ts";

const seed = BUILTIN_MODELS.get("gpt-4") ?? { modelName: "" };

function changed(config: object): Comparable {
  return comparableOf(mergeModelConfig(seed, { modelName: "gpt-4", ...config }));
}

function snapshot(phase: Phase, settings: Settings, enabled: boolean): Comparable {
  return { model: "gpt-4", phases: new Map([[phase, { settings, enabled }]]), config: undefined };
}

describe("compareStates", () => {
  test("a state does not differ from itself", () => {
    expect(compareStates(comparableOf(seed), comparableOf(seed))).toEqual([]);
  });

  test("phases come first, each parameter by itself, then those of the whole config", () => {
    const right = changed({
      phases: { planning: { temperature: 0.4, seed: 7 } },
      limits: { maxIterations: 3 },
    });
    expect(compareStates(comparableOf(seed), right)).toEqual([
      { parameter: "temperature", phase: "planning", oldValue: 0.3, newValue: 0.4 },
      { parameter: "seed", phase: "planning", newValue: 7 },
      { parameter: "limits.max_iterations", oldValue: 15, newValue: 3 },
    ]);
  });

  test("a model that is switched off is one difference, a phase that is names itself", () => {
    expect(compareStates(comparableOf(seed), changed({ enabled: false }))).toEqual([
      { parameter: "enabled", oldValue: true, newValue: false },
    ]);
    const base = comparableOf(seed);
    const off = { settings: seed.phases?.planning ?? {}, enabled: false };
    const right = { ...base, phases: new Map(base.phases).set("planning", off) };
    expect(compareStates(base, right)).toEqual([
      { parameter: "enabled", phase: "planning", oldValue: true, newValue: false },
    ]);
  });

  test("with a snapshot, only its phase is compared", () => {
    const right = changed({ phases: { planning: { topP: 0.1 }, execution: { topP: 0.2 } } });
    const left = snapshot("planning", seed.phases?.planning ?? {}, true);
    expect(compareStates(left, right)).toEqual([
      { parameter: "top_p", phase: "planning", oldValue: 0.9, newValue: 0.1 },
    ]);
  });

  test("snapshots of two phases are compared without one", () => {
    const left = snapshot("planning", { topP: 0.1 }, true);
    const right = snapshot("execution", { topP: 0.2 }, false);
    expect(compareStates(left, right)).toEqual([
      { parameter: "top_p", oldValue: 0.1, newValue: 0.2 },
      { parameter: "enabled", oldValue: true, newValue: false },
    ]);
  });
});
