import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MILLION } from "../../domain/experiment/experiment.ts";
import {
  HOUR_MS,
  lookupOf,
  opened,
  outcomeFor,
  releasedLog,
  reopened,
  startedExperiment,
  unitOfToken,
} from "./experiments-fixtures.ts";

describe("a lookup in the scope of a running experiment", () => {
  test("answers its unit's arm, the same each time, and what no cache may keep", async () => {
    const { engine } = await opened();
    await startedExperiment(engine);
    const temperatures = new Set<number | undefined>();
    for (let i = 0; i < 20; i++) {
      const request = lookupOf({ unit: `session-${i}` });
      const once = engine.lookups.resolve(request);
      expect(once).toMatchObject({ reason: "experiment", cacheable: false, scoreRequested: true });
      for (let again = 0; again < 3; again++)
        expect(engine.lookups.resolve(request).settings).toEqual(once.settings);
      temperatures.add(once.settings.temperature);
    }
    expect([...temperatures].toSorted()).toEqual([0.2, 0.7]);
  });

  test("without a unit is a unit of its own", async () => {
    const { engine } = await opened();
    const experiment = await startedExperiment(engine);
    for (let i = 0; i < 10; i++) engine.lookups.resolve(lookupOf());
    await engine.experiments.flush();
    const { tally } = engine.experiments.results(experiment);
    expect(tally.arms.reduce((sum, { assigned }) => sum + assigned, 0)).toBe(10);
  });

  test("that only looks answers control, enrols nothing, and is not to be cached either", async () => {
    const { engine } = await opened();
    const experiment = await startedExperiment(engine);
    const { enrols: _, ...peek } = lookupOf({ unit: "a" });
    const answer = engine.lookups.resolve(peek);
    expect(answer).toMatchObject({ reason: "default", cacheable: false, scoreRequested: false });
    expect(answer.settings.temperature).toBe(0.7);
    expect(engine.openToken(answer.token)?.assignment).toBeUndefined();
    expect(engine.experiments.results(experiment).pending).toBe(0);
  });

  test("whose call sets what is varied is not enrolled", async () => {
    const { engine } = await opened();
    await startedExperiment(engine);
    const answer = engine.lookups.resolve(
      lookupOf({ unit: "a", callSettings: { temperature: 1 } }),
    );
    expect(answer.reason).toBe("default");
    expect(answer.settings.temperature).toBe(1);
    expect(
      engine.lookups.resolve(lookupOf({ unit: "a", callSettings: { maxTokens: 5 } })).reason,
    ).toBe("experiment");
  });

  test("of another scope knows nothing of it", async () => {
    const { engine } = await opened();
    await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ attributes: { environment: "staging" } }));
    expect(answer).toMatchObject({ reason: "default", cacheable: true });
  });

  test("gives the layer that set each field, and a config id of what is served", async () => {
    const { engine } = await opened();
    const experiment = await startedExperiment(engine);
    const answers = Array.from({ length: 20 }, (_, i) =>
      engine.lookups.resolve(lookupOf({ unit: `${i}` })),
    );
    const cooler = answers.find(({ settings }) => settings.temperature === 0.2);
    const control = answers.find(({ settings }) => settings.temperature === 0.7);
    expect(cooler?.provenance).toContainEqual({
      field: "temperature",
      layer: "experiment",
      revision: experiment.revision,
      source: `${experiment.experimentId}.1`,
    });
    expect(cooler?.arm.configId).not.toBe(control?.arm.configId);
  });
});

