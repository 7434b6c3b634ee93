import { afterEach, describe, expect, test } from "vitest";
import { putModelConfig } from "../../src/engine/config-changes.ts";
import { Evidence, type ParameterGroup } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { seededRandom } from "../statistics/random.ts";
import { type AnalysisWorld, HOUR_MS, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

const SCOPE = { model: "gpt-4", phase: Phase.EXECUTION };
const ASKED = { ...SCOPE, parameter: "temperature", metric: "quality" };
const HOURS = 40;
const START_MS = 1_800_000_000_000 - 100 * HOUR_MS;
const worlds: AnalysisWorld[] = [];

afterEach(async () => {
  for (const { loop, engine } of worlds.splice(0)) {
    await loop.stop();
    await engine.close();
  }
});

/** Scored calls of two temperatures, so many of each in an hour as told, with a quality that goes by the hour and the temperature. */
async function world(
  callsIn: (temperature: 0.2 | 0.9, hour: number) => number,
  quality: (temperature: number, hour: number) => number,
): Promise<AnalysisWorld> {
  const opened = await openAnalysisWorld();
  worlds.push(opened);
  const random = seededRandom(11);
  const outcomes = Array.from({ length: HOURS }, (_, hour) =>
    ([0.2, 0.9] as const).flatMap((temperature) =>
      Array.from({ length: callsIn(temperature, hour) }, (_call, index) =>
        reported(
          `${temperature}-${hour}-${index}`,
          { settings: { temperature } },
          {
            occurredAtMs: START_MS + hour * HOUR_MS + index,
            scores: { quality: quality(temperature, hour) + 10 * (random.uniform() - 0.5) },
          },
        ),
      ),
    ),
  ).flat();
  await opened.report(outcomes);
  return opened;
}

const level = (groups: readonly ParameterGroup[], value: number) =>
  groups.find((group) => group.value === value);

describe("settings that were used at the same times", () => {
  // Quality falls by a point an hour; 0.9 is ten points better and was used more and more.
  const mixed = () =>
    world(
      (temperature, hour) => (temperature === 0.2 ? HOURS - hour : hour + 1),
      (temperature, hour) => 80 - hour + (temperature === 0.9 ? 10 : 0),
    );

  test("are compared within their hours, with the number that the change over time made of it beside", async () => {
    const { service } = await mixed();
    const { groups, comparison, evidence, insights, strata } =
      await service.analyzeParameterImpact(ASKED);
    expect(strata).toBe(1);
    const worse = level(groups, 0.2);
    expect(worse?.difference).toBeCloseTo(-10, 0);
    // The plain means say the opposite.
    expect(worse?.naiveDifference).toBeGreaterThan(0);
    expect(worse).toMatchObject({ optimal: false });
    expect(worse?.overTime).toBeUndefined();
    expect(level(groups, 0.9)).toMatchObject({ optimal: true });
    expect(comparison).toBe(
      "within closed hours that both levels have; the plain means are beside",
    );
    expect(insights.map(({ code }) => code)).toContain("SIGN_TURNED");
    expect(evidence).toBe(Evidence.OBSERVATIONAL);
  });

  test("open a drift where hours show it, and none where only the change over time does", async () => {
    const { engine, service } = await mixed();
    const serve = (temperature: number) =>
      engine.commit(
        putModelConfig(
          { modelName: "gpt-4", phases: { execution: { temperature } } },
          { etag: "", reason: "trial", changedBy: "test" },
        ),
      );
    // By the plain means 0.9 would be the one that drifted.
    await serve(0.9);
    expect((await service.detectDrift(SCOPE)).drifts).toStrictEqual([]);
    await serve(0.2);
    expect((await service.detectDrift(SCOPE)).drifts).toMatchObject([
      { parameter: "temperature", optimumSource: "MEASURED" },
    ]);
  });

  test("and do not differ within them show no difference, however much the mean changed over time", async () => {
    const { service } = await world(
      (temperature, hour) => (temperature === 0.2 ? HOURS - hour : hour + 1),
      (_, hour) => 80 - hour,
    );
    const { groups } = await service.analyzeParameterImpact(ASKED);
    expect(groups.map(({ optimal }) => optimal)).toStrictEqual([true, true]);
    expect(Math.abs(level(groups, 0.9)?.naiveDifference ?? 0)).toBeGreaterThan(10);
    expect((await service.detectDrift(SCOPE)).drifts).toStrictEqual([]);
  });
});

describe("settings that were used one after the other", () => {
  const followed = () =>
    world(
      (temperature, hour) => (hour < HOURS / 2 === (temperature === 0.2) ? 20 : 0),
      (temperature) => (temperature === 0.2 ? 80 : 50),
    );

  test("are compared over time, and every answer says so", async () => {
    const { service } = await followed();
    const { groups, comparison, insights, evidence } = await service.analyzeParameterImpact(ASKED);
    expect(level(groups, 0.9)).toMatchObject({ overTime: true, optimal: false });
    expect(level(groups, 0.9)?.difference).toBeLessThan(-28);
    expect(level(groups, 0.9)?.difference).toBeGreaterThan(-32);
    expect(level(groups, 0.2)?.overTime).toBeUndefined();
    expect(comparison).toContain("compared over time");
    const told = insights.find(({ code }) => code === "COMPARED_OVER_TIME");
    expect(told?.text).toContain("0.9 was used at other times than 0.2");
    expect(evidence).toBe(Evidence.OBSERVATIONAL);
    const found = await service.findOptimalTemperature(SCOPE);
    expect(found.insights.map(({ code }) => code)).toContain("COMPARED_OVER_TIME");
  });

  test("still open a drift, which rests on what was merely seen", async () => {
    const { engine, service } = await followed();
    const config = { modelName: "gpt-4", phases: { execution: { temperature: 0.9 } } };
    await engine.commit(putModelConfig(config, { etag: "", reason: "trial", changedBy: "test" }));
    expect((await service.detectDrift(SCOPE)).drifts).toMatchObject([
      { parameter: "temperature", evidence: Evidence.OBSERVATIONAL },
    ]);
  });
});
