import { describe, expect, test } from "vitest";
import { UNIT_RECORDS_TTL_MS } from "../../domain/experiment/bounds.ts";
import { EXPERIMENT_BOUNDS } from "../../domain/experiment/experiment-retention.ts";
import type { Engine } from "../../engine/engine.ts";
import { moveExperiment } from "../../engine/experiments/experiment-changes.ts";
import { trimExperiments } from "../../engine/experiments/experiment-retention.ts";
import {
  AUTHOR,
  HOUR_MS,
  lookupOf,
  type Opened,
  opened,
  outcomeFor,
  releasedLog,
  reopened,
  startedExperiment,
} from "../../engine/experiments/experiments-fixtures.ts";
import { keys } from "../../store/keys.ts";
import { Driver } from "../driver.ts";
import { createTrimExperiments } from "./trim-experiments.ts";
import { createWeighExperiments } from "./weigh-experiments.ts";

/** A pass of the loop over experiments. */
async function pass(engine: Engine, { platform }: Pick<Opened, "platform">): Promise<void> {
  const tasks = [createWeighExperiments(engine), createTrimExperiments(engine)];
  const options = { intervalMs: 10_000, driftThreshold: 0.1 };
  await new Driver({ engine, platform, tasks, options }).runNow();
}

/** An experiment of four units, two of them reported, that ended and whose units are all released. */
async function ended({ engine, platform }: Pick<Opened, "engine" | "platform">): Promise<string> {
  const { experimentId } = await startedExperiment(engine);
  const answers = Array.from({ length: 4 }, (_, i) =>
    engine.lookups.resolve(lookupOf({ unit: `${experimentId} ${i}` })),
  );
  await engine.report(
    answers
      .slice(0, 2)
      .map((answer, i) => outcomeFor(engine, answer, { outcomeId: `${experimentId} ${i}` })),
  );
  platform.clock.ms += 1;
  await engine.commit(moveExperiment(experimentId, "concluded", AUTHOR));
  platform.clock.ms += HOUR_MS;
  await engine.checkpoint();
  return experimentId;
}

async function recordsOf(engine: Engine, experimentId: string): Promise<number> {
  return (await releasedLog(engine.store, experimentId)).length;
}

function resultOf(engine: Engine, experimentId: string) {
  const experiment = engine.state.config.experiments.get(experimentId);
  if (!experiment) return undefined;
  const { tally, pending } = engine.experiments.results(experiment);
  return { tally, pending, evidence: engine.state.inference.evidence.get(experimentId) };
}

describe("an experiment that ended", () => {
  test("keeps the records of its units for 30 days, and its result beyond", async () => {
    const at = await opened();
    const { engine, platform, database } = at;
    const experimentId = await ended(at);
    await pass(engine, at);
    expect(await recordsOf(engine, experimentId)).toBe(4);
    const result = resultOf(engine, experimentId);
    expect(result?.evidence?.released.reduce((a, b) => a + b)).toBe(4);
    platform.clock.ms += UNIT_RECORDS_TTL_MS;
    await pass(engine, at);
    expect(await recordsOf(engine, experimentId)).toBe(0);
    expect(engine.experiments.recorded).toBe(0);
    const next = await reopened({ database, platform });
    for (const now of [engine, next]) {
      expect(resultOf(now, experimentId)).toEqual(result);
      const { unitsRemovedAtMs } = now.state.config.experiments.get(experimentId) ?? {};
      expect(unitsRemovedAtMs).toBe(platform.clock.ms);
    }
  });

  test("keeps them as long as they are not all weighed", async () => {
    const at = await opened();
    const experimentId = await ended(at);
    at.platform.clock.ms += 2 * UNIT_RECORDS_TTL_MS;
    const now = { nowMs: at.platform.clock.ms, isFirst: true };
    await trimExperiments(at.engine, now);
    expect(await recordsOf(at.engine, experimentId)).toBe(4);
  });

  test("has none left after a crash between the note that they go and their going", async () => {
    const at = await opened();
    const experimentId = await ended(at);
    await pass(at.engine, at);
    const experiment = at.engine.state.config.experiments.get(experimentId);
    await at.engine.store.write(
      [
        {
          put: keys.experiment(experimentId),
          json: { ...experiment, unitsRemovedAtMs: at.platform.clock.ms },
        },
      ],
      "sync",
    );
    const next = await reopened(at);
    expect(await recordsOf(next, experimentId)).toBe(4);
    await pass(next, at);
    expect(await recordsOf(next, experimentId)).toBe(0);
  });
});

describe("a bound of all experiments", () => {
  test("on unit records takes those of the experiments that ended first", async () => {
    const at = await opened();
    const first = await ended(at);
    const second = await ended(at);
    const third = await ended(at);
    await pass(at.engine, at);
    expect(at.engine.experiments.recorded).toBe(12);
    const now = { nowMs: at.platform.clock.ms, isFirst: false };
    await trimExperiments(at.engine, now, { ...EXPERIMENT_BOUNDS, unitRecordsMax: 9 });
    const left = [first, second, third].map((id) => recordsOf(at.engine, id));
    expect(await Promise.all(left)).toEqual([0, 4, 4]);
    expect(at.engine.experiments.recorded).toBe(8);
  });

  test("on experiments forgets those that ended first, result and all, and none that has records", async () => {
    const at = await opened();
    const { engine, platform, database } = at;
    const first = await ended(at);
    await pass(engine, at);
    platform.clock.ms += UNIT_RECORDS_TTL_MS;
    const second = await ended(at);
    await pass(engine, at);
    const now = { nowMs: platform.clock.ms, isFirst: false };
    await trimExperiments(engine, now, { ...EXPERIMENT_BOUNDS, experimentsKept: 0 });
    for (const one of [engine, await reopened({ database, platform })]) {
      expect([...one.state.config.experiments.keys()]).toEqual([second]);
      expect(resultOf(one, first)).toBeUndefined();
    }
    for (const key of [keys.experiment(first), keys.tally(first), keys.evidence(first)])
      expect(await engine.store.json(key)).toBeUndefined();
  });
});
