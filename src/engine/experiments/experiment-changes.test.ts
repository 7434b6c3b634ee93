import { describe, expect, test } from "vitest";
import { putModelConfig } from "../config-changes.ts";
import type { Engine } from "../engine.ts";
import { putOverride } from "../override-changes.ts";
import {
  createExperiment,
  createVariant,
  moveExperiment,
  startExperiment,
} from "./experiment-changes.ts";
import {
  AUTHOR,
  lookupOf,
  opened,
  planOf,
  refusalOf,
  reopened,
  startedExperiment,
} from "./experiments-fixtures.ts";

function stateOf(engine: Engine, experimentId: string) {
  return engine.state.config.experiments.get(experimentId)?.state;
}

describe("a write", () => {
  const temperature = { modelName: "gpt-4", phases: { execution: { temperature: 0.5 } } };

  test("to a field that a running experiment varies aborts it in the same commit", async () => {
    const { engine, database, platform } = await opened();
    const { experimentId } = await startedExperiment(engine);
    const before = engine.lookups.resolve(lookupOf({ unit: "a" }));
    expect(before.reason).toBe("experiment");
    const { revision } = await engine.commit(putModelConfig(temperature, { etag: "", ...AUTHOR }));
    expect(engine.state.config.experiments.get(experimentId)).toMatchObject({
      state: "aborted",
      revision,
    });
    const after = engine.lookups.resolve(lookupOf({ unit: "a" }));
    expect(after).toMatchObject({ reason: "default", cacheable: true });
    expect(after.settings.temperature).toBe(0.5);
    expect(stateOf(await reopened({ database, platform }), experimentId)).toBe("aborted");
  });

  test("of an override or a pin that holds for a part of the scope aborts it too", async () => {
    for (const pin of [false, true]) {
      const { engine } = await opened();
      const { experimentId } = await startedExperiment(engine);
      const content = {
        model: "gpt-4",
        phase: "execution" as const,
        selector: { tenant: "x" },
        settings: { temperature: 0.7 },
        pin,
      };
      await engine.commit(putOverride(content, AUTHOR));
      expect(stateOf(engine, experimentId)).toBe("aborted");
    }
  });

  test("to other fields, phases, models or scopes leaves it running", async () => {
    const { engine } = await opened();
    const { experimentId } = await startedExperiment(engine);
    const other = {
      modelName: "gpt-4",
      phases: { execution: { maxTokens: 9 }, planning: { temperature: 0.5 } },
    };
    await engine.commit(putModelConfig(other, { etag: "", ...AUTHOR }));
    await engine.commit(
      putModelConfig({ ...temperature, modelName: "claude-3-opus" }, { etag: "", ...AUTHOR }),
    );
    const elsewhere = {
      model: "gpt-4",
      phase: undefined,
      selector: { agent: "b" },
      settings: { temperature: 0.1 },
      pin: true,
    };
    await engine.commit(putOverride(elsewhere, AUTHOR));
    expect(stateOf(engine, experimentId)).toBe("running");
  });
});

describe("a start is refused", () => {
  test("over a field that a pin sets in the scope or a part of it", async () => {
    for (const selector of [{}, { tenant: "x" }]) {
      const { engine } = await opened();
      const content = {
        model: "gpt-4",
        phase: undefined,
        selector,
        settings: { temperature: 0.4 },
        pin: true,
      };
      await engine.commit(putOverride(content, AUTHOR));
      const { experimentId } = await engine.commit(createExperiment(planOf(), AUTHOR));
      expect(await refusalOf(engine.commit(startExperiment(experimentId, AUTHOR)))).toBe(
        "FIELD_SHADOWED",
      );
    }
  });

  test("while another experiment holds the scope, also a paused one", async () => {
    const { engine } = await opened();
    const first = await startedExperiment(engine);
    const second = await engine.commit(createExperiment(planOf(), AUTHOR));
    const start = () => engine.commit(startExperiment(second.experimentId, AUTHOR));
    expect(await refusalOf(start())).toBe("EXPERIMENT_CONFLICT");
    await engine.commit(moveExperiment(first.experimentId, "paused", AUTHOR));
    expect(await refusalOf(start())).toBe("EXPERIMENT_CONFLICT");
    await engine.commit(moveExperiment(first.experimentId, "concluded", AUTHOR));
    expect((await start()).state).toBe("running");
  });

  test("of what ended or does not exist", async () => {
    const { engine } = await opened();
    const { experimentId } = await startedExperiment(engine);
    await engine.commit(moveExperiment(experimentId, "concluded", AUTHOR));
    expect(await refusalOf(engine.commit(startExperiment(experimentId, AUTHOR)))).toBe(
      "EXPERIMENT_STATE_ILLEGAL",
    );
    expect(await refusalOf(engine.commit(startExperiment("exp-none", AUTHOR)))).toBe(
      "EXPERIMENT_NOT_FOUND",
    );
  });
});

test("a paused experiment enrols nobody and keeps serving those it has; a concluded one serves control", async () => {
  const { engine } = await opened();
  const { experimentId } = await startedExperiment(engine);
  const before = engine.lookups.resolve(lookupOf({ unit: "a" }));
  await engine.commit(moveExperiment(experimentId, "paused", AUTHOR));
  expect(engine.lookups.resolve(lookupOf({ unit: "a" })).settings).toEqual(before.settings);
  expect(engine.lookups.resolve(lookupOf({ unit: "b" }))).toMatchObject({
    reason: "default",
    cacheable: false,
  });
  await engine.commit(moveExperiment(experimentId, "concluded", AUTHOR));
  expect(engine.lookups.resolve(lookupOf({ unit: "a" }))).toMatchObject({
    reason: "default",
    cacheable: true,
  });
});

test("an arm takes the changes of a variant for the experiment's phase", async () => {
  const { engine } = await opened();
  const content = {
    model: "gpt-4",
    name: "conservative",
    phases: { planning: { temperature: 0.1 }, execution: { temperature: 0.5 } },
  };
  const variant = await engine.commit(createVariant(content, AUTHOR));
  expect(await engine.commit(createVariant(content, AUTHOR))).toEqual(variant);
  const other = { ...content, phases: { planning: { temperature: 0.2 } } };
  expect(await refusalOf(engine.commit(createVariant(other, AUTHOR)))).toBe("VARIANT_EXISTS");
  const arms = planOf().arms.map((arm, index) =>
    index === 0 ? arm : { ...arm, variant: "conservative", changes: {} },
  );
  const experiment = await engine.commit(createExperiment(planOf({ arms }), AUTHOR));
  expect(experiment.arms[1]?.changes).toEqual({ temperature: 0.5 });
  const missing = arms.map((arm, index) => (index === 0 ? arm : { ...arm, variant: "none" }));
  expect(await refusalOf(engine.commit(createExperiment(planOf({ arms: missing }), AUTHOR)))).toBe(
    "VARIANT_NOT_FOUND",
  );
});
