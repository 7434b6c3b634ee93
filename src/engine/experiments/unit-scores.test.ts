import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeKey } from "../../domain/config/scope.ts";
import { type Cell, EMPTY_CELL, mergeCells } from "../../domain/outcome/cell.ts";
import { keys } from "../../store/keys.ts";
import { ALL_HOURS } from "../cells.ts";
import type { Engine } from "../engine.ts";
import type { FeedbackItem } from "../feedback.ts";
import type { Resolution } from "../lookups.ts";
import {
  HOUR_MS,
  lookupOf,
  opened,
  outcomeFor,
  planOf,
  releasedLog,
  reopened,
  startedExperiment,
  unitOfToken,
} from "./experiments-fixtures.ts";

function byToken(
  engine: Engine,
  answer: Pick<Resolution, "token">,
  quality: number,
  source = "judge",
): FeedbackItem {
  return { target: { unit: unitOfToken(engine, answer) }, scores: { quality }, source };
}

async function cells(engine: Engine): Promise<Map<string, Cell>> {
  const arms = await engine.cells.read(scopeKey(planOf().scope), ALL_HOURS);
  return new Map(arms.map(({ live, cell }) => [live.arm.configId, cell]));
}

async function allCells(engine: Engine): Promise<Cell> {
  return [...(await cells(engine)).values()].reduce(mergeCells, EMPTY_CELL);
}

describe("a score by the token of an assignment", () => {
  test("counts for a unit that nobody reported an outcome of, and for its arm", async () => {
    const { engine, platform } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    expect(await engine.outcomes.reportFeedback([byToken(engine, answer, 80)])).toEqual([
      "accepted",
    ]);
    expect(await engine.outcomes.reportFeedback([byToken(engine, answer, 80)])).toEqual([
      "duplicate",
    ]);
    const { arm = 0 } = unitOfToken(engine, answer).assignment ?? {};
    const cell = (await cells(engine)).get(`${experiment.experimentId}.${arm}`);
    expect(cell).toMatchObject({ outcomes: 0, corrected: 1, bounded: { quality: { n: 1 } } });
    platform.clock.ms += HOUR_MS;
    await engine.checkpoint();
    const [released] = await releasedLog(engine.store, experiment.experimentId);
    expect(released?.values).toEqual([
      { kind: "imputed", value: 0 },
      { kind: "reported", value: 0.8 },
    ]);
  });

  test("is of the session as a whole, whichever of its tokens brings it, instead of those of its calls", async () => {
    const { engine, platform } = await opened();
    const experiment = await startedExperiment(engine);
    const [first, second] = [1, 2].map(() => engine.lookups.resolve(lookupOf({ unit: "a" })));
    if (!first || !second) throw new Error("two lookups");
    await engine.report([
      outcomeFor(engine, first, { outcomeId: "o1", scores: { quality: 10 } }),
      outcomeFor(engine, second, { outcomeId: "o2", status: "timeout" }),
    ]);
    platform.clock.ms += 60_000;
    await engine.outcomes.reportFeedback([byToken(engine, first, 40)]);
    await engine.outcomes.reportFeedback([byToken(engine, second, 90)]);
    // In cells it is one score beside those of the calls, and the second took the place of the first.
    const { bounded, corrected } = await allCells(engine);
    expect(corrected).toBe(2);
    expect(bounded["quality"]?.n).toBe(2);
    expect(bounded["quality"]?.s1).toBeCloseTo(0.1 + 0.9, 12);
    platform.clock.ms += HOUR_MS;
    await engine.checkpoint();
    const [released] = await releasedLog(engine.store, experiment.experimentId);
    expect(released?.values[1]).toEqual({ kind: "reported", value: 0.9 });
    expect(released?.unit.reports).toBe(2);
  });

  test("of a lookup that is its own unit is that of its outcome, where that came first", async () => {
    const { engine } = await opened();
    await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf());
    await engine.report([outcomeFor(engine, answer, { outcomeId: "o", scores: { quality: 10 } })]);
    const byId = { target: { outcomeId: "o" }, scores: { quality: 30 }, source: "judge" };
    expect(await engine.outcomes.reportFeedback([byId])).toEqual(["accepted"]);
    expect(await engine.outcomes.reportFeedback([byToken(engine, answer, 30)])).toEqual([
      "duplicate",
    ]);
    const { bounded } = await allCells(engine);
    expect(bounded["quality"]).toMatchObject({ n: 1 });
    expect(bounded["quality"]?.s1).toBeCloseTo(0.2, 12);
  });

  test("that came before the outcome goes on meeting the scores of its own token", async () => {
    const { engine, database, platform } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf());
    await engine.outcomes.reportFeedback([byToken(engine, answer, 30)]);
    await engine.report([outcomeFor(engine, answer, { outcomeId: "o" })]);
    const next = await reopened({ database, platform });
    expect(await next.outcomes.reportFeedback([byToken(next, answer, 70)])).toEqual(["accepted"]);
    const { bounded } = await allCells(next);
    expect(bounded["quality"]).toMatchObject({ n: 1, s1: 0.7 });
    platform.clock.ms += HOUR_MS;
    await next.checkpoint();
    const [released] = await releasedLog(next.store, experiment.experimentId);
    expect(released?.values[1]).toEqual({ kind: "reported", value: 0.7 });
  });

  test("after the metric's deadline changes cells only, and is counted as frozen", async () => {
    const { engine, platform } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    await engine.outcomes.reportFeedback([byToken(engine, answer, 30)]);
    platform.clock.ms += HOUR_MS;
    await engine.checkpoint();
    await engine.outcomes.reportFeedback([byToken(engine, answer, 90)]);
    const [released] = await releasedLog(engine.store, experiment.experimentId);
    expect(released?.values[1]).toEqual({ kind: "reported", value: 0.3 });
    const { tally } = engine.experiments.results(experiment);
    expect(tally.arms.reduce((sum, arm) => sum + arm.frozenScores, 0)).toBe(1);
    expect((await allCells(engine)).bounded["quality"]).toMatchObject({ n: 1 });
    expect((await allCells(engine)).bounded["quality"]?.s1).toBeCloseTo(0.9, 12);
  });

  test("of a unit whose assignment a crash took is merely seen, for what was served", async () => {
    const { engine, platform, database, control } = await opened();
    const experiment = await startedExperiment(engine);
    control.before = () => new Promise(() => undefined);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    const next = await reopened({ database, platform });
    expect(await next.outcomes.reportFeedback([byToken(next, answer, 50)])).toEqual(["accepted"]);
    expect([...(await cells(next)).keys()]).toEqual([answer.arm.configId]);
    const { tally, pending } = next.experiments.results(experiment);
    expect(pending).toBe(0);
    expect(tally.arms.map(({ frozenScores }) => frozenScores)).toEqual([0, 0]);
  });

  test("waits for the assignment to be on disk", async () => {
    const { engine, platform, database, control } = await opened();
    const experiment = await startedExperiment(engine);
    // Scored in the very step of the lookup; the disk takes one more write, the assignment's, and no other.
    let writes = 1;
    control.before = () => (writes-- > 0 ? undefined : new Promise(() => undefined));
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    let isAcknowledged = false;
    engine.outcomes.reportFeedback([byToken(engine, answer, 50)]).then(
      () => {
        isAcknowledged = true;
      },
      () => undefined,
    );
    while (writes >= 0) await new Promise((resolve) => setImmediate(resolve));
    const next = await reopened({ database, platform });
    expect(isAcknowledged).toBe(false);
    expect(next.experiments.results(experiment).pending).toBe(1);
    expect(unitOfToken(next, answer).assignment).toBeDefined();
  });

  test("is kept for a week, and no longer on disk", async () => {
    const { engine, platform } = await opened();
    await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    const { sequence } = unitOfToken(engine, answer);
    await engine.outcomes.reportFeedback([byToken(engine, answer, 50)]);
    platform.clock.ms += 6 * 24 * HOUR_MS;
    await engine.report([outcomeFor(engine, answer, { outcomeId: "o1" })]);
    await engine.checkpoint();
    expect(await engine.store.json(keys.unitScores(sequence))).toBeDefined();
    platform.clock.ms += 24 * HOUR_MS;
    const newer = engine.lookups.resolve(lookupOf({ unit: "b" }));
    await engine.outcomes.reportFeedback([byToken(engine, newer, 50)]);
    await engine.checkpoint();
    expect(await engine.store.json(keys.unitScores(sequence))).toBeUndefined();
  });
});

