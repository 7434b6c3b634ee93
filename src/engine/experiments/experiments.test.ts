import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MILLION } from "../../domain/experiment/experiment.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import { openMemoryStore } from "../../store/store-fixtures.ts";
import { putModelConfig } from "../config-changes.ts";
import type { Engine } from "../engine.ts";
import { createTestPlatform, openTestEngine, type TestPlatform } from "../engine-fixtures.ts";
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
  outcomeFor,
  planOf,
  releasedLog,
  startedExperiment,
} from "./experiments-fixtures.ts";

const HOUR_MS = 3_600_000;

async function opened(): Promise<{
  engine: Engine;
  platform: TestPlatform;
  database: Awaited<ReturnType<typeof openMemoryStore>>["database"];
  control: Awaited<ReturnType<typeof openMemoryStore>>["control"];
}> {
  const { store, database, control } = await openMemoryStore();
  const platform = createTestPlatform();
  return { engine: await openTestEngine(store, platform), platform, database, control };
}

/** The daemon as it is after a crash: what was written is there, and nothing else. */
async function reopened(
  database: Awaited<ReturnType<typeof openMemoryStore>>["database"],
  platform: TestPlatform,
): Promise<Engine> {
  const { store } = await openMemoryStore(database);
  return openTestEngine(store, platform);
}

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof Fault) return failure.reason;
  throw new Error(`not refused: ${String(failure)}`);
}

function stateOf(engine: Engine, experimentId: string) {
  return engine.state.config.experiments.get(experimentId)?.state;
}

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
    expect(stateOf(await reopened(database, platform), experimentId)).toBe("aborted");
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

const anySteps = fc.array(
  fc.oneof(
    fc.record({ step: fc.constant("enrol" as const), unit: fc.nat(30) }),
    fc.record({ step: fc.constant("report" as const), place: fc.nat(1000), ok: fc.boolean() }),
    fc.record({
      step: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 60_000, HOUR_MS, 30 * HOUR_MS),
    }),
    fc.record({ step: fc.constantFrom("checkpoint" as const, "crash" as const) }),
  ),
  { maxLength: 40 },
);
type Step = typeof anySteps extends fc.Arbitrary<(infer T)[]> ? T : never;

/** What is released after all steps, by unit and not by number: a crash begins a new block of numbers. */
async function runSteps(steps: readonly Step[]): Promise<unknown> {
  const { engine: first, platform, database } = await opened();
  let engine = first;
  const experiment = await startedExperiment(engine);
  const answers: { token: string }[] = [];
  let reported = 0;
  for (const step of steps) {
    const answer =
      step.step === "report" ? answers[step.place % Math.max(1, answers.length)] : undefined;
    if (step.step === "enrol")
      answers.push(engine.lookups.resolve(lookupOf({ unit: `${step.unit}` })));
    if (step.step === "wait") platform.clock.ms += step.ms;
    if (step.step === "checkpoint") await engine.checkpoint();
    if (step.step === "report" && answer) {
      const status = step.ok ? "ok" : "timeout";
      await engine.report([outcomeFor(engine, answer, { outcomeId: `o${reported++}`, status })]);
    }
    if (step.step !== "crash") continue;
    await engine.experiments.flush();
    engine = await reopened(database, platform);
  }
  await engine.experiments.flush();
  platform.clock.ms += 100 * HOUR_MS;
  await engine.checkpoint();
  const log = await releasedLog(engine.store, experiment.experimentId);
  const { tally } = engine.experiments.results(experiment);
  const arms = tally.arms.map(({ metrics: _, ...counts }) => counts);
  return [
    arms,
    log.map(({ unit, values }) => {
      const { sequence: _sequence, boot: _boot, centres: _centres, ...same } = unit;
      return { ...same, values };
    }),
  ];
}

