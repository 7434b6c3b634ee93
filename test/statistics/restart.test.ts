import fc from "fast-check";
import { expect, test } from "vitest";
import { EvidenceFold, emptyEvidence } from "../../src/domain/experiment/evidence.ts";
import type { Experiment } from "../../src/domain/experiment/experiment.ts";
import type { ReleasedUnit } from "../../src/domain/experiment/tally.ts";
import type { Engine } from "../../src/engine/engine.ts";
import {
  HOUR_MS,
  lookupOf,
  type Opened,
  opened,
  outcomeFor,
  releasedLog,
  reopened,
  startedExperiment,
} from "../../src/engine/experiments/experiments-fixtures.ts";
import type { Pass } from "../../src/optimizer/task.ts";
import { createWeighExperiments } from "../../src/optimizer/tasks/weigh-experiments.ts";
import { seededRandom } from "./random.ts";

/** Long after the deadline of everything. */
const MUCH_LATER_MS = 100 * HOUR_MS;
const SUCCESS = { metric: "success", missing: "failure", ttlMs: 60_000 } as const;

/** The evidence of a log, folded from nothing. */
function replayed(experiment: Experiment, log: readonly ReleasedUnit[]) {
  const fold = new EvidenceFold(experiment);
  return log.reduce((evidence, unit) => fold.fold(evidence, unit), emptyEvidence(experiment));
}

/** Releases every unit there is. */
async function releaseAll(engine: Engine, { platform }: Opened, experiment: Experiment) {
  await engine.experiments.flush();
  platform.clock.ms += MUCH_LATER_MS;
  while (engine.experiments.results(experiment).pending > 0) await engine.checkpoint();
}

interface InFlight {
  readonly dueMs: number;
  readonly token: string;
  readonly sequence: number;
  readonly isOk: boolean;
}

const LATE_MS = 80;
const KILL_EVERY_MS = 100;

/**
 * Identical arms, a call a ms, of which the challenger's failures are reported late. The daemon is killed so often that most of these
 * are in flight at a kill, and with it goes every second agent that waits for an answer. Answers the log that inference reads, and the numbers of the units that were
 * in flight at some kill.
 */
async function runWithKills(seed: number, calls: number) {
  const world = await opened();
  const { platform, database } = world;
  let { engine } = world;
  const experiment = await startedExperiment(engine, { metrics: [SUCCESS], unitWindowMs: 1_000 });
  const random = seededRandom(seed);
  const wasInFlight = new Set<number>();
  let waiting: InFlight[] = [];
  const report = async () => {
    const due = waiting.filter(({ dueMs }) => dueMs <= platform.clock.ms);
    waiting = waiting.filter(({ dueMs }) => dueMs > platform.clock.ms);
    const outcomes = due.map(({ token, sequence, isOk }) =>
      outcomeFor(
        engine,
        { token },
        { outcomeId: `o${sequence}`, status: isOk ? "ok" : "model_error" },
      ),
    );
    if (outcomes.length > 0) await engine.report(outcomes);
  };
  for (let call = 0; call < calls; call++) {
    platform.clock.ms += 1;
    const { token } = engine.lookups.resolve(lookupOf({ unit: `${seed}-${call}` }));
    const { arm, sequence } = engine.openToken(token)?.assignment ?? { arm: 0, sequence: -1 };
    const isOk = random.bernoulli(0.6) === 1;
    const delayMs = arm === 1 && !isOk ? LATE_MS : 0;
    waiting.push({ dueMs: platform.clock.ms + delayMs, token, sequence, isOk });
    if (call % 10 === 9) await report();
    if (call % KILL_EVERY_MS !== KILL_EVERY_MS - 1) continue;
    await engine.experiments.flush();
    if (random.bernoulli(0.3) === 1) await engine.checkpoint();
    for (const { sequence: lost } of waiting) wasInFlight.add(lost);
    waiting = waiting.filter((_, place) => place % 2 === 0);
    engine = await reopened({ database, platform });
  }
  platform.clock.ms += LATE_MS;
  await report();
  await releaseAll(engine, world, experiment);
  return { experiment, wasInFlight, log: await releasedLog(engine.store, experiment.experimentId) };
}

test("units in flight at a kill are in the log, reported or imputed; without them identical arms alarm", async () => {
  const [streams, calls] = [4, 600];
  let [product, forgetting] = [0, 0];
  const alarm = Math.log(20);
  for (let stream = 0; stream < streams; stream++) {
    const { experiment, wasInFlight, log } = await runWithKills(700 + stream, calls);
    expect(log).toHaveLength(calls);
    expect(wasInFlight.size).toBeGreaterThan(30);
    const isKept = ({ unit }: ReleasedUnit) => !wasInFlight.has(unit.sequence);
    const peakOf = (units: readonly ReleasedUnit[]) =>
      replayed(experiment, units).challengers[0]?.metrics[0]?.peaks.superiority ?? 0;
    if (peakOf(log) >= alarm) product++;
    if (peakOf(log.filter(isKept)) >= alarm) forgetting++;
  }
  expect(product).toBe(0);
  expect(forgetting).toBe(streams);
}, 60_000);

const anySteps = fc.array(
  fc.oneof(
    fc.record({ step: fc.constant("enrol" as const), unit: fc.nat(200) }),
    fc.record({ step: fc.constant("report" as const), place: fc.nat(1_000), isOk: fc.boolean() }),
    fc.record({ step: fc.constant("wait" as const), ms: fc.constantFrom(1, 60_000, HOUR_MS) }),
    fc.record({ step: fc.constantFrom("checkpoint" as const, "weigh" as const, "kill" as const) }),
  ),
  { maxLength: 60 },
);

test("the stored evidence is that of a replay of the log, wherever passes, checkpoints and kills fell", async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, async (steps) => {
      const world = await opened();
      const { platform, database } = world;
      let { engine } = world;
      const experiment = await startedExperiment(engine);
      const weigh = () => createWeighExperiments(engine).run({ nowMs: platform.clock.ms } as Pass);
      const tokens: string[] = [];
      let reports = 0;
      for (const step of steps) {
        if (step.step === "enrol")
          tokens.push(engine.lookups.resolve(lookupOf({ unit: `${step.unit}` })).token);
        if (step.step === "wait") platform.clock.ms += step.ms;
        if (step.step === "checkpoint") await engine.checkpoint();
        if (step.step === "weigh") await weigh();
        const token = step.step === "report" ? tokens[step.place % tokens.length] : undefined;
        if (step.step === "report" && token !== undefined) {
          const status = step.isOk ? "ok" : "model_error";
          const outcomeId = `o${reports++}`;
          await engine.report([outcomeFor(engine, { token }, { outcomeId, status })]);
        }
        if (step.step !== "kill") continue;
        await engine.experiments.flush();
        engine = await reopened({ database, platform });
      }
      await releaseAll(engine, world, experiment);
      await weigh();
      const { experimentId } = experiment;
      const last = await reopened({ database, platform });
      const stored = last.state.inference.evidence.get(experimentId);
      const whole = replayed(experiment, await releasedLog(last.store, experimentId));
      expect(stored?.through ?? -1).toBe(whole.through);
      if (stored)
        expect(stored).toStrictEqual(new EvidenceFold(experiment).cut(whole, stored.cutMs));
    }),
    { numRuns: 60 },
  );
}, 60_000);