test("cells and units are those of the last scores, whatever came before and wherever crashes fell", async () => {
  const anyStep = fc.record({
    unit: fc.nat(3),
    // Few values, so that sources often agree with each other.
    quality: fc.oneof(fc.constantFrom(0, 50, 100), fc.integer({ min: 0, max: 100 })),
    source: fc.constantFrom("", "judge", "person"),
    after: fc.constantFrom("nothing" as const, "checkpoint" as const, "crash" as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 20 }), async (steps) => {
      const { engine: first, platform, database } = await opened();
      let engine = first;
      const experiment = await startedExperiment(engine);
      const answers = Array.from({ length: 4 }, (_, i) =>
        engine.lookups.resolve(lookupOf({ unit: `${i}` })),
      );
      await engine.experiments.flush();
      const last = answers.map((): Record<string, number> => ({}));
      for (const { unit, quality, source, after } of steps) {
        const answer = answers[unit];
        if (!answer) throw new Error("a unit of these");
        await engine.outcomes.reportFeedback([byToken(engine, answer, quality, source)]);
        last[unit] = { ...last[unit], [source]: quality };
        if (after === "checkpoint") await engine.checkpoint();
        if (after === "crash") engine = await reopened({ database, platform });
      }
      const means = last.map((bySource) => {
        const scores = Object.values(bySource);
        return scores.length === 0
          ? undefined
          : scores.reduce((sum, score) => sum + score, 0) / scores.length / 100;
      });
      const { n = 0, s1 = 0 } = (await allCells(engine)).bounded["quality"] ?? {};
      expect(n).toBe(means.filter((mean) => mean !== undefined).length);
      expect(s1).toBeCloseTo(
        means.reduce((sum: number, mean) => sum + (mean ?? 0), 0),
        9,
      );
      platform.clock.ms += HOUR_MS;
      await engine.checkpoint();
      const log = await releasedLog(engine.store, experiment.experimentId);
      for (const [i, mean] of means.entries()) {
        const value = log[i]?.values[1];
        expect(value?.kind).toBe(mean === undefined ? "imputed" : "reported");
        if (value && "value" in value) expect(value.value).toBeCloseTo(mean ?? 0, 9);
      }
    }),
    { numRuns: 50 },
  );
});
