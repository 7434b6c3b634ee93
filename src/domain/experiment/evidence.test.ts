import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../test/statistics/random.ts";
import { EvidenceFold, type ExperimentEvidence, emptyEvidence } from "./evidence.ts";
import { type Experiment, MILLION } from "./experiment.ts";
import { experimentOf, unitOf } from "./experiment-fixtures.ts";
import { NO_SEASONS, type Seasons } from "./season.ts";
import type { ReleasedUnit } from "./tally.ts";
import type { SettledValue } from "./unit.ts";
import { verdictOf } from "./verdict.ts";

type Draw = (arm: number, random: ReturnType<typeof seededRandom>) => readonly SettledValue[];

/** Released units of an experiment, drawn by its weights. */
function logOf(experiment: Experiment, count: number, draw: Draw, seed = 1): ReleasedUnit[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, sequence) => {
    const place = random.uniform() * MILLION;
    const arm = experiment.arms.findIndex(
      (_arm, index, arms) =>
        place < arms.slice(0, index + 1).reduce((sum, { weightPpm }) => sum + weightPpm, 0),
    );
    const unit = unitOf({ sequence, arm, assignedAtMs: sequence, centres: [0.6, 0.6] });
    return { unit, values: draw(arm, random) };
  });
}

function folded(
  experiment: Experiment,
  log: readonly ReleasedUnit[],
  from: ExperimentEvidence = emptyEvidence(experiment),
): ExperimentEvidence {
  const fold = new EvidenceFold(experiment);
  return log.reduce((evidence, unit) => fold.fold(evidence, unit), from);
}

const reported = (value: number): SettledValue => ({ kind: "reported", value });
const bothAt =
  (rates: readonly number[]): Draw =>
  (arm, random) => [reported(random.bernoulli(rates[arm] ?? 0)), reported(0.5)];

function claimed(experiment: Experiment, arm = 1): Seasons {
  const { experimentId } = experiment;
  return {
    ...NO_SEASONS,
    claims: [{ experimentId, arm, season: 1, cutMs: 9, claimedAtMs: 10 }],
  };
}

describe("the evidence of an experiment", () => {
  test("is a function of the log: in parts, through JSON, it is the same bit for bit", () => {
    const experiment = experimentOf();
    const log = logOf(experiment, 600, bothAt([0.6, 0.7]));
    const whole = folded(experiment, log);
    let parts = emptyEvidence(experiment);
    for (let at = 0; at < log.length; at += 47)
      parts = folded(experiment, log.slice(at, at + 47), JSON.parse(JSON.stringify(parts)));
    expect(parts).toStrictEqual(whole);
    expect(whole.through).toBe(599);
    expect(whole.released.reduce((a, b) => a + b)).toBe(600);
  });

  test("refuses units out of the order of assignment", () => {
    const experiment = experimentOf();
    const [first, second] = logOf(experiment, 2, bothAt([0.6, 0.6]));
    if (!first || !second) throw new Error("two units were drawn");
    expect(() => folded(experiment, [second, first])).toThrow("in the order of assignment");
  });

  test("counts a unit of control for every challenger, and one of a challenger for that one alone", () => {
    const third = MILLION / 4;
    const experiment = experimentOf({
      arms: [
        { name: "control", variant: "", changes: {}, weightPpm: 2 * third },
        { name: "a", variant: "", changes: { temperature: 0.1 }, weightPpm: third },
        { name: "b", variant: "", changes: { temperature: 0.2 }, weightPpm: third },
      ],
    });
    const { released, challengers } = folded(experiment, logOf(experiment, 400, bothAt([1, 1, 1])));
    const [control = 0, a = 0, b = 0] = released;
    expect(challengers.map(({ metrics }) => metrics[0]?.state.units)).toStrictEqual([
      control + a,
      control + b,
    ]);
  });

  test("turns a metric of which less is better, and says its effect in the metric's own unit", () => {
    const experiment = experimentOf({
      metrics: [{ metric: "latency", missing: "failure", ttlMs: 60_000, cap: 1_000 }],
    });
    const log = logOf(experiment, 3_000, (arm) => [reported(arm === 1 ? 0.3 : 0.4)]);
    const [comparison] = verdictOf(experiment, folded(experiment, log), NO_SEASONS).comparisons;
    expect(comparison).toMatchObject({ decision: "better", metric: "latency", units: 3_000 });
    // A hundred less, within what the draw of the arms leaves open.
    expect(comparison?.effect).toBeGreaterThan(-130);
    expect(comparison?.effect).toBeLessThan(-70);
    expect(comparison?.interval.high).toBeLessThan(0);
    expect(comparison?.interval.low).toBeLessThan(-100);
  });
});

