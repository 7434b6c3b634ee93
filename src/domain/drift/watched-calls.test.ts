import { describe, expect, test } from "vitest";
import { PersistentMap } from "../kernel/persistent-map.ts";
import type { Outcome } from "../outcome/outcome.ts";
import { armAt, outcomeOf } from "../outcome/outcome-fixtures.ts";
import {
  type AppliedWatch,
  applicationDrift,
  differingParameters,
  foldApplied,
  NEW_APPLIED_WATCH,
} from "./applied-watch.ts";
import type { Drift, DriftFinding } from "./drift.ts";
import { foldResponseModel, modelDrift, NEW_MODEL_WATCH } from "./model-watch.ts";
import { reconcileDrifts } from "./reconcile.ts";
import { type RenderedModel, renderedValues } from "./rendered-values.ts";
import { sourceDrifts } from "./source-drift.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Against a model of which nothing is known, so that only what every API changes is rendered otherwise. */
function differing(outcome: Outcome, facts: Partial<RenderedModel> = {}): string[] | undefined {
  const model = { facts: undefined, wireModel: "m", contextWindow: undefined, ...facts };
  return differingParameters(outcome, () => renderedValues(outcome.arm.settings, model));
}

describe("settings applied otherwise than told", () => {
  const told = (appliedSettings: object) =>
    outcomeOf("a", { decidedAtMs: 1, arm: armAt(0.7), appliedSettings });

  test("are those that a call with a token names with another value", () => {
    expect(differing(told({ temperature: 0.9, maxTokens: 100 }))).toStrictEqual([
      "temperature",
      "max_tokens",
    ]);
    expect(differing(told({ temperature: 0.7 }))).toStrictEqual([]);
    const other = { decidedAtMs: 1, appliedConfigId: "c1-other" };
    expect(differing(outcomeOf("a", other))).toStrictEqual(["settings"]);
  });

  test("are not looked for without a token, or where a call does not say what it applied", () => {
    const applied = { appliedSettings: { temperature: 0.9 } };
    expect(differing(outcomeOf("a", applied))).toBeUndefined();
    expect(differing(outcomeOf("a", { decidedAtMs: 1 }))).toBeUndefined();
  });

  function folded(pattern: readonly boolean[], from: AppliedWatch = NEW_APPLIED_WATCH) {
    return pattern.reduce(
      (watch, isHit, index) =>
        foldApplied(watch, { differing: isHit ? ["temperature"] : [], atMs: 1_000 + index }),
      from,
    );
  }

  test("one call of many is an event and no alarm; a tenth of them is one, named and dated", () => {
    const once = folded(Array.from({ length: 300 }, (_, i) => i === 150));
    expect(applicationDrift(armAt(0.7), once)).toBeUndefined();
    const often = folded(Array.from({ length: 300 }, (_, i) => i % 10 === 5));
    expect(applicationDrift(armAt(0.7), often)).toMatchObject({
      kind: "application",
      differing: ["temperature"],
      magnitude: 0.1,
      threshold: 0.01,
      evidence: "deterministic",
      sinceMs: 1_005,
    });
  });

  test("the drift is gone after a hundred calls that came as told", () => {
    const often = folded(Array.from({ length: 100 }, (_, i) => i % 10 === 5));
    const told = (count: number) => Array.from({ length: count }, () => false);
    expect(folded(told(50), often).isAlarm).toBe(true);
    expect(folded(told(250), often)).toMatchObject({ isAlarm: false, hits: 0 });
  });
});

describe("the model that answers", () => {
  const scope = armAt(0.7).scope;
  const seen = (names: readonly string[], atMs = 0) =>
    names.reduce(
      (watch, model, index) => foldResponseModel(watch, { model, atMs: atMs + index }),
      NEW_MODEL_WATCH,
    );

  test("B110 is known from the first call on; another one is a drift of magnitude 1", () => {
    expect(modelDrift(scope, seen(["m-0613", "m-0613"]))).toBeUndefined();
    expect(modelDrift(scope, seen(["m-0613", "m-0999"]))).toMatchObject({
      kind: "model",
      served: "m-0999",
      optimumValues: ["m-0613"],
      magnitude: 1,
      sinceMs: 1,
      evidence: "deterministic",
    });
  });

  test("the drift is gone when the known one answered fifty times in a row", () => {
    const back = Array.from({ length: 50 }, () => "m-0613");
    expect(modelDrift(scope, seen(["m-0613", "m-0999", ...back.slice(1)]))).toBeDefined();
    expect(modelDrift(scope, seen(["m-0613", "m-0999", ...back]))).toBeUndefined();
  });

  test("after a week the new one is known too", () => {
    let watch = seen(["m-0613", "m-0999"]);
    watch = foldResponseModel(watch, { model: "m-0999", atMs: 8 * DAY_MS });
    expect(modelDrift(scope, watch)).toBeUndefined();
    expect(watch.known).toStrictEqual(["m-0613", "m-0999"]);
  });
});

describe("store and file", () => {
  const layers = (stored: object, file: object) => ({
    stored: PersistentMap.of([
      [
        "gpt-4",
        {
          config: { modelName: "gpt-4", phases: { execution: stored } },
          revision: 3,
          changedBy: "anna",
          atMs: 1,
        },
      ],
    ]),
    files: PersistentMap.of([
      [
        "gpt-4",
        {
          config: { modelName: "gpt-4", phases: { execution: file } },
          file: "gpt-4.json",
          revision: 1,
        },
      ],
    ]),
  });

  test("differ where both set a parameter, by its distance", () => {
    const found = sourceDrifts(layers({ temperature: 0.9, topP: 0.8 }, { temperature: 0.5 }), [
      "e",
    ]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      kind: "source",
      parameter: "temperature",
      served: 0.9,
      optimumValues: ["0.5"],
      magnitude: 0.4,
      scope: { model: "gpt-4", phase: "execution", dimensions: [""] },
    });
    expect(sourceDrifts(layers({ temperature: 0.5 }, { temperature: 0.5 }), [])).toStrictEqual([]);
  });
});

describe("drifts of a pass", () => {
  const finding: DriftFinding = {
    kind: "model",
    scope: armAt(0.7).scope,
    parameter: "response_model",
    served: "b",
    optimum: [],
    optimumValues: ["a"],
    magnitude: 1,
    threshold: 0,
    evidence: "deterministic",
    sampleSize: 1,
    message: "another one",
    sinceMs: 500,
  };
  const context = (room = 10) => ({ nowMs: 1_000, room, createId: () => "dft-1" });

  test("open once, since the change began, continue, and are resolved when nothing is found", () => {
    const opened = reconcileDrifts([], [finding], context()).drifts;
    expect(opened).toMatchObject([{ driftId: "dft-1", state: "open", openedAtMs: 500 }]);
    const again = reconcileDrifts(opened, [finding], context());
    expect(again.drifts).toStrictEqual([]);
    const moved = reconcileDrifts(opened, [{ ...finding, sampleSize: 9 }], context()).drifts;
    expect(moved).toMatchObject([{ driftId: "dft-1", sampleSize: 9, openedAtMs: 500 }]);
    const gone = reconcileDrifts(opened as Drift[], [], context()).drifts;
    expect(gone).toMatchObject([{ state: "resolved", resolvedAtMs: 1_000 }]);
  });

  test("are no more than there is room for, and say so", () => {
    const { drifts, decisions } = reconcileDrifts([], [finding], context(0));
    expect(drifts).toStrictEqual([]);
    expect(decisions.map(({ decision }) => decision)).toStrictEqual(["drift_not_opened_too_many"]);
  });
});
