import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Settings } from "../../src/domain/config/settings.ts";
import type { Outcome } from "../../src/domain/outcome/outcome.ts";
import { examineScope } from "../../src/engine/scope-examination.ts";
import { AnalysisStatus, Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { createMeasureImpact } from "../../src/optimizer/tasks/measure-impact.ts";
import { Slices } from "../../src/platform/slices.ts";
import { refusalOf } from "../../src/rpc/rpc-fixtures.ts";
import { type AnalysisWorld, HOUR_MS, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

const SCOPE = { model: "gpt-4", phase: Phase.EXECUTION };
const START_MS = 1_800_000_000_000 - 100 * HOUR_MS;

let world: AnalysisWorld;

interface Batch {
  readonly name: string;
  readonly model?: string;
  readonly settings: Settings;
  readonly count: number;
  readonly over: (index: number) => Partial<Outcome>;
}

function outcomes({ name, model = "gpt-4", settings, count, over }: Batch): Outcome[] {
  return Array.from({ length: count }, (_, index) =>
    reported(
      `${name}-${index}`,
      { model, settings },
      { occurredAtMs: START_MS + (index % 48) * HOUR_MS, ...over(index) },
    ),
  );
}

/** Values that go round in a range, so that every call has one and the mean is in the middle. */
function around(middle: number, half: number, index: number): number {
  return middle - half + ((2 * half) / 20) * (index % 21);
}

beforeAll(async () => {
  world = await openAnalysisWorld();
  await world.report([
    ...outcomes({
      name: "dear",
      settings: { temperature: 0.7, maxTokens: 2000, timeoutSeconds: 30, maxRetries: 3 },
      count: 630,
      over: (index) => ({
        scores: { quality: around(80, 10, index), coherence: 0.8 },
        inputTokens: 300,
        outputTokens: 150,
        latencyMs: around(1000, 500, index),
        costNanoUsd: 2_000_000,
        retries: index % 3,
      }),
    }),
    ...outcomes({
      name: "cheap",
      settings: { temperature: 0.2, maxTokens: 1000, timeoutSeconds: 10, maxRetries: 1 },
      count: 420,
      over: (index) => ({
        scores: { quality: around(82, 10, index) },
        inputTokens: 300,
        outputTokens: 60,
        latencyMs: around(400, 100, index),
        costNanoUsd: 500_000,
        status: index % 5 === 0 ? "timeout" : "ok",
      }),
    }),
    ...outcomes({
      name: "other",
      model: "gpt-3.5-turbo",
      settings: { temperature: 0.7, maxTokens: 2000 },
      count: 420,
      over: (index) => ({ scores: { quality: around(55, 10, index) }, costNanoUsd: 100_000 }),
    }),
    ...outcomes({
      name: "few",
      settings: { temperature: 1, maxTokens: 500 },
      count: 4,
      over: () => ({ scores: { quality: 90 } }),
    }),
  ]);
});

afterAll(async () => {
  await world.engine.close();
});

describe("AnalyzeParameterImpact", () => {
  test("B016 B069 B074 B101 answers several metrics at once and names those that were absent", async () => {
    const response = await world.service.analyzeParameterImpact({
      ...SCOPE,
      parameter: "temperature",
      metrics: ["quality", "coherence", "creativity", "hallucination"],
    });
    expect(response.impacts.map(({ metric }) => metric)).toStrictEqual([
      "quality",
      "coherence",
      "creativity",
      "hallucination",
    ]);
    expect(response.absentMetrics).toStrictEqual(["creativity", "hallucination"]);
    expect(response.metric).toBe("quality");
    expect(response.impacts[2]?.status).toBe(AnalysisStatus.INSUFFICIENT_DATA);
    expect(response.correlation).toBeLessThan(0);
    expect(response.evidence).toBe(Evidence.OBSERVATIONAL);
  });

  test("B098 B099 B100 B102 groups temperatures into the seed's bins", async () => {
    const { bins } = await world.service.analyzeParameterImpact({
      ...SCOPE,
      parameter: "temperature",
    });
    expect(bins.map(({ name, sampleSize }) => [name, Number(sampleSize)])).toStrictEqual([
      ["low", 420],
      ["medium", 630],
      ["high", 4],
      ["above_one", 0],
    ]);
  });

  test("B014 timeout against success, B015 retries against cost: shown worse, in the metric's own unit", async () => {
    const timeout = await world.service.analyzeParameterImpact({
      ...SCOPE,
      parameter: "timeout",
      metric: "success",
    });
    expect(timeout.groups.map(({ value, optimal }) => [value, optimal])).toStrictEqual([
      [10, false],
      [30, true],
    ]);
    // Within the hours of both, which hold a little more of one than of the other.
    expect(timeout.groups[0]?.difference).toBeCloseTo(-0.2, 4);
    const retries = await world.service.analyzeParameterImpact({
      ...SCOPE,
      parameter: "max_retries",
      metric: "cost",
    });
    const [one, three] = retries.groups;
    expect(three).toMatchObject({ value: 3, optimal: false });
    expect(one).toMatchObject({ value: 1, optimal: true });
    expect(three?.difference).toBeCloseTo(0.0015, 6);
    expect(three?.differenceLow).toBeGreaterThan(0.001);
    expect(three?.differenceHigh).toBeLessThan(0.0025);
  });

  test("B014 B015 bounds what a lower timeout and fewer retries would have cost, and labels the bound as structural", async () => {
    const asked = { ...SCOPE, metric: "success" };
    const timeout = await world.service.analyzeParameterImpact({ ...asked, parameter: "timeout" });
    const { lowerLimit } = timeout;
    expect(lowerLimit).toMatchObject({
      evidence: Evidence.STRUCTURAL_BOUND,
      sampleSize: 1_054n,
      toleratedLoss: 0.01,
    });
    expect(lowerLimit?.conditions[0]).toContain("does not go by its timeout");
    // Every success took 1.5 s at most, and a timeout of 30 s is in use.
    expect(lowerLimit?.values.at(-1)?.value).toBeCloseTo(2.048, 6);
    expect(lowerLimit?.lowestTolerable).toBeCloseTo(2.048, 6);
    expect(timeout.insights.map(({ code, evidence }) => [code, evidence])).toContainEqual([
      "LIMIT_MAY_FALL",
      Evidence.STRUCTURAL_BOUND,
    ]);
    const retries = await world.service.analyzeParameterImpact({
      ...asked,
      parameter: "max_retries",
    });
    expect(
      retries.lowerLimit?.values.map(({ value, successAtLeast }) => [value, successAtLeast]),
    ).toStrictEqual([0, 1, 2].map((value) => [value, (value + 1) / 3]));
    // Of 630 calls none needed a third one, which does not show yet that fewer than one in a hundred ever will.
    expect(retries.lowerLimit?.lowestTolerable).toBeUndefined();
    const quality = await world.service.analyzeParameterImpact({ ...SCOPE, parameter: "timeout" });
    expect(quality.lowerLimit).toBeUndefined();
  });

  test("says of a heavy-tailed quantity up to which cap it is counted", async () => {
    const { about, groups } = await world.service.analyzeParameterImpact({
      ...SCOPE,
      parameter: "max_tokens",
      metric: "latency",
    });
    expect(about).toBe("the mean latency of a call, each call counted up to 2050 ms");
    const [, cheap, dear] = groups;
    expect(cheap?.mean).toBeCloseTo(400, 6);
    expect(dear?.mean).toBeCloseTo(1000, 6);
    expect(cheap?.high).toBeLessThan(dear?.low ?? 0);
  });

  test("B013 compares models as levels without an order", async () => {
    const response = await world.service.analyzeParameterImpact({
      phase: Phase.EXECUTION,
      parameter: "model",
    });
    expect(response.groups.map(({ name, optimal }) => [name, optimal])).toStrictEqual([
      ["gpt-4", true],
      ["gpt-3.5-turbo", false],
    ]);
    expect(response.optimumValues).toStrictEqual(["gpt-4"]);
    expect(response.correlationRatio).toBeGreaterThan(0.5);
    expect(response.correlation).toBeUndefined();
  });

  test("too little data is an answer with what is missing and how long it takes", async () => {
    const response = await world.service.analyzeParameterImpact({
      ...SCOPE,
      model: "claude-3-opus",
      parameter: "temperature",
    });
    expect(response).toMatchObject({
      status: AnalysisStatus.INSUFFICIENT_DATA,
      sampleSize: 0n,
      samplesNeeded: 20n,
    });
    expect(response.timeToAnswer?.text).toBe(
      "20 more outcomes with quality are needed; no such outcomes come in at present",
    );
    expect(response.timeToAnswer?.smallestDifference).toBeUndefined();
  });

  test("with every answer of too little data it is told how long it takes, and what so few outcomes would show", async () => {
    const nobody = { ...SCOPE, model: "claude-3-opus" };
    const { service } = world;
    const answers = [
      await service.analyzeParameterImpact({ ...nobody, parameter: "temperature" }),
      await service.findOptimalTemperature(nobody),
      await service.analyzeTokenEfficiency(nobody),
      await service.analyzeCost(nobody),
      await service.getOptimalSettings(nobody),
      await service.compareModels({ phase: Phase.VALIDATION }),
      await service.detectDrift(nobody),
    ];
    for (const { status, timeToAnswer } of answers) {
      expect(status).toBe(AnalysisStatus.INSUFFICIENT_DATA);
      expect(Number(timeToAnswer?.outcomesNeeded)).toBeGreaterThan(0);
    }
    const few = { ...SCOPE, minSamples: 1_000 };
    const { timeToAnswer } = await service.getOptimalSettings(few);
    expect(timeToAnswer?.smallestDifference).toBeGreaterThan(0);
    expect(timeToAnswer?.text).toContain("as many as there are would show");
  });

  test("refuses parameters and metrics that it does not know, and lists those it does", async () => {
    const unknown = world.service.analyzeParameterImpact({ ...SCOPE, parameter: "top_k" });
    expect((await refusalOf(unknown)).reason).toBe("PARAMETER_INVALID");
    const metric = { ...SCOPE, parameter: "temperature", metric: "joy" };
    expect((await refusalOf(world.service.analyzeParameterImpact(metric))).message).toContain(
      "latency",
    );
  });
});

describe("FindOptimalTemperature", () => {
  test("B070 B020 proposes by neighbouring levels, within what the evidence leaves open, and says how long an answer takes", async () => {
    const response = await world.service.findOptimalTemperature({ ...SCOPE, metric: "quality" });
    const judged = response.groups.filter(({ smoothed }) => smoothed !== undefined);
    expect(judged.map(({ value }) => value)).toStrictEqual([0.2, 0.7]);
    // 82 and 80 draw near each other; the point is the best smoothed one that is not shown to be worse.
    const [low, high] = judged;
    expect(low?.smoothed).toBeLessThan(82);
    expect(low?.smoothed).toBeGreaterThan(high?.smoothed ?? Number.NaN);
    expect(low?.smoothedDeviation).toBeGreaterThan(0);
    expect(response.optimalTemperature).toBe(0.2);
    const { optimalRange, proposedRange, timeToAnswer } = response;
    expect(proposedRange?.low).toBeGreaterThanOrEqual(optimalRange?.low ?? Number.NaN);
    expect(proposedRange?.high).toBeLessThanOrEqual(optimalRange?.high ?? Number.NaN);
    expect(Number(timeToAnswer?.outcomesNeeded)).toBeGreaterThan(0);
  });

  test("too little data is answered with how long it takes", async () => {
    const asked = { ...SCOPE, model: "claude-3-opus" };
    const { status, optimalTemperature, proposedRange, timeToAnswer } =
      await world.service.findOptimalTemperature(asked);
    expect(status).toBe(AnalysisStatus.INSUFFICIENT_DATA);
    expect([optimalTemperature, proposedRange]).toStrictEqual([undefined, undefined]);
    expect(timeToAnswer?.text).toContain("20 more outcomes");
  });
});

describe("AnalyzeTokenEfficiency", () => {
  test("B075 B107 B108 groups calls by tokens, with quality over tokens", async () => {
    const { groups, sampleSize } = await world.service.analyzeTokenEfficiency(SCOPE);
    expect(Number(sampleSize)).toBe(1_050);
    expect(groups.map(({ highTokens }) => highTokens)).toStrictEqual([64, 256]);
    const [, long] = groups;
    expect(long?.avgTokens).toBe(450);
    expect(long?.avgQuality).toBeCloseTo(80, 6);
    expect(long?.qualityPerToken).toBeCloseTo(80 / 450, 9);
  });

  test("is no bound where the settings ask for reasoning, and says so first", async () => {
    await world.report(
      outcomes({
        name: "thinks",
        model: "gpt-4-turbo",
        settings: { reasoningEffort: "high", maxTokens: 4000 },
        count: 210,
        over: (index) => ({ scores: { quality: around(80, 10, index) }, outputTokens: 900 }),
      }),
    );
    const response = await world.service.analyzeTokenEfficiency({ ...SCOPE, model: "gpt-4-turbo" });
    expect(response.evidence).toBe(Evidence.OBSERVATIONAL);
    expect(response.conditions[0]).toContain("reasoning");
  });
});

describe("CompareModels", () => {
  test("B076 tells in which metrics a model is shown to be worse", async () => {
    const response = await world.service.compareModels({
      phase: Phase.EXECUTION,
      models: ["gpt-4", "gpt-3.5-turbo"],
    });
    expect(response.models.map(({ model, worseIn }) => [model, worseIn])).toStrictEqual([
      ["gpt-4", ["success", "latency", "cost"]],
      ["gpt-3.5-turbo", ["quality"]],
    ]);
    expect(response.impacts.map(({ metric }) => metric)).toContain("cost");
    // 1,470 scored outcomes in two equal parts would show less than the twentieth of the scale that is planned for.
    expect(response.timeToAnswer?.smallestDifference).toBeGreaterThan(0);
    expect(response.timeToAnswer?.smallestDifference).toBeLessThan(5);
  });
});

describe("AnalyzeCost", () => {
  test("B017 B077 shows the settings that are beaten, by which, and what is saved a month", async () => {
    const response = await world.service.analyzeCost({ ...SCOPE, usdPerQualityPoint: 0.0001 });
    const [dear, cheap] = response.options;
    expect(dear).toMatchObject({ onFront: false, dominatedBy: cheap?.configId });
    expect(cheap).toMatchObject({ onFront: true });
    const perMonth = (dear?.callsPerDay ?? 0) * 30;
    expect(cheap?.savingsPerMonth).toBeCloseTo(0.0015 * perMonth, 3);
    expect(cheap?.netBenefit).toBeCloseTo(82 - 5, 6);
    expect(response.bestValue).toBe(cheap?.configId);
    expect(response.insights.map(({ code }) => code)).toContain("CHEAPER_AS_GOOD");
  });

  test("answers no net benefit where nobody says what quality is worth, and refuses nothing as a worth", async () => {
    const response = await world.service.analyzeCost(SCOPE);
    expect(response.options.every(({ netBenefit }) => netBenefit === undefined)).toBe(true);
    const free = world.service.analyzeCost({ ...SCOPE, usdPerQualityPoint: 0 });
    expect((await refusalOf(free)).reason).toBe("THRESHOLD_INVALID");
  });
});

describe("GetOptimalSettings", () => {
  test("answers settings that were used, never an average, and judges none with too few outcomes", async () => {
    const response = await world.service.getOptimalSettings({ ...SCOPE, metric: "success" });
    expect(response.settings).toMatchObject({ temperature: 0.7, maxTokens: 2000 });
    expect(response.distinguishable).toBe(true);
    const few = response.options.find(({ settings }) => settings?.temperature === 1);
    expect(few?.optimal).toBeUndefined();
    expect(response.suggestions).toStrictEqual([]);
  });

  test("suggests where what is served is far off and shown to be worse", async () => {
    const response = await world.service.getOptimalSettings({ ...SCOPE, metric: "cost" });
    expect(response.suggestions.map(({ parameter }) => parameter)).toStrictEqual([
      "temperature",
      "max_tokens",
    ]);
  });

  test("with too few outcomes it answers how many more are needed", async () => {
    const response = await world.service.getOptimalSettings({ ...SCOPE, minSamples: 1_000 });
    expect(response).toMatchObject({
      status: AnalysisStatus.INSUFFICIENT_DATA,
      samplesNeeded: 370n,
    });
    expect(response.settings).toBeUndefined();
  });
});

describe("GetImpactMetrics", () => {
  test("B148 B149 B150 B151 the four correlations, the same as the loop publishes for /metrics", async () => {
    const { correlations } = await world.service.getImpactMetrics({});
    expect(correlations.map(({ x, y, kind }) => [x, y, kind])).toStrictEqual([
      ["temperature", "quality", "PEARSON"],
      ["tokens", "cost", "PEARSON"],
      ["timeout", "success", "PEARSON"],
      ["model", "quality", "ETA_SQUARED"],
    ]);
    let published: readonly { readonly value: number | undefined }[] = [];
    const task = createMeasureImpact(world.engine, (measured) => {
      published = measured;
    });
    await task.run({
      nowMs: 0,
      changedScopes: [...world.engine.cells.arms.scopes()].map(([, scope]) => scope),
      slices: new Slices(),
      examine: (scope) => examineScope(world.engine, scope, 0.1),
      publish: () => undefined,
    });
    expect(published.map(({ value }) => value)).toStrictEqual(
      correlations.map(({ value }) => value),
    );
    expect(correlations.every(({ value }) => value !== undefined)).toBe(true);
  });

  test("says why there is no value", async () => {
    const { correlations } = await world.service.getImpactMetrics({ model: "claude-3-opus" });
    expect(correlations.every(({ value, reason }) => value === undefined && reason !== "")).toBe(
      true,
    );
  });
});

describe("AnalyzeTokenEfficiency of calls that mostly end early", () => {
  test("B012 B071 B104 B105 B106 finds the lowest acceptable limit, the point of diminishing returns and the range between", async () => {
    const asked = { ...SCOPE, model: "claude-3-haiku" };
    await world.report(
      outcomes({
        name: "early",
        model: asked.model,
        settings: { maxTokens: 4_000 },
        count: 3_000,
        over: (index) => ({
          outputTokens: index % 200 === 0 ? 3_000 : index % 10 === 0 ? 700 : 100,
          scores: { quality: 80 },
        }),
      }),
    );
    const found = await world.service.analyzeTokenEfficiency({ ...asked, acceptableQuality: 60 });
    expect(found.evidence).toBe(Evidence.STRUCTURAL_BOUND);
    // Nine of ten calls end at 100 tokens, worth 72 points at least; all but one in two hundred at 700.
    expect(found.minAcceptableTokens).toBe(128);
    expect(found.diminishingReturnsAt).toBe(724);
    expect(found.optimalRange).toMatchObject({ low: 128, high: 724 });
    expect(found.limits.map(({ maxTokens }) => maxTokens)).toStrictEqual([128, 724, 4_096]);
  });
});