describe("the verdict", () => {
  test("without a claim of the season there is no winner, however strong the comparison alone is", () => {
    const experiment = experimentOf();
    const evidence = folded(experiment, logOf(experiment, 2_000, bothAt([0.5, 0.7])));
    const alone = verdictOf(experiment, evidence, NO_SEASONS);
    expect(alone.comparisons[0]).toMatchObject({ decision: "better", evidence: "randomised" });
    expect(alone.winner).toBeUndefined();
    expect(verdictOf(experiment, evidence, claimed(experiment)).winner).toMatchObject({
      arm: 1,
      claimedAtMs: 10,
    });
  });

  test("a claimed arm that harms another metric is no winner", () => {
    const experiment = experimentOf();
    const draw: Draw = (arm, random) => [
      reported(random.bernoulli(arm === 1 ? 0.7 : 0.5)),
      reported(random.bernoulli(arm === 1 ? 0.4 : 0.6)),
    ];
    const evidence = folded(experiment, logOf(experiment, 2_000, draw));
    const { comparisons, winner } = verdictOf(experiment, evidence, claimed(experiment));
    expect(comparisons.map(({ decision }) => decision)).toStrictEqual(["claimed", "harmful"]);
    expect(winner).toBeUndefined();
  });

  test("arms that report at different rates have no winner, whatever the reported values say", () => {
    const experiment = experimentOf({
      metrics: [{ metric: "quality", missing: "failure", ttlMs: 60_000 }],
    });
    const draw: Draw = (arm, random) =>
      random.bernoulli(arm === 1 ? 0.95 : 0.7) === 1
        ? [reported(0.6)]
        : [{ kind: "imputed", value: 0 }];
    const evidence = folded(experiment, logOf(experiment, 3_000, draw));
    const { checks, winner } = verdictOf(experiment, evidence, claimed(experiment));
    expect(checks.reporting).toMatchObject([{ arm: 1, isAlike: false }]);
    expect(winner).toBeUndefined();
  });

  test("units in other shares than planned have no winner", () => {
    const experiment = experimentOf();
    const skewed = experimentOf({
      arms: experiment.arms.map((arm, index) => ({
        ...arm,
        weightPpm: index === 0 ? 0.3 * MILLION : 0.7 * MILLION,
      })),
    });
    const evidence = folded(experiment, logOf(skewed, 2_000, bothAt([0.5, 0.7])));
    const { checks, winner } = verdictOf(experiment, evidence, claimed(experiment));
    expect(checks.isRatioKept).toBe(false);
    expect(winner).toBeUndefined();
  });

  test("where units that said nothing are left out, the evidence is observational", () => {
    const experiment = experimentOf({
      metrics: [
        { metric: "success", missing: "failure", ttlMs: 60_000 },
        { metric: "quality", missing: "censor", ttlMs: 60_000 },
      ],
    });
    const draw: Draw = (_, random) => [
      reported(random.bernoulli(0.6)),
      random.bernoulli(0.8) === 1 ? reported(0.6) : { kind: "censored" },
    ];
    const evidence = folded(experiment, logOf(experiment, 300, draw));
    const { comparisons } = verdictOf(experiment, evidence, NO_SEASONS);
    expect(comparisons.map((comparison) => comparison.evidence)).toStrictEqual([
      "randomised",
      "observational",
    ]);
    expect(comparisons[1]?.units).toBeLessThan(300);
    expect(comparisons[1]?.text).toContain("no ground for a decision");
  });

  test("equal arms are decided better or worse in few of many streams that are looked at after every unit", () => {
    const experiment = experimentOf();
    let decided = 0;
    for (let seed = 0; seed < 40; seed++) {
      const log = logOf(experiment, 500, bothAt([0.6, 0.6]), 100 + seed);
      const [comparison] = verdictOf(experiment, folded(experiment, log), NO_SEASONS).comparisons;
      if (comparison?.decision === "better" || comparison?.decision === "worse") decided += 1;
    }
    // Nominal 5 %: 2 of 40; more than 7 has a chance below 1 in 1,000.
    expect(decided).toBeLessThanOrEqual(7);
  });

  test("says what so many units would show, and less of it the more there are", () => {
    const experiment = experimentOf();
    const at = (count: number) =>
      verdictOf(
        experiment,
        folded(experiment, logOf(experiment, count, bothAt([0.6, 0.6]))),
        NO_SEASONS,
      ).comparisons[0]?.smallestEffect ?? Number.NaN;
    expect(at(200)).toBeGreaterThan(at(1_000));
    expect(
      verdictOf(experiment, emptyEvidence(experiment), NO_SEASONS).comparisons[0],
    ).toMatchObject({ effect: undefined, smallestEffect: undefined, decision: "undecided" });
  });
});
