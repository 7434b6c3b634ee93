import { describe, expect, test } from "vitest";
import type { Engine } from "../../engine/engine.ts";
import {
  HOUR_MS,
  lookupOf,
  type Opened,
  opened,
  outcomeFor,
  planOf,
  reopened,
  startedExperiment,
} from "../../engine/experiments/experiments-fixtures.ts";
import type { ExperimentMetricResult } from "../../gen/attuned/v1/experiment_pb.ts";
import { resultsToWire } from "./experiment.ts";

const MINUTE_MS = 60_000;

/** What GetExperimentResults says of control, by metric. */
function controlOf(engine: Engine, experimentId: string) {
  const experiment = engine.state.config.experiments.get(experimentId);
  if (!experiment) throw new Error("no such experiment");
  const { tally } = engine.experiments.results(experiment);
  const arms = resultsToWire(experiment, tally, (metric) =>
    engine.experiments.ahead(experiment, metric),
  );
  const { released, metrics } = arms[0] ?? { released: 0n, metrics: [] };
  const byName: Record<string, ExperimentMetricResult> = {};
  for (const result of metrics) byName[result.metric] = result;
  return { released: Number(released), metrics: byName };
}

/** Control against an equal one in all but name: every unit draws control, so that one arm tells all. */
async function experimentOn(
  { engine }: Pick<Opened, "engine">,
  over: Parameters<typeof planOf>[0],
) {
  const [control, cooler] = planOf().arms;
  if (!control || !cooler) throw new Error("two arms");
  const arms = [
    { ...control, weightPpm: 999_999 },
    { ...cooler, weightPpm: 1 },
  ];
  const { experimentId } = await startedExperiment(engine, { arms, unitWindowMs: 0, ...over });
  return experimentId;
}

test("what a missing report counts is each metric's own rule: the worst value, nothing but a count, or nothing at all", async () => {
  const { engine, platform } = await opened();
  const ttlMs = MINUTE_MS;
  const experimentId = await experimentOn(
    { engine },
    {
      metrics: [
        { metric: "success", missing: "failure", ttlMs },
        { metric: "quality", missing: "censor", ttlMs },
        { metric: "coherence", missing: "ignore", ttlMs },
        { metric: "latency", missing: "failure", ttlMs, cap: 2000 },
      ],
    },
  );
  const [silent, bare, full] = ["silent", "bare", "full"].map((unit) =>
    engine.lookups.resolve(lookupOf({ unit })),
  );
  if (!silent || !bare || !full) throw new Error("three lookups");
  await engine.report([
    outcomeFor(engine, bare, { outcomeId: "bare", latencyMs: undefined }),
    outcomeFor(engine, full, {
      outcomeId: "full",
      scores: { quality: 80, coherence: 0.6 },
      latencyMs: 500,
    }),
  ]);
  platform.clock.ms += HOUR_MS;
  await engine.checkpoint();
  const { released, metrics } = controlOf(engine, experimentId);
  expect(released).toBe(3);
  expect(metrics["success"]).toMatchObject({ reported: 2n, imputed: 1n, censored: 0n });
  expect(metrics["success"]?.mean).toBeCloseTo(2 / 3, 12);
  expect(metrics["quality"]).toMatchObject({ reported: 1n, imputed: 0n, censored: 2n, mean: 80 });
  expect(metrics["coherence"]).toMatchObject({
    reported: 1n,
    imputed: 0n,
    censored: 0n,
    mean: 0.6,
  });
  expect(metrics["latency"]).toMatchObject({ reported: 1n, imputed: 2n, censored: 0n });
  expect(metrics["latency"]?.mean).toBeCloseTo((2000 + 2000 + 500) / 3, 9);
});