describe("after a crash", () => {
  test("units whose assignment was written are the same, and those that were not are void", async () => {
    const { engine, platform, database, control } = await opened();
    const experiment = await startedExperiment(engine);
    const kept = Array.from({ length: 20 }, (_, i) =>
      engine.lookups.resolve(lookupOf({ unit: `kept-${i}` })),
    );
    await engine.experiments.flush();
    control.before = () => new Promise(() => undefined);
    const lost = Array.from({ length: 20 }, (_, i) =>
      engine.lookups.resolve(lookupOf({ unit: `lost-${i}` })),
    );

    const next = await reopened(database, platform);
    for (const [i, answer] of kept.entries())
      expect(next.lookups.resolve(lookupOf({ unit: `kept-${i}` })).settings).toEqual(
        answer.settings,
      );
    for (const answer of kept) expect(next.openToken(answer.token)?.arm.configId).toMatch(/^exp-/);
    for (const [i, answer] of lost.entries()) {
      // Decided by the number alone; the outcome counts for what was served.
      expect(next.openToken(answer.token)?.arm).toEqual(answer.arm);
      // The same unit in the same period is drawn the same.
      const again = next.lookups.resolve(lookupOf({ unit: `lost-${i}` }));
      expect(again.settings).toEqual(answer.settings);
      expect(next.openToken(again.token)?.assignment?.sequence).not.toBe(
        next.openToken(answer.token)?.assignment?.sequence,
      );
    }
    const outcomes = lost.map((answer, i) => outcomeFor(next, answer, { outcomeId: `o${i}` }));
    await next.report(outcomes);
    const { tally } = next.experiments.results(experiment);
    expect(tally.arms.reduce((sum, arm) => sum + arm.voidOutcomes, 0)).toBe(20);
    expect(tally.arms.reduce((sum, arm) => sum + arm.reported, 0)).toBe(0);
  });

  test("an outcome that was acknowledged belongs to a unit that is known", async () => {
    const { engine, platform, database, control } = await opened();
    const experiment = await startedExperiment(engine);
    // Reported in the very step of the lookup, while the assignment waits; the disk takes one more write and no other.
    let writes = 1;
    control.before = () => (writes-- > 0 ? undefined : new Promise(() => undefined));
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    let isAcknowledged = false;
    const report = engine.report([outcomeFor(engine, answer, { outcomeId: "o" })]);
    report.then(
      () => {
        isAcknowledged = true;
      },
      () => undefined,
    );
    while (writes >= 0) await new Promise((resolve) => setImmediate(resolve));
    const next = await reopened(database, platform);
    const { tally, pending } = next.experiments.results(experiment);
    expect(pending).toBe(1);
    expect(tally.arms.reduce((sum, arm) => sum + arm.reported, 0)).toBe(isAcknowledged ? 1 : 0);
  });

  test("the log that inference reads is the same as without crashes", async () => {
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const undisturbed = await runSteps(steps.filter(({ step }) => step !== "crash"));
        expect(await runSteps(steps)).toEqual(undisturbed);
      }),
      { numRuns: 40 },
    );
  });

  test("the state is what it was, wherever checkpoints, reports, releases and crashes fell", async () => {
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const { engine: first, platform, database } = await opened();
        let engine = first;
        const experiment = await startedExperiment(engine);
        const answers: { token: string }[] = [];
        let reported = 0;
        for (const step of steps) {
          if (step.step === "enrol")
            answers.push(
              engine.lookups.resolve(lookupOf({ unit: step.unit === 0 ? "" : `${step.unit}` })),
            );
          if (step.step === "wait") platform.clock.ms += step.ms;
          if (step.step === "checkpoint") await engine.checkpoint();
          const answer =
            step.step === "report" ? answers[step.place % Math.max(1, answers.length)] : undefined;
          if (answer)
            await engine.report([outcomeFor(engine, answer, { outcomeId: `o${reported++}` })]);
          if (step.step !== "crash") continue;
          await engine.experiments.flush();
          const before = {
            ...engine.experiments.results(experiment),
            held: engine.experiments.held,
          };
          engine = await reopened(database, platform);
          expect({
            ...engine.experiments.results(experiment),
            held: engine.experiments.held,
          }).toEqual(before);
        }
        await engine.experiments.flush();
        const { tally, pending } = engine.experiments.results(experiment);
        const sum = (key: "assigned" | "released") =>
          tally.arms.reduce((total, arm) => total + arm[key], 0);
        expect(sum("assigned")).toBe(sum("released") + pending);
        const log = await releasedLog(engine.store, experiment.experimentId);
        expect(log.length).toBeLessThanOrEqual(sum("released"));
        expect(new Set(log.map(({ unit }) => unit.sequence)).size).toBe(log.length);
      }),
      { numRuns: 60 },
    );
  });
});

test("assignments whose write failed are written by the next one, in their order", async () => {
  const { engine, control } = await opened();
  const experiment = await startedExperiment(engine);
  let failures = 1;
  control.before = () => {
    if (failures-- > 0) throw new Error("disk full");
  };
  engine.lookups.resolve(lookupOf({ unit: "a" }));
  await expect(engine.experiments.flush()).rejects.toThrow();
  engine.lookups.resolve(lookupOf({ unit: "b" }));
  await engine.experiments.flush();
  const { tally } = engine.experiments.results(experiment);
  expect(tally.arms.reduce((sum, arm) => sum + arm.assigned, 0)).toBe(2);
});

describe("a score that comes later", () => {
  async function scored(waitMs: number) {
    const { engine, platform, database } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    const { assignment } = outcomeFor(engine, answer, { outcomeId: "o" });
    if (!assignment) throw new Error("enrolled");
    await engine.report([outcomeFor(engine, answer, { outcomeId: "o", scores: { quality: 40 } })]);
    platform.clock.ms += waitMs;
    const item = { target: { assignment }, scores: { quality: 90 }, source: "" };
    expect(await engine.outcomes.reportFeedback([item])).toEqual(["accepted"]);
    const next = await reopened(database, platform);
    platform.clock.ms += HOUR_MS;
    await next.checkpoint();
    const [released] = await releasedLog(next.store, experiment.experimentId);
    const { tally } = next.experiments.results(experiment);
    return { value: released?.values[1], frozen: tally.arms[assignment.arm]?.frozenScores };
  }

  test("takes the place of the one before, in inference too", async () => {
    expect(await scored(1000)).toEqual({ value: { kind: "reported", value: 0.9 }, frozen: 0 });
  });

  test("after the deadline counts in cells only, and is counted as such", async () => {
    expect(await scored(HOUR_MS)).toEqual({ value: { kind: "reported", value: 0.4 }, frozen: 1 });
  });
});
