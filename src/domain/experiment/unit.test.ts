import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OutcomeStanding } from "../outcome/correction.ts";
import { outcomeOf } from "../outcome/outcome-fixtures.ts";
import { REPORTS_PER_LOOKUP_MAX } from "./bounds.ts";
import { releaseAfterMs } from "./experiment.ts";
import { experimentOf, unitOf } from "./experiment-fixtures.ts";
import { MISSING_POLICIES, outcomeValue, worstValue } from "./metric-rule.ts";
import { emptyTally, withReleased } from "./tally.ts";
import { deadlineMs, settle, withReport, withScore } from "./unit.ts";

const experiment = experimentOf();
const [success = { metric: "", missing: "failure", ttlMs: 0 }, quality = success] =
  experiment.metrics;
const start = unitOf().assignedAtMs;
const inTime = { decidedAtMs: start, receivedAtMs: start };

describe("a session", () => {
  test("averages what was decided within its window", () => {
    const unit = [1, 0, 0, 1].reduce(
      (before, value, i) =>
        withReport(
          before,
          { decidedAtMs: start + i * 600_000, receivedAtMs: start, values: [value] },
          experiment,
        ),
      unitOf(),
    );
    expect(unit.reports).toBe(4);
    expect(settle(unit, 0, success)).toEqual({ kind: "reported", value: 0.5 });
  });

  test("takes nothing that was decided after its window", () => {
    const late = {
      decidedAtMs: start + experiment.unitWindowMs + 1,
      receivedAtMs: start,
      values: [1],
    };
    expect(withReport(unitOf(), late, experiment)).toEqual(unitOf());
  });

  test("takes a metric up to the metric's own deadline and not after it", () => {
    const receivedAtMs = deadlineMs(unitOf(), success, experiment) + 1;
    const unit = withReport(
      unitOf(),
      { decidedAtMs: start, receivedAtMs, values: [1, 1] },
      experiment,
    );
    expect(unit.counts).toEqual([0, 1]);
    const tooLate = deadlineMs(unitOf(), quality, experiment) + 1;
    const report = { decidedAtMs: start, receivedAtMs: tooLate, values: [1, 1] };
    expect(withReport(unit, report, experiment)).toBe(unit);
  });
});

test("of a lookup that is its own unit the first report of a metric counts", () => {
  const unit = unitOf({ key: "" });
  const once = withReport(unit, { ...inTime, values: [0, undefined] }, experiment);
  const twice = withReport(once, { ...inTime, values: [1, 0.8] }, experiment);
  expect(settle(twice, 0, success)).toEqual({ kind: "reported", value: 0 });
  expect(settle(twice, 1, quality)).toEqual({ kind: "reported", value: 0.8 });
  const late = Array.from({ length: 20 }).reduce<typeof unit>(
    (before) => withReport(before, { ...inTime, values: [1, 1] }, experiment),
    twice,
  );
  expect(late).toEqual({ ...twice, reports: REPORTS_PER_LOOKUP_MAX });
});

test("of a lookup that is its own unit only the report that counts for a metric can be scored anew", () => {
  const scoreOf = (report: number, value: number) => ({
    ...{ metric: 1, value, previous: undefined, receivedAtMs: start },
    standing: { report, isFailed: false },
  });
  const unit = unitOf({ key: "" });
  const reported = [
    [1, undefined],
    [1, 0.7],
  ].reduce<typeof unit>(
    (before, values) => withReport(before, { ...inTime, values }, experiment),
    unit,
  );
  expect(withScore(reported, scoreOf(0, 0.1), experiment)).toBe(reported);
  const scored = withScore(reported, scoreOf(1, 0.9), experiment);
  expect(settle(scored, 1, quality)).toEqual({ kind: "reported", value: 0.9 });
  const unscored = withReport(unit, { ...inTime, values: [1] }, experiment);
  const first = withScore(unscored, scoreOf(0, 0.5), experiment);
  expect(withScore(first, scoreOf(1, 0.9), experiment)).toBe(first);
  expect(settle(withScore(first, scoreOf(0, 0.6), experiment), 1, quality)).toEqual({
    kind: "reported",
    value: 0.6,
  });
});

const counted: OutcomeStanding = { report: 0, isFailed: false };

