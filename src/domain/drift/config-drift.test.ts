import { describe, expect, test } from "vitest";
import type { MeasuredArm } from "../analysis/measured-arm.ts";
import { metricOf } from "../analysis/metric.ts";
import { parameterOf } from "../analysis/parameter.ts";
import { analyseParameter } from "../analysis/parameter-impact.ts";
import { assert } from "../kernel/assert.ts";
import { EMPTY_CELL, foldOutcome } from "../outcome/cell.ts";
import { outcomeOf } from "../outcome/outcome-fixtures.ts";
import { DRIFT_THRESHOLD_DEFAULT, findConfigDrift, isDrift } from "./config-drift.ts";
import { continueDrift, type Drift, resolveDrift, sameSubject } from "./drift.ts";

const SCOPE = { model: "gpt-4", phase: "execution", dimensions: ["", ""] } as const;
const PER_LEVEL = 500;

function arm(settings: MeasuredArm["settings"], quality: number, count = PER_LEVEL): MeasuredArm {
  let cell = EMPTY_CELL;
  for (let i = 0; i < count; i++)
    cell = foldOutcome(cell, outcomeOf(`${i}`, { scores: { quality: quality + (i % 11) - 5 } }));
  return { settings, cell };
}

function impactOf(arms: readonly MeasuredArm[], parameterName = "temperature") {
  const parameter = parameterOf(parameterName);
  const metric = metricOf("quality");
  assert(parameter && metric, "both are known");
  return analyseParameter(arms, parameter, metric);
}

/** Good at 0.1 to 0.7, bad at 1.5. */
const PLATEAU = impactOf([
  arm({ temperature: 0.1 }, 80),
  arm({ temperature: 0.7 }, 80),
  arm({ temperature: 1.5 }, 20),
]);

const drifted = (served: number, threshold = DRIFT_THRESHOLD_DEFAULT) =>
  isDrift(findConfigDrift(SCOPE, served, PLATEAU, threshold));

describe("B112 a temperature has drifted when it is more than the threshold from the optimum", () => {
  test("0.1 exactly is no drift, although 0.8 - 0.7 is 0.10000000000000009", () => {
    expect(0.8 - 0.7).toBeGreaterThan(0.1);
    expect(drifted(0.8)).toBe(false);
  });
  test("a thousandth more is", () => {
    expect(drifted(0.801)).toBe(true);
  });
  test("inside the optimum nothing has drifted, also where no level was measured", () => {
    for (const served of [0.1, 0.3, 0.55, 0.7]) expect(drifted(served, 0)).toBe(false);
  });
  test("the threshold is the request's", () => {
    expect(drifted(1.5, 0.79)).toBe(true);
    expect(drifted(1.5, 0.8)).toBe(false);
    expect(drifted(0.7 + 1e-8, 0)).toBe(true);
  });
});

test("the magnitude is the distance to the nearest member, at most 1", () => {
  const at = (served: number) => {
    const result = findConfigDrift(SCOPE, served, PLATEAU, 0.1);
    return isDrift(result) ? result.magnitude : undefined;
  };
  expect(at(1.5)).toBe(0.8);
  expect(at(1.9)).toBe(1);
});

test("tokens drift by their ratio", () => {
  const impact = impactOf(
    [arm({ maxTokens: 1000 }, 80), arm({ maxTokens: 100 }, 20)],
    "max_tokens",
  );
  const result = (served: number) => isDrift(findConfigDrift(SCOPE, served, impact, 0.1));
  expect([result(1000), result(900), result(899), result(100)]).toEqual([false, false, true, true]);
});

describe("there is no drift", () => {
  const reasonOf = (impact: typeof PLATEAU, served: number | undefined) => {
    const result = findConfigDrift(SCOPE, served, impact, 0.1);
    return isDrift(result) ? undefined : result;
  };
  test("without enough data, and the reason says how much is missing", () => {
    const impact = impactOf([arm({ temperature: 0.1 }, 80, 9), arm({ temperature: 1.5 }, 20, 500)]);
    const result = reasonOf(impact, 1.5);
    expect(result?.isInsufficient).toBe(true);
    expect(result?.reason).toContain("at least 1 more");
  });
  test("where nothing tells the levels apart", () => {
    const impact = impactOf([arm({ temperature: 0.1 }, 80), arm({ temperature: 1.5 }, 80)]);
    expect(reasonOf(impact, 2)?.reason).toContain("no temperature is shown to be worse");
  });
  test("beyond every value measured, next to the optimum: unknown is not worse", () => {
    expect(reasonOf(PLATEAU, 0)?.reason).toContain("beyond every value measured");
  });
  test("where the parameter is not served", () => {
    expect(reasonOf(PLATEAU, undefined)?.reason).toContain("no temperature is served");
  });
});

describe("a recorded drift", () => {
  const finding = findConfigDrift(SCOPE, 1.5, PLATEAU, 0.1);
  assert(isDrift(finding), "1.5 has drifted");
  const drift: Drift = { ...finding, driftId: "dft-1", state: "open", openedAtMs: 1 };

  test("is continued by a finding about the same thing, and stays itself where nothing changed", () => {
    expect(continueDrift(drift, finding)).toBe(drift);
    const next = continueDrift(drift, { ...finding, served: 1.6 });
    expect(next).toMatchObject({ driftId: "dft-1", openedAtMs: 1, served: 1.6 });
  });
  test("is about a kind, a parameter and a scope", () => {
    expect(sameSubject(drift, finding)).toBe(true);
    expect(sameSubject(drift, { ...finding, parameter: "max_tokens" })).toBe(false);
    expect(sameSubject(drift, { ...finding, kind: "outcome" })).toBe(false);
    const elsewhere = { ...SCOPE, dimensions: ["production", ""] };
    expect(sameSubject(drift, { ...finding, scope: elsewhere })).toBe(false);
  });
  test("resolves with the time", () => {
    expect(resolveDrift(drift, 9)).toMatchObject({ state: "resolved", resolvedAtMs: 9 });
  });
});