test("quality counts of units whose score was requested, missing ones among them as 0; others are only seen", async () => {
  const { engine, platform } = await opened();
  const experimentId = await experimentOn(
    { engine },
    {
      metrics: [{ metric: "quality", missing: "failure", ttlMs: MINUTE_MS }],
      scoreFractionPpm: 500_000,
    },
  );
  const answers = Array.from({ length: 40 }, (_, i) =>
    engine.lookups.resolve(lookupOf({ unit: `${i}` })),
  );
  const requested = answers.filter(({ scoreRequested }) => scoreRequested);
  expect(requested.length).toBeGreaterThan(5);
  expect(requested.length).toBeLessThan(35);
  // All that were not asked for a score have one; of the others every second.
  const scored = [
    ...answers.filter(({ scoreRequested }) => !scoreRequested),
    ...requested.filter((_, i) => i % 2 === 0),
  ];
  await engine.report(
    scored.map((answer, i) =>
      outcomeFor(engine, answer, { outcomeId: `${i}`, scores: { quality: 80 } }),
    ),
  );
  platform.clock.ms += HOUR_MS;
  await engine.checkpoint();
  const { released, metrics } = controlOf(engine, experimentId);
  const reported = Math.ceil(requested.length / 2);
  expect(released).toBe(40);
  expect(metrics["quality"]).toMatchObject({
    reported: BigInt(reported),
    imputed: BigInt(requested.length - reported),
  });
  expect(metrics["quality"]?.mean).toBeCloseTo((80 * reported) / requested.length, 9);
});

describe("a metric with a short attribution window", () => {
  async function guarded(more: Partial<Opened> = {}) {
    const { engine, platform, database } = { ...(await opened()), ...more };
    const experimentId = await experimentOn(
      { engine },
      {
        metrics: [
          { metric: "quality", missing: "failure", ttlMs: 12 * HOUR_MS },
          { metric: "success", missing: "failure", ttlMs: MINUTE_MS },
        ],
      },
    );
    const [first, second] = ["a", "b"].map((unit) => engine.lookups.resolve(lookupOf({ unit })));
    if (!first || !second) throw new Error("two lookups");
    const status = "timeout" as const;
    await engine.report([outcomeFor(engine, first, { outcomeId: "a", status })]);
    return { engine, platform, database, experimentId, first, second };
  }

  test("is released in its own order, ahead of the others, with what is missing of it", async () => {
    const { engine, platform, database, experimentId } = await guarded();
    platform.clock.ms += 2 * MINUTE_MS;
    await engine.checkpoint();
    for (const now of [engine, await reopened({ database, platform })]) {
      const { released, metrics } = controlOf(now, experimentId);
      expect(released).toBe(0);
      expect(metrics["success"]).toMatchObject({ reported: 0n, imputed: 0n });
      expect(metrics["success"]?.ownRelease).toMatchObject({
        released: 2n,
        reported: 1n,
        imputed: 1n,
        mean: 0,
      });
      expect(metrics["quality"]?.ownRelease).toMatchObject({ released: 0n });
      expect(metrics["quality"]?.ownRelease?.cutAt).toBeUndefined();
    }
    platform.clock.ms += 12 * HOUR_MS;
    await engine.checkpoint();
    const { released, metrics } = controlOf(engine, experimentId);
    expect(released).toBe(2);
    expect(metrics["success"]).toMatchObject({ reported: 1n, imputed: 1n });
    expect(metrics["success"]?.ownRelease).toMatchObject({ released: 2n, reported: 1n });
  });

  test("takes no report any more once it is released, while the others do, even if the clock goes back", async () => {
    const { engine, platform, database, experimentId, second } = await guarded();
    platform.clock.ms += 2 * MINUTE_MS;
    await engine.checkpoint();
    platform.clock.ms -= 2 * MINUTE_MS;
    await engine.report([outcomeFor(engine, second, { outcomeId: "b", scores: { quality: 50 } })]);
    for (const now of [engine, await reopened({ database, platform })]) {
      const { metrics } = controlOf(now, experimentId);
      expect(metrics["success"]?.ownRelease).toMatchObject({ reported: 1n, imputed: 1n });
    }
    platform.clock.ms += 13 * HOUR_MS;
    await engine.checkpoint();
    const { metrics } = controlOf(engine, experimentId);
    expect(metrics["success"]).toMatchObject({ reported: 1n, imputed: 1n });
    // Of the two, one has the worst score for a call that failed, and one was scored in time.
    expect(metrics["quality"]).toMatchObject({ reported: 2n, imputed: 0n, mean: 25 });
  });
});