describe("a score", () => {
  const scored = withScore(
    unitOf(),
    { metric: 1, value: 0.4, previous: undefined, standing: counted, receivedAtMs: start },
    experiment,
  );

  test("that is corrected in time takes the place of the one before", () => {
    const corrected = withScore(
      scored,
      { metric: 1, value: 0.9, previous: 0.4, standing: counted, receivedAtMs: start },
      experiment,
    );
    expect(settle(corrected, 1, quality)).toEqual({ kind: "reported", value: 0.9 });
  });

  test("is frozen after the deadline", () => {
    const receivedAtMs = deadlineMs(scored, quality, experiment) + 1;
    const late = { metric: 1, value: 0.9, previous: 0.4, standing: counted, receivedAtMs };
    expect(withScore(scored, late, experiment)).toBe(scored);
  });

  test("of an outcome that its unit does not count changes nothing of it", () => {
    const standing = { report: undefined, isFailed: false };
    const score = { metric: 1, value: 0.9, previous: undefined, standing, receivedAtMs: start };
    expect(withScore(scored, score, experiment)).toBe(scored);
    expect(withScore(unitOf(), score, experiment)).toEqual(unitOf());
  });

  test("takes the place of the worst one that a failed call counted", () => {
    const failed = withReport(unitOf(), { ...inTime, values: [0, 0] }, experiment);
    const both = withReport(failed, { ...inTime, values: [1, 0.6] }, experiment);
    const standing = { report: 0, isFailed: true };
    const score = { metric: 1, value: 0.8, previous: undefined, standing, receivedAtMs: start };
    expect(settle(withScore(failed, score, experiment), 1, quality)).toEqual({
      kind: "reported",
      value: 0.8,
    });
    const { value } = settle(withScore(both, score, experiment), 1, quality) as { value: number };
    expect(value).toBeCloseTo(0.7, 12);
  });

  test("that was not requested does not count, whatever was scored", () => {
    expect(settle({ ...scored, scoreRequested: false }, 1, quality)).toEqual({
      kind: "not_requested",
    });
  });
});

test("what a missing report counts depends on the metric, never on the arm", () => {
  for (const missing of MISSING_POLICIES) {
    for (const metric of ["success", "quality", "latency", "hallucination", "cost"]) {
      const rule = { metric, missing, ttlMs: 1, cap: 1 };
      const settled = [0, 1, 2].map((arm) => settle(unitOf({ arm }), 0, rule));
      expect(new Set(settled.map((value) => JSON.stringify(value))).size).toBe(1);
      expect(settled[0]).toEqual(
        missing === "failure"
          ? { kind: "imputed", value: worstValue(metric) }
          : { kind: missing === "censor" ? "censored" : "ignored" },
      );
    }
  }
  expect(["success", "quality", "latency", "hallucination", "cost"].map(worstValue)).toEqual([
    0, 0, 1, 1, 1,
  ]);
});

describe("an outcome's value", () => {
  test("is capped for latency and cost", () => {
    const rule = { metric: "latency", missing: "failure" as const, ttlMs: 1, cap: 2000 };
    expect(outcomeValue(rule, outcomeOf("o", { latencyMs: 500 }))).toBe(0.25);
    expect(outcomeValue(rule, outcomeOf("o", { latencyMs: 9000 }))).toBe(1);
    const cost = { ...rule, metric: "cost", cap: 0.01 };
    expect(outcomeValue(cost, outcomeOf("o", { costNanoUsd: 5_000_000 }))).toBe(0.5);
    expect(outcomeValue(cost, outcomeOf("o"))).toBeUndefined();
  });

  test("of a failed call without a score is the worst score", () => {
    expect(outcomeValue(quality, outcomeOf("o", { status: "timeout" }))).toBe(0);
    expect(
      outcomeValue(quality, outcomeOf("o", { status: "timeout", scores: { quality: 30 } })),
    ).toBe(0.3);
    expect(outcomeValue(quality, outcomeOf("o"))).toBeUndefined();
  });

  test("of a call that was cancelled or never made says nothing of success", () => {
    for (const status of ["cancelled", "not_used"] as const)
      expect(outcomeValue(success, outcomeOf("o", { status }))).toBeUndefined();
  });
});

test("the release waits for the window and the longest deadline of any metric", () => {
  expect(releaseAfterMs(experiment)).toBe(1_800_000 + 600_000);
  for (const rule of experiment.metrics)
    expect(deadlineMs(unitOf(), rule, experiment)).toBeLessThanOrEqual(
      start + releaseAfterMs(experiment),
    );
});

test("released units add up per arm, whatever came of them", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ arm: fc.nat(1), value: fc.option(fc.double({ min: 0, max: 1, noNaN: true })) }),
        { maxLength: 50 },
      ),
      (drawn) => {
        let tally = emptyTally(experiment);
        for (const [sequence, { arm, value }] of drawn.entries()) {
          const values = [value ?? undefined];
          const unit = withReport(unitOf({ sequence, arm }), { ...inTime, values }, experiment);
          tally = withReleased(tally, unit, experiment).tally;
        }
        for (const arm of [0, 1]) {
          const own = drawn.filter((unit) => unit.arm === arm);
          const metric = tally.arms[arm]?.metrics[0];
          expect(tally.arms[arm]?.released).toBe(own.length);
          expect(metric?.sums.n).toBe(own.length);
          expect(metric?.imputed).toBe(own.filter(({ value }) => value === null).length);
          expect(metric?.sums.s1).toBeCloseTo(
            own.reduce((sum, { value }) => sum + (value ?? 0), 0),
            9,
          );
        }
      },
    ),
  );
});
