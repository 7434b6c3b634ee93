import { afterEach, expect, test } from "vitest";
import { EvidenceFold, emptyEvidence } from "../../src/domain/experiment/evidence.ts";
import type { Experiment } from "../../src/domain/experiment/experiment.ts";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { moveExperiment } from "../../src/engine/experiments/experiment-changes.ts";
import {
  AUTHOR,
  lookupOf,
  outcomeFor,
  releasedLog,
  startedExperiment,
} from "../../src/engine/experiments/experiments-fixtures.ts";
import { Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { ExperimentDecision } from "../../src/gen/attuned/v1/experiment_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { seededRandom } from "../statistics/random.ts";
import { type AnalysisWorld, HOUR_MS, openAnalysisWorld } from "./analysis-fixtures.ts";

const SCOPE = { model: "gpt-4", phase: Phase.EXECUTION };
const SUCCESS = [{ metric: "success", missing: "failure" as const, ttlMs: 60_000 }];
const worlds: AnalysisWorld[] = [];

afterEach(async () => {
  for (const { loop, engine } of worlds.splice(0)) {
    await loop.stop();
    await engine.close();
  }
});

async function open(more: Parameters<typeof openAnalysisWorld>[0] = {}): Promise<AnalysisWorld> {
  const world = await openAnalysisWorld(more);
  worlds.push(world);
  return world;
}

/** Units of a running experiment, each with one outcome, succeeding at the rate of its arm. */
async function units(
  world: AnalysisWorld,
  from: number,
  count: number,
  rates: readonly number[],
): Promise<void> {
  const { engine, report, platform } = world;
  const random = seededRandom(from + 1);
  for (let start = from; start < from + count; start += 500) {
    const outcomes = Array.from({ length: Math.min(500, from + count - start) }, (_, i) => {
      const answer = engine.lookups.resolve(lookupOf({ unit: `u-${start + i}` }));
      const outcome = outcomeFor(engine, answer, { outcomeId: `o-${start + i}` });
      const isOk = random.bernoulli(rates[outcome.assignment?.arm ?? 0] ?? 0) === 1;
      return { ...outcome, status: isOk ? ("ok" as const) : ("model_error" as const) };
    });
    await report(outcomes);
    platform.clock.ms += 1_000;
  }
}

/** Every unit so far is past its window and deadline, released and weighed. */
async function settled({ engine, platform, loop }: AnalysisWorld): Promise<void> {
  platform.clock.ms += HOUR_MS;
  // Each time a bounded number of units is released.
  await engine.checkpoint();
  while (engine.experiments.isDue()) await engine.experiments.save();
  const { tasks } = await loop.runNow();
  expect(tasks.filter(({ ok }) => !ok)).toStrictEqual([]);
}

async function replayed(world: AnalysisWorld, experiment: Experiment) {
  const fold = new EvidenceFold(experiment);
  const log = await releasedLog(world.memory.store, experiment.experimentId);
  return log.reduce((evidence, unit) => fold.fold(evidence, unit), emptyEvidence(experiment));
}

test("a winner is part of the known optimum, and every answer about it says that it was randomised", async () => {
  const world = await open();
  const { engine, service, experiments } = world;
  const experiment = await startedExperiment(engine, { metrics: SUCCESS });
  const { experimentId } = experiment;
  await units(world, 0, 1_500, [0.5, 0.8]);
  const running = await experiments.getExperimentResults({ experimentId });
  expect(running.comparisons[0]?.decision).toBe(ExperimentDecision.UNDECIDED);
  expect((await service.detectDrift(SCOPE)).drifts).toMatchObject([
    { optimumSource: "MEASURED", evidence: Evidence.OBSERVATIONAL },
  ]);
  await settled(world);

  const results = await experiments.getExperimentResults({ experimentId });
  expect(results.winner).toMatchObject({ arm: 1, name: "cooler", evidence: Evidence.RANDOMISED });
  expect(results.comparisons).toMatchObject([
    { arm: 1, metric: "success", units: 1_500n, decision: ExperimentDecision.CLAIMED },
  ]);
  const [comparison] = results.comparisons;
  expect(comparison?.interval?.low).toBeLessThan(0.3);
  expect(comparison?.interval?.high).toBeGreaterThan(0.3);
  expect(comparison?.interval?.low).toBeGreaterThan(0);
  expect(results.checks.map(({ check, passed }) => [check, passed])).toStrictEqual([
    ["SAMPLE_RATIO", true],
    ["REPORTING", true],
  ]);
  expect((await experiments.getExperiment({ experimentId })).winner?.arm).toBe(1);

  // Control serves 0.7 and the winner 0.2.
  const { drifts } = await service.detectDrift(SCOPE);
  expect(drifts).toMatchObject([
    { parameter: "temperature", optimumSource: "EXPERIMENT", evidence: Evidence.RANDOMISED },
  ]);
  expect(drifts[0]?.optimum).toMatchObject([{ low: 0.2, high: 0.2 }]);
  const impact = await service.analyzeParameterImpact({
    ...SCOPE,
    parameter: "temperature",
    metric: "success",
  });
  expect(impact.randomised).toMatchObject([
    { experimentId, value: 0.2, controlValue: 0.7, evidence: Evidence.RANDOMISED },
  ]);
  expect(impact.evidence).toBe(Evidence.OBSERVATIONAL);
  const told = impact.insights.find(({ code }) => code === "RANDOMISED_EFFECT");
  expect(told?.evidence).toBe(Evidence.RANDOMISED);
});

test("without a claim nothing is won: equal arms leave no drift and no winner", async () => {
  const world = await open();
  const { experimentId } = await startedExperiment(world.engine, { metrics: SUCCESS });
  await units(world, 0, 1_000, [0.6, 0.6]);
  await settled(world);
  const { winner, comparisons, forecast } = await world.experiments.getExperimentResults({
    experimentId,
  });
  expect(winner).toBeUndefined();
  expect(comparisons[0]?.units).toBe(1_000n);
  expect((await world.service.detectDrift(SCOPE)).drifts).toStrictEqual([]);
  // Time to answer and what the units so far would show, told while it runs.
  expect(Number(forecast?.unitsLikely)).toBeGreaterThan(0);
  expect(forecast?.smallestEffect).toBeGreaterThan(0.05);
  expect(forecast?.text).toContain("would show an effect of");
});

test("a later accepted change of the served value ends the drift; the claim stays after the experiment ended", async () => {
  const world = await open();
  const { engine, service, experiments } = world;
  const { experimentId } = await startedExperiment(engine, { metrics: SUCCESS });
  await units(world, 0, 1_500, [0.5, 0.8]);
  await engine.commit(moveExperiment(experimentId, "concluded", AUTHOR));
  await settled(world);
  expect((await experiments.getExperiment({ experimentId })).winner?.arm).toBe(1);
  const config = { modelName: "gpt-4", phases: { execution: { temperature: 0.2 } } };
  await engine.commit(
    putModelConfig(config, { etag: "", reason: "the winner", changedBy: "anna" }),
  );
  const { drifts, reason } = await service.detectDrift(SCOPE);
  expect(drifts).toStrictEqual([]);
  expect(reason).toContain("which won");
});

test("a restart goes on where inference was: the stored evidence is that of the log, bit for bit", async () => {
  const first = await openAnalysisWorld();
  const experiment = await startedExperiment(first.engine, { metrics: SUCCESS });
  const { experimentId } = experiment;
  await units(first, 0, 400, [0.5, 0.75]);
  await settled(first);
  const before = first.engine.state.inference;
  const { cutMs, ...weighed } = before.evidence.get(experimentId) ?? { cutMs: 0 };
  expect(cutMs).toBeGreaterThan(0);
  await units(first, 400, 400, [0.5, 0.75]);
  first.platform.clock.ms += HOUR_MS;
  // Released and on disk, and in no pass of the loop.
  await first.engine.checkpoint();
  await first.loop.stop();
  await first.engine.close();

  const nowMs = first.platform.clock.ms;
  const second = await open({ database: first.memory.database, nowMs });
  expect(second.engine.state.inference).toStrictEqual(before);
  await settled(second);
  const after = second.engine.state.inference.evidence.get(experimentId);
  const whole = await replayed(second, experiment);
  expect(after?.through).toBe(799);
  expect(weighed).toMatchObject({ through: 399 });
  const cutAt = after?.cutMs ?? 0;
  expect(after).toStrictEqual(new EvidenceFold(experiment).cut(whole, cutAt));
});

test("failures that come late, and later in one arm, claim nothing: every unit waits for its deadline", async () => {
  const world = await open();
  const { engine, platform, report } = world;
  const { experimentId } = await startedExperiment(engine, { metrics: SUCCESS });
  const random = seededRandom(5);
  const late: (() => ReturnType<typeof outcomeFor>)[] = [];
  for (let i = 0; i < 1_200; i++) {
    const answer = engine.lookups.resolve(lookupOf({ unit: `u-${i}` }));
    const outcome = outcomeFor(engine, answer, { outcomeId: `o-${i}` });
    const isOk = random.bernoulli(0.8) === 1;
    const own = { ...outcome, status: isOk ? ("ok" as const) : ("timeout" as const) };
    // Arm 1 tells its failures 40 s after their calls, the other at once.
    if (!isOk && outcome.assignment?.arm === 1) late.push(() => own);
    else await report([own]);
    if (i % 100 === 99) await world.loop.runNow();
  }
  platform.clock.ms += 40_000;
  await report(late.map((make) => make()));
  await settled(world);
  const { comparisons, winner } = await world.experiments.getExperimentResults({ experimentId });
  expect(winner).toBeUndefined();
  const { BETTER, CLAIMED, WORSE, HARMFUL } = ExperimentDecision;
  expect(comparisons).toMatchObject([{ units: 1_200n }]);
  expect([BETTER, CLAIMED, WORSE, HARMFUL]).not.toContain(comparisons[0]?.decision);
});
