import { describe, expect, test } from "vitest";
import { analyseTokenEfficiency } from "../../src/domain/analysis/token-efficiency.ts";
import { EMPTY_CELL, foldOutcome } from "../../src/domain/outcome/cell.ts";
import type { Outcome } from "../../src/domain/outcome/outcome.ts";
import { outcomeOf } from "../../src/domain/outcome/outcome-fixtures.ts";
import { Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { Phase } from "../../src/gen/attuned/v1/phase_pb.ts";
import { addValue, EMPTY_SUMS, type PowerSums } from "../../src/stats/power-sums.ts";
import { impactOf, ordersWithClaims } from "../statistics/product-orders.ts";
import { seededRandom } from "../statistics/random.ts";
import { askedThrice, pairsWithZero, seasonClaims } from "../statistics/recorded-seasons.ts";
import {
  hasSharedData,
  type ModelPairRow,
  readReplay,
  type TemperatureRow,
} from "../statistics/shared-data.ts";
import { HOUR_MS, openAnalysisWorld, reported } from "./analysis-fixtures.ts";

const FILES = ["temperature-gpt-3.5-turbo.ndjson.gz", "temperature-null-two-models.ndjson.gz"];

describe.skipIf(!hasSharedData)("recorded temperatures", () => {
  const rows = hasSharedData ? FILES.flatMap((file) => readReplay<TemperatureRow>(file)) : [];

  test.each(["gpt-3.5-turbo", "claude-3-opus-20240229", "llama-2-70b-chat"])(
    "B011 B070 B098 %s: nothing is claimed of 0.0 to 1.0, in any of 40 orders looked at 4 times",
    (model) => {
      const own = rows.filter((row) => row.model === model && row.settings.temperature <= 1);
      expect(own.length).toBeGreaterThan(1_000);
      const how = { orders: 40, looks: 4, random: seededRandom(26_000) };
      expect(ordersWithClaims(own, how)).toBe(0);
    },
  );

  test.each([
    ["gpt-3.5-turbo", "one exam", 20],
    ["gpt-3.5-turbo", "ten exams", 4],
    ["claude-3-opus-20240229", "one exam", 20],
    ["llama-2-70b-chat", "one exam", 20],
  ] as const)(
    "%s, %s: experiments between 0.0 and every temperature up to 1.0 claim nothing, in any of %i orders",
    (model, exams, orders) => {
      const own = rows.filter(
        ({ labels, settings, ...row }) =>
          row.model === model &&
          labels.prompt === "chain_of_thought" &&
          settings.temperature <= 1 &&
          (labels.exam === "comprehensive-100") === (exams === "one exam"),
      );
      const how = { pairs: pairsWithZero(own), looks: 8, random: seededRandom(26_500) };
      expect(how.pairs).toHaveLength(20);
      const claims = Array.from({ length: orders }, () => seasonClaims(own, how)).flat();
      expect(claims).toStrictEqual([]);
    },
  );

  test("an experiment between 1.0 and 1.6 claims the cliff, in the right direction", () => {
    const whole = rows.filter(
      ({ model, labels }) =>
        model === "gpt-3.5-turbo" &&
        labels.prompt === "chain_of_thought" &&
        labels.exam === "comprehensive-100",
    );
    const pairs = [[1, 1.6] as const, [1.6, 1] as const];
    const random = seededRandom(26_600);
    const claims = seasonClaims(askedThrice(whole), { pairs, looks: 8, random });
    expect(claims).toStrictEqual(["1>1.6"]);
  });

  test("B018 B103 the collapse above is found, and the optimum ends before it", () => {
    const levels = new Map<number, PowerSums>();
    for (const { model, settings, scores } of rows) {
      if (model !== "gpt-3.5-turbo") continue;
      const sums = levels.get(settings.temperature) ?? EMPTY_SUMS;
      levels.set(settings.temperature, addValue(sums, scores.quality / 100));
    }
    const impact = impactOf(levels);
    expect(impact.optimum).toStrictEqual([{ low: 0, high: 1.3 }]);
    const worse = impact.levels.filter(({ isOptimal }) => isOptimal === false);
    expect(worse.map(({ value }) => value)).toStrictEqual([1.5, 1.6]);
    expect(impact.levels.find(({ value }) => value === 1.4)?.isInDoubt).toBe(true);
    // Of the end as a whole more is shown than of 1.4 alone.
    expect(impact.tails.map(({ values }) => values)).toStrictEqual([[1.4, 1.5, 1.6]]);
    expect(impact.evidence).toBe("observational");
  });
});

test.skipIf(!hasSharedData)(
  "of recorded temperatures that do not differ none has the best value",
  async () => {
    const { engine, platform, service, report } = await openAnalysisWorld();
    const startMs = platform.clock.ms - 48 * HOUR_MS;
    const rows = readReplay<TemperatureRow>("temperature-null-two-models.ndjson.gz");
    await report(
      rows.map(({ model, settings: { temperature }, scores }, index) =>
        reported(
          `t-${index}`,
          { model: engine.lookups.modelKey(model), settings: { temperature } },
          { scores, costNanoUsd: 1_000_000, occurredAtMs: startMs + (index % 40) * HOUR_MS },
        ),
      ),
    );
    for (const model of new Set(rows.map((row) => row.model))) {
      const scope = { model, phase: Phase.EXECUTION };
      const found = await service.analyzeCost({ ...scope, usdPerQualityPoint: 0.001 });
      expect(found.options).toHaveLength(11);
      expect(found.bestValue).toBe("");
      const codes = found.insights.map(({ code }) => code);
      expect(codes).not.toContain("BEST_VALUE");
      expect(codes).toContain("VALUE_NOT_SHOWN");
    }
    await engine.close();
  },
);

describe.skipIf(!hasSharedData)("recorded attempts", () => {
  /** Per temperature and problem the attempts as [tokens, token at which the answer ends, right]. */
  interface AttemptRow {
    readonly temp: number;
    readonly a: readonly (readonly [number, number | null, 0 | 1])[];
  }

  test("B012 B071 B104 B105 B106 the knee in max_tokens is found, and the bound holds against the truth", () => {
    const attempts = readReplay<AttemptRow>("attempts-gpt-3.5-turbo.ndjson.gz")
      .filter(({ temp }) => temp <= 1)
      .flatMap(({ a }) => a);
    let cell = EMPTY_CELL;
    for (const [outputTokens, , right] of attempts) {
      const over: Partial<Outcome> = { outputTokens, scores: { quality: 100 * right } };
      cell = foldOutcome(cell, outcomeOf("a", over));
    }
    const arms = [{ settings: { maxTokens: 2000 }, cell }];
    const found = analyseTokenEfficiency(arms, { toleratedLoss: 2 }, { nowHour: 0 });
    expect(found.sampleSize).toBe(attempts.length);
    expect(found.evidence).toBe("structural_bound");
    const right = (limit: number) =>
      attempts.filter(([, end, isRight]) => isRight === 1 && end !== null && end <= limit).length;
    for (const { maxTokens, qualityLow, qualityAtLeast } of found.limits) {
      const truth = (100 * right(maxTokens)) / attempts.length;
      expect(qualityLow).toBeLessThanOrEqual(qualityAtLeast);
      expect(qualityAtLeast).toBeLessThanOrEqual(truth + 1e-9);
    }
    const knee = found.diminishingReturnsAt ?? Number.NaN;
    const whole = (100 * right(Number.POSITIVE_INFINITY)) / attempts.length;
    // At the knee less than the tolerated loss is lost in truth, and one step of half an octave below it the bound is no longer kept.
    expect(whole - (100 * right(knee)) / attempts.length).toBeLessThanOrEqual(2);
    const below = found.limits.filter(({ maxTokens }) => maxTokens < knee).at(-1);
    expect(below?.lossHigh).toBeGreaterThan(2);
    expect(knee).toBeLessThan(Math.max(...attempts.map(([tokens]) => tokens)));
    expect(found.minAcceptableTokens).toBeLessThanOrEqual(knee);
  });
});

describe.skipIf(!hasSharedData)("recorded models, confounded on purpose", () => {
  test("B013 B076 within strata gpt-4 is better, the plain means say the opposite, and nothing is applied", async () => {
    const world = await openAnalysisWorld();
    const { engine, platform, service, loop } = world;
    const rows = readReplay<ModelPairRow>("model-pairs-mmlu.ndjson.gz");
    await world.report(confounded(rows, platform.clock.ms - 48 * HOUR_MS));
    const response = await service.compareModels({
      phase: Phase.EXECUTION,
      metrics: ["quality"],
    });
    const [impact] = response.impacts;
    const [best, other] = impact?.groups.toSorted((a, b) => b.difference - a.difference) ?? [];
    expect(response.evidence).toBe(Evidence.OBSERVATIONAL);
    expect(impact?.strata).toBe(57);
    expect(best).toMatchObject({ name: "gpt-4", optimal: true });
    expect(other).toMatchObject({ name: "mixtral-8x7b", optimal: false });
    // The truth is 12.5 points; the plain means say 8 the other way.
    expect(other?.difference).toBeCloseTo(-12.5, 0);
    expect(other?.differenceLow).toBeLessThan(-12.5);
    expect(other?.differenceHigh).toBeLessThan(0);
    expect(other?.naiveDifference).toBeGreaterThan(6);
    expect(response.insights.map(({ code }) => code)).toContain("SIGN_TURNED");
    const cost = await service.analyzeCost({ phase: Phase.EXECUTION, usdPerQualityPoint: 0.001 });
    const [most, rival] = cost.options;
    const gpt4 = cost.options.find(({ model }) => model === "gpt-4");
    expect(cost.strata).toBe(57);
    expect(cost.bestValue).toBe(gpt4?.configId);
    // Quality is 12.5 points better for two points of money; the plain means say the opposite.
    const sign = most === gpt4 ? -1 : 1;
    expect(sign * (rival?.netBenefitGain ?? 0)).toBeCloseTo(10.5, 0);
    expect(sign * (rival?.naiveNetBenefitGain ?? 0)).toBeLessThan(-6);
    expect(sign * (rival?.netBenefitGainInterval?.low ?? 0)).toBeGreaterThan(sign > 0 ? 0 : 10.5);
    const codes = cost.insights.map(({ code }) => code);
    expect(codes).toContain("BEST_VALUE");
    expect(codes).toContain("SIGN_TURNED");
    const before = engine.state.config;
    const pass = await loop.runNow();
    expect(pass.tasks.every(({ ok }) => ok)).toBe(true);
    expect(engine.state.config).toBe(before);
    expect([...engine.state.findings.recommendations]).toStrictEqual([]);
    await engine.close();
  });
});

/** gpt-4 answers nine tenths of the 29 hardest domains and one tenth of the rest, mixtral the opposite; the agent is the domain. */
function confounded(rows: readonly ModelPairRow[], startMs: number): Outcome[] {
  const random = seededRandom(27_000);
  const share = (items: readonly ModelPairRow[]) =>
    items.reduce((sum, { gpt4, mixtral }) => sum + gpt4 + mixtral, 0) / items.length;
  const domains = [...Map.groupBy(rows, (row) => row.domain)].toSorted(
    ([, a], [, b]) => share(a) - share(b),
  );
  return domains.flatMap(([domain, items], place) =>
    items.map((item, index) => {
      const isGpt4 = random.uniform() < (place < 29 ? 0.9 : 0.1);
      const model = isGpt4 ? "gpt-4" : "mixtral-8x7b";
      const right = isGpt4 ? item.gpt4 : item.mixtral;
      return reported(
        `${domain}-${index}`,
        { model, settings: { temperature: 0.7 }, dimensions: ["", domain] },
        {
          scores: { quality: 100 * right },
          costNanoUsd: isGpt4 ? 3_000_000 : 1_000_000,
          occurredAtMs: startMs + (index % 4) * HOUR_MS,
        },
      );
    }),
  );
}
