import { expect, test } from "vitest";
import { MissingPolicy } from "../../src/gen/attuned/v1/experiment_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { HOUR_MS, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

const SCOPE = { model: "gpt-4", phase: Phase.EXECUTION };

test("an analysis and an experiment of the same scope, metric and effect tell the same time", async () => {
  const { engine, platform, service, experiments, report } = await openAnalysisWorld();
  await report(
    Array.from({ length: 400 }, (_, index) =>
      reported(
        `o-${index}`,
        { settings: { temperature: index % 2 === 0 ? 0.2 : 0.7 } },
        {
          ...(index % 8 === 7
            ? { status: "timeout" as const }
            : { scores: { quality: 70 + (index % 11) } }),
          occurredAtMs: platform.clock.ms - (index % 40) * HOUR_MS,
        },
      ),
    ),
  );
  const impact = await service.analyzeParameterImpact({ ...SCOPE, parameter: "temperature" });
  const { forecast } = await experiments.createExperiment({
    ...SCOPE,
    name: "cooler",
    arms: [{}, { changes: { temperature: 0.2 } }],
    metrics: [{ metric: "quality", missing: MissingPolicy.FAILURE }],
  });
  // Failures count as the worst quality in both: without them the variance would be a tenth of it.
  expect(forecast?.varianceObserved).toBe(true);
  expect(forecast?.variance).toBeGreaterThan(0.05);
  expect(impact.timeToAnswer?.outcomesNeeded).toBe(forecast?.unitsLikely);
  expect(impact.timeToAnswer?.outcomesPerDay).toBeCloseTo(24 * (forecast?.ratePerHour ?? 0), 9);
  expect(impact.timeToAnswer?.days).toBeCloseTo((forecast?.hoursLikely ?? 0) / 24, 9);
  await engine.close();
});
