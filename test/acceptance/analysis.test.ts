import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call } from "../support/connect-json.ts";
import { startDaemon } from "../support/daemon.ts";
import { readMetrics, sampleValue } from "../support/metrics-page.ts";

// A long interval: every pass of the loop in this file is one that a test asks for.
const daemon = await startDaemon({ args: ["--loop-interval", "86400"] });
afterAll(() => daemon[Symbol.asyncDispose]());
const ask = <T>(method: string, request: object = {}) => call<T>(daemon.agentsUrl, method, request);

const MODEL = "analysed";
const SCOPE = { model: MODEL, phase: "PHASE_EXECUTION" };
const PAIR = { model: MODEL, phase: "execution" };
const PER_LEVEL = 600;
/** Mean quality by temperature: flat up to 1.0, far below at 1.5. */
const LEVELS = [
  [0.1, 70],
  [0.3, 70],
  [0.7, 70],
  [1.0, 70],
  [1.5, 20],
] as const;

interface Analysis {
  readonly status: string;
  readonly groups: readonly {
    readonly value: number;
    readonly sampleSize: string;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly bins: readonly {
    readonly name: string;
    readonly sampleSize?: string;
    readonly mean?: number;
  }[];
  readonly correlation: number;
  readonly optimalRange: { readonly low: number; readonly high: number };
  readonly evidence: string;
  readonly insights: readonly { readonly code: string }[];
}

interface Drift {
  readonly driftId?: string;
  readonly kind: string;
  readonly state?: string;
  readonly parameter: string;
  readonly served: number;
  readonly magnitude: number;
  readonly threshold: number;
}

interface Recommendation {
  readonly recommendationId: string;
  readonly kind: string;
  readonly state: string;
  readonly parameter: string;
  readonly currentValue: number;
  readonly recommendedValue: number;
  readonly expectedImprovement: { readonly quality: { readonly text: string } };
  readonly confidence: number;
  readonly reason: string;
  readonly evidence: string;
  readonly sampleSize: string;
}

beforeAll(async () => {
  for (const [temperature, quality] of LEVELS) {
    const outcomes = Array.from({ length: PER_LEVEL }, (_, i) => ({
      outcomeId: `analysis-${temperature}-${i}`,
      ...SCOPE,
      settings: { temperature, timeoutSeconds: temperature > 1 ? 15 : 60, maxRetries: 3 },
      status: i % 50 === 0 ? "OUTCOME_STATUS_TIMEOUT" : "OUTCOME_STATUS_OK",
      retries: i % 3,
      inputTokens: 300,
      outputTokens: 150,
      scores: {
        quality: quality + (i % 21) - 10,
        coherence: 0.8,
        creativity: Math.min(1, temperature / 2),
        hallucination: temperature / 3,
      },
    }));
    await ask("OutcomeService/ReportOutcomes", { outcomes });
  }
});

const analyse = (request: object = {}) =>
  ask<Analysis>("AnalysisService/AnalyzeParameterImpact", {
    ...SCOPE,
    parameter: "temperature",
    ...request,
  });

describe("B011 B069 B136 the impact of a parameter", () => {
  test("test_analyze_parameter_impact (B094): groups, correlation, range and evidence", async () => {
    const { status, groups, evidence, insights, correlation } = await analyse();
    expect(status).toBe("ANALYSIS_STATUS_OK");
    expect(evidence).toBe("EVIDENCE_OBSERVATIONAL");
    expect(correlation).toBeLessThan(-0.5);
    expect(insights.length).toBeGreaterThan(0);
    for (const { low, mean, high } of groups) expect(low <= mean && mean <= high).toBe(true);
  });

  test("B102 outcomes are grouped by temperature", async () => {
    const { groups } = await analyse();
    expect(groups.map(({ value, sampleSize }) => [value, Number(sampleSize)])).toEqual(
      LEVELS.map(([temperature]) => [temperature, PER_LEVEL]),
    );
    for (const [index, [, quality]] of LEVELS.entries())
      expect(groups[index]?.mean).toBeGreaterThan(quality - 2);
  });

  test("B074 B101 quality, coherence, creativity and hallucination are analysed each by itself", async () => {
    for (const metric of ["quality", "coherence", "creativity", "hallucination"]) {
      const { groups } = await analyse({ metric });
      expect(groups.every(({ sampleSize }) => Number(sampleSize) === PER_LEVEL)).toBe(true);
    }
  });

  test("B098 B099 B100 the bins low, medium and high hold the seed's temperatures, above_one the rest", async () => {
    const { bins } = await analyse();
    expect(bins.map(({ name, sampleSize }) => [name, Number(sampleSize)])).toEqual([
      ["low", 2 * PER_LEVEL],
      ["medium", PER_LEVEL],
      ["high", PER_LEVEL],
      ["above_one", PER_LEVEL],
    ]);
  });

  test("B016 a correlation is given with the quality metric", async () => {
    expect((await analyse({ metric: "quality" })).correlation).toBeLessThan(0);
  });

  test("B018 B103 the optimal range is what was not shown to be worse", async () => {
    expect((await analyse()).optimalRange).toEqual({ low: 0.1, high: 1 });
  });

  test("B014 timeout settings are analysed against the success rate", async () => {
    const { groups } = await analyse({ parameter: "timeout", metric: "success" });
    expect(groups.map(({ value }) => value)).toEqual([15, 60]);
  });

  test("B015 retry settings are analysed, and the retries of the calls are a histogram", async () => {
    const { groups } = await analyse({ parameter: "max_retries", metric: "success" });
    expect(groups.map(({ value }) => value)).toEqual([3]);
    const samples = await readMetrics(daemon.managementUrl);
    expect(sampleValue(samples, "attuned_outcome_retries_count")).toBe(LEVELS.length * PER_LEVEL);
  });
});

test("test_find_optimal_temperature (B095 B070 B020): the best temperature lies on the plateau", async () => {
  const answer = await ask<Analysis & { optimalTemperature: number; distinguishable: boolean }>(
    "AnalysisService/FindOptimalTemperature",
    SCOPE,
  );
  expect(answer.optimalTemperature).toBeGreaterThanOrEqual(0.1);
  expect(answer.optimalTemperature).toBeLessThanOrEqual(1);
  expect(answer.distinguishable).toBe(true);
  expect(answer.optimalRange).toEqual({ low: 0.1, high: 1 });
});

test("too little data is an answer with how much is missing, not a guess", async () => {
  const answer = await ask<{ status: string; samplesNeeded: string; optimalTemperature?: number }>(
    "AnalysisService/FindOptimalTemperature",
    { model: "never-used", phase: "PHASE_EXECUTION" },
  );
  expect(answer.status).toBe("ANALYSIS_STATUS_INSUFFICIENT_DATA");
  expect(Number(answer.samplesNeeded)).toBe(20);
  expect(answer.optimalTemperature).toBeUndefined();
});

describe("drift and the way back", () => {
  const serve = (temperature: number) =>
    ask("ModelService/PutModelConfig", {
      config: {
        modelName: MODEL,
        phases: [{ phase: "PHASE_EXECUTION", settings: { temperature } }],
      },
    });
  const detect = async (request: object = {}) =>
    (await ask<{ drifts?: Drift[] }>("AnalysisService/DetectDrift", { ...SCOPE, ...request }))
      .drifts ?? [];
  const list = async (states: string[] = []) =>
    (
      await ask<{ recommendations?: Recommendation[] }>("OptimizerService/ListRecommendations", {
        model: MODEL,
        states,
      })
    ).recommendations ?? [];

  test("B019 B072 B109 B141 what is served is held against the optimum, with a threshold of 0.1 unless told", async () => {
    expect(await detect()).toEqual([]);
    await serve(1.5);
    expect(await detect()).toMatchObject([
      { kind: "DRIFT_KIND_CONFIG", parameter: "temperature", served: 1.5, threshold: 0.1 },
    ]);
    expect((await detect())[0]?.magnitude).toBeCloseTo(0.5, 9);
    expect(await detect({ threshold: 0.6 })).toEqual([]);
  });

  test("B112 exactly the threshold is no drift, more than it is", async () => {
    await serve(1.1);
    expect(await detect()).toEqual([]);
    await serve(1.101);
    expect(await detect()).toHaveLength(1);
    await serve(1.5);
  });

  test("test_generate_recommendations (B096 B027 B073 B137): the loop proposes the return and applies nothing", async () => {
    await ask("OptimizerService/RunLoop");
    const [proposed, ...others] = await list();
    expect(others).toEqual([]);
    expect(proposed).toMatchObject({
      kind: "RECOMMENDATION_KIND_DRIFT",
      state: "RECOMMENDATION_STATE_PROPOSED",
      evidence: "EVIDENCE_OBSERVATIONAL",
    });
    const { settings } = await ask<{ settings: { temperature: number } }>(
      "ConfigService/ResolveConfig",
      SCOPE,
    );
    expect(settings.temperature).toBe(1.5);
  });

  test("B051 recommendation_id, B052 parameter, B053 current_value, B054 recommended_value, B055 improvement of quality, B058 confidence, B059 reason", async () => {
    const [item] = await list();
    expect(item?.recommendationId).toMatch(/^rec-\S+$/);
    expect(item).toMatchObject({ parameter: "temperature", currentValue: 1.5 });
    expect(item?.recommendedValue).toBeGreaterThanOrEqual(0.1);
    expect(item?.recommendedValue).toBeLessThanOrEqual(1);
    expect(item?.expectedImprovement.quality.text).toMatch(/^\+\d+(\.\d+)?%$/);
    expect(item?.confidence).toBeGreaterThan(0.9);
    expect(item?.confidence).toBeLessThanOrEqual(1);
    expect(item?.reason).toContain("temperature");
  });

  test("B152 B155 recommendations by status and changes of configs are counted", async () => {
    const samples = await readMetrics(daemon.managementUrl);
    const state = (name: string) =>
      sampleValue(samples, "attuned_recommendation_state", { ...PAIR, state: name });
    expect([state("proposed"), state("none")]).toEqual([1, 0]);
    expect(sampleValue(samples, "attuned_recommendations_total", { status: "proposed" })).toBe(1);
    expect(sampleValue(samples, "attuned_config_changes_total", PAIR)).toBeGreaterThanOrEqual(4);
    expect(
      sampleValue(samples, "attuned_config_last_change_timestamp_seconds", PAIR),
    ).toBeGreaterThan(1.6e9);
  });

  test("the drift resolves and the proposal expires once the plateau is served again", async () => {
    await serve(0.7);
    await ask("OptimizerService/RunLoop");
    const { drifts } = await ask<{ drifts: Drift[] }>("AnalysisService/ListDrifts");
    expect(drifts.map(({ state }) => state)).toEqual(["DRIFT_STATE_RESOLVED"]);
    expect((await list()).map(({ state }) => state)).toEqual(["RECOMMENDATION_STATE_EXPIRED"]);
  });
});

test("B143 temperatures, B144 tokens, B145 selection of models, B146 timeouts, B147 retries are metrics", async () => {
  await ask("ConfigService/ResolveConfig", SCOPE);
  const samples = await readMetrics(daemon.managementUrl);
  const total = LEVELS.length * PER_LEVEL;
  expect(sampleValue(samples, "attuned_resolved_temperature_count", PAIR)).toBeGreaterThan(0);
  expect(sampleValue(samples, "attuned_outcome_tokens_sum", { type: "input" })).toBe(300 * total);
  expect(sampleValue(samples, "attuned_resolutions_total", PAIR)).toBeGreaterThan(0);
  expect(sampleValue(samples, "attuned_outcome_timeouts_total")).toBe(total / 50);
  expect(sampleValue(samples, "attuned_outcome_retries_sum")).toBe(total);
});
