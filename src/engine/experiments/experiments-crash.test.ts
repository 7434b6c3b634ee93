import fc from "fast-check";
import { describe, expect, test } from "vitest";
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
    engine = await reopened({ database, platform });
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

    const next = await reopened({ database, platform });
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
    const next = await reopened({ database, platform });
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
          engine = await reopened({ database, platform });
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

test("an outcome, and a score, that wait for their assignment to be written take room in the queue", async () => {
  const { engine, control } = await opened();
  await startedExperiment(engine);
  let release = () => {};
  control.before = () => new Promise((resolve) => (release = resolve));
  const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
  const reported = engine.report([outcomeFor(engine, answer, { outcomeId: "o" })]);
  const target = { unit: unitOfToken(engine, answer) };
  const scored = engine.outcomes.reportFeedback([{ target, scores: { quality: 1 }, source: "" }]);
  expect(engine.outcomes.measures().queued).toBe(2);
  while (engine.outcomes.measures().queued > 0) {
    release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await Promise.all([reported, scored])).toEqual([["accepted"], ["accepted"]]);
});
