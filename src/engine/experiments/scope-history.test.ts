import { expect, test } from "vitest";
import { challengerDesigns } from "../../domain/experiment/evidence-design.ts";
import { emptyTally } from "../../domain/experiment/tally.ts";
import { armAt, outcomeOf } from "../../domain/outcome/outcome-fixtures.ts";
import { drawnUnit } from "./drawn-unit.ts";
import { createExperiment, moveExperiment, startExperiment } from "./experiment-changes.ts";
import { AUTHOR, opened, planOf, reopened } from "./experiments-fixtures.ts";
import { scopeHistory } from "./scope-history.ts";
import { UnitTable } from "./unit-table.ts";

const SCOPE = { model: "gpt-4", phase: "execution", dimensions: ["", ""] } as const;

/** An experiment in a scope in which so many calls came before, nine of ten of them well and each scored 70 in quality and .2 in hallucination. */
async function drafted(calls: number) {
  const at = await opened();
  const arm = { ...armAt(0.7), scope: SCOPE };
  await at.engine.report(
    Array.from({ length: calls }, (_, i) =>
      outcomeOf(`o-${i}`, {
        ...{ arm, occurredAtMs: at.platform.clock.ms, scores: { quality: 70, hallucination: 0.2 } },
        status: i % 10 === 0 ? "model_error" : "ok",
      }),
    ),
  );
  const metrics = ["success", "quality", "hallucination"].map((metric) => ({
    metric,
    missing: "failure" as const,
    ttlMs: 60_000,
  }));
  const draft = await at.engine.commit(createExperiment(planOf({ metrics }), AUTHOR));
  const { outcomes } = await scopeHistory(at.engine, draft, at.platform.clock.ms);
  return { ...at, draft, outcomes };
}

test("an experiment starts from the means of its scope, which no later start and no restart changes", async () => {
  const at = await drafted(40);
  const { engine, platform, draft, outcomes } = at;
  const near = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 9));
  expect(outcomes.outcomeMeans).toEqual(near([0.9, 0.7, 0.2]));
  await engine.experiments.reserve();
  const start = (history = outcomes) =>
    engine.commit(startExperiment(draft.experimentId, AUTHOR, history));
  const started = await start();
  // Units are centred there before any of them is released, and guards stay near it.
  const table = new UnitTable(started.salt, emptyTally(started));
  const at0 = { unit: "", key: "", boot: 1, sequence: 0, nowMs: platform.clock.ms };
  expect(drawnUnit(started, table, at0).centres).toEqual(near([0.9, 0.7, 0.2]));
  const boxes = challengerDesigns(started)[0]?.metrics.map(({ guardCentre }) => guardCentre) ?? [];
  expect(boxes.map(({ low }) => low)).toEqual(near([0.8, 0.6, 0.7]));
  expect(boxes.map(({ high }) => high)).toEqual(near([1, 0.8, 0.9]));
  await engine.commit(moveExperiment(draft.experimentId, "paused", AUTHOR));
  const again = await start({ outcomeVariances: [0.1], outcomeMeans: [0.1] });
  expect(again.outcomeMeans).toEqual(outcomes.outcomeMeans);
  expect(again.outcomeVariances).toEqual(outcomes.outcomeVariances);
  const next = await reopened({ database: at.database, platform });
  const known = next.state.config.experiments.get(draft.experimentId);
  expect(known && challengerDesigns(known)).toEqual(challengerDesigns(started));
});

test("too few outcomes are no history to hold a guard by: it takes the centre as it comes", async () => {
  const { outcomes, draft } = await drafted(19);
  expect(outcomes.outcomeMeans).toEqual([null, null, null]);
  const [design] = challengerDesigns({ ...draft, ...outcomes });
  expect(design?.metrics[0]?.guardCentre).toEqual({ low: 0, high: 1 });
});