test("a unit is never redrawn while its period lasts, whatever becomes of the weights", async () => {
  const { engine, platform } = await opened();
  const experiment = await startedExperiment(engine);
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: MILLION - 1 }), { maxLength: 6 }),
      async (unit, weights) => {
        platform.clock.ms += 1;
        const first = engine.experiments.enrol(experiment, unit);
        for (const [index, weight] of weights.entries()) {
          const [control, other] = experiment.arms;
          if (!control || !other) throw new Error("two arms");
          const arms = [
            { ...control, weightPpm: weight },
            { ...other, weightPpm: MILLION - weight },
          ];
          const changed = { ...experiment, arms, epoch: 2 + index };
          expect(engine.experiments.enrol(changed, unit)).toBe(first);
          expect(engine.experiments.enrol({ ...changed, state: "paused" }, unit)).toBe(first);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("after its period a unit is drawn anew, as another unit", async () => {
  const { engine, platform } = await opened();
  const experiment = await startedExperiment(engine);
  const first = engine.experiments.enrol(experiment, "a");
  platform.clock.ms += experiment.periodMs - 1;
  expect(engine.experiments.enrol(experiment, "a")).toBe(first);
  platform.clock.ms += 1;
  const second = engine.experiments.enrol(experiment, "a");
  expect(second?.sequence).toBeGreaterThan(first?.sequence ?? 0);
});

describe("a bound that is full", () => {
  test("leaves lookups out before they are drawn, and lets them in again later", async () => {
    const { engine, platform } = await opened();
    await startedExperiment(engine);
    const reasons = Array.from(
      { length: 2_100 },
      (_, i) => engine.lookups.resolve(lookupOf({ unit: `${i}` })).reason,
    );
    expect(reasons.filter((reason) => reason === "experiment")).toHaveLength(2_000);
    expect(reasons.slice(2_000)).toEqual(new Array(100).fill("default"));
    // One that is enrolled stays enrolled.
    expect(engine.lookups.resolve(lookupOf({ unit: "5" })).reason).toBe("experiment");
    platform.clock.ms += 1_000;
    expect(engine.lookups.resolve(lookupOf({ unit: "2050" })).reason).toBe("experiment");
  });
});

describe("outcomes", () => {
  test("count for (experiment, index), apart from the config id that was served", async () => {
    const { engine } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    const outcome = outcomeFor(engine, answer, { outcomeId: "o" });
    expect(outcome.arm.configId).toBe(`${experiment.experimentId}.${outcome.assignment?.arm}`);
    expect(await engine.report([outcome])).toEqual(["accepted"]);
    const { tally } = engine.experiments.results(experiment);
    expect(tally.arms[outcome.assignment?.arm ?? 0]).toMatchObject({ assigned: 1, reported: 1 });
  });

  test("are released in the order of assignment once window and deadlines are over, missing ones with the worst value", async () => {
    const { engine, platform } = await opened();
    const experiment = await startedExperiment(engine);
    const answers = Array.from({ length: 30 }, (_, i) =>
      engine.lookups.resolve(lookupOf({ unit: `${i}` })),
    );
    // Every third reports, in another order than they were assigned.
    const outcomes = answers
      .flatMap((answer, i) =>
        i % 3 === 0 ? [outcomeFor(engine, answer, { outcomeId: `o${i}` })] : [],
      )
      .toReversed();
    await engine.report(outcomes);
    await engine.checkpoint();
    expect(await releasedLog(engine.store, experiment.experimentId)).toEqual([]);
    platform.clock.ms += HOUR_MS;
    await engine.checkpoint();
    const log = await releasedLog(engine.store, experiment.experimentId);
    expect(log.map(({ unit }) => unit.sequence)).toEqual(
      log.map((_, i) => (log[0]?.unit.sequence ?? 0) + i),
    );
    expect(log).toHaveLength(30);
    for (const [i, { values }] of log.entries())
      expect(values[0]).toEqual(
        i % 3 === 0 ? { kind: "reported", value: 1 } : { kind: "imputed", value: 0 },
      );
    const { tally, pending } = engine.experiments.results(experiment);
    expect(pending).toBe(0);
    expect(tally.arms.reduce((sum, arm) => sum + (arm.metrics[0]?.reported ?? 0), 0)).toBe(10);
    expect(tally.arms.reduce((sum, arm) => sum + (arm.metrics[0]?.imputed ?? 0), 0)).toBe(20);
  });

  test("that come after the release are late and change nothing", async () => {
    const { engine, platform } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    platform.clock.ms += HOUR_MS;
    await engine.checkpoint();
    const before = engine.experiments.results(experiment).tally;
    const outcome = outcomeFor(engine, answer, { outcomeId: "o" });
    expect(await engine.report([outcome])).toEqual(["accepted"]);
    const after = engine.experiments.results(experiment).tally;
    const arm = outcome.assignment?.arm ?? 0;
    expect(after.arms[arm]?.lateOutcomes).toBe(1);
    expect(after.arms[arm]?.metrics).toEqual(before.arms[arm]?.metrics);
  });
});

describe("a score that comes later", () => {
  async function scored(waitMs: number) {
    const { engine, platform, database } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    const unit = unitOfToken(engine, answer);
    await engine.report([outcomeFor(engine, answer, { outcomeId: "o", scores: { quality: 40 } })]);
    platform.clock.ms += waitMs;
    const item = { target: { unit }, scores: { quality: 90 }, source: "" };
    expect(await engine.outcomes.reportFeedback([item])).toEqual(["accepted"]);
    const next = await reopened({ database, platform });
    platform.clock.ms += HOUR_MS;
    await next.checkpoint();
    const [released] = await releasedLog(next.store, experiment.experimentId);
    const { tally } = next.experiments.results(experiment);
    return {
      value: released?.values[1],
      frozen: tally.arms[unit.assignment?.arm ?? 0]?.frozenScores,
    };
  }

  test("takes the place of the one before, in inference too", async () => {
    expect(await scored(1000)).toEqual({ value: { kind: "reported", value: 0.9 }, frozen: 0 });
  });

  test("after the deadline counts in cells only, and is counted as such", async () => {
    expect(await scored(HOUR_MS)).toEqual({ value: { kind: "reported", value: 0.4 }, frozen: 1 });
  });
});

test("a window of nothing still takes the outcome of the first lookup, however the clock ticks", async () => {
  const { engine, platform } = await opened();
  const experiment = await startedExperiment(engine, { unitWindowMs: 0 });
  const { nowMs } = platform.clock;
  platform.clock.nowMs = () => {
    platform.clock.ms += 1;
    return nowMs.call(platform.clock);
  };
  const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
  await engine.report([outcomeFor(engine, answer, { outcomeId: "o" })]);
  const { tally } = engine.experiments.results(experiment);
  expect(tally.arms.reduce((sum, arm) => sum + arm.reported, 0)).toBe(1);
});
