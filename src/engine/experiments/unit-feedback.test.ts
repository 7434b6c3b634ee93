import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeKey } from "../../domain/config/scope.ts";
import type { Experiment } from "../../domain/experiment/experiment.ts";
import { LIVE_PAIRS_MAX } from "../../domain/kernel/limits.ts";
import { EMPTY_CELL, mergeCells } from "../../domain/outcome/cell.ts";
import { armAt, outcomeOf } from "../../domain/outcome/outcome-fixtures.ts";
import type { OutcomeStatus } from "../../domain/outcome/status.ts";
import { keys } from "../../store/keys.ts";
import { OVERFLOW_CONFIG_ID } from "../arms.ts";
import { ALL_HOURS } from "../cells.ts";
import type { Engine } from "../engine.ts";
import type { FeedbackItem } from "../feedback.ts";
import {
  HOUR_MS,
  lookupOf,
  type Opened,
  opened,
  outcomeFor,
  planOf,
  releasedLog,
  reopened,
  startedExperiment,
  unitOfToken,
} from "./experiments-fixtures.ts";

const DAY_MS = 24 * HOUR_MS;

function score(outcomeId: string, quality: number, source = "judge"): FeedbackItem {
  return { target: { outcomeId }, scores: { quality }, source };
}

/** What the units count for quality once they are released, in the order of assignment. */
async function released({ engine, platform }: Pick<Opened, "engine" | "platform">, id: string) {
  platform.clock.ms += 2 * DAY_MS;
  await engine.checkpoint();
  return (await releasedLog(engine.store, id)).map(({ values }) => values[1]);
}

function frozenOf(engine: Engine, experiment: Experiment): number {
  const { arms } = engine.experiments.results(experiment).tally;
  return arms.reduce((sum, { frozenScores }) => sum + frozenScores, 0);
}

/** A window of a second, and six more for reports. */
const brief = {
  ...{ unitWindowMs: 1_000, periodMs: HOUR_MS },
  metrics: planOf().metrics.map((rule) => ({ ...rule, ttlMs: 6_000 })),
};

describe("feedback on an outcome that its unit does not count", () => {
  test("leaves a unit as it was, and is counted", async () => {
    const { engine, platform } = await opened();
    const experiment = await startedExperiment(engine, brief);
    const [early, lone] = ["a", "b"].map((unit) => engine.lookups.resolve(lookupOf({ unit })));
    if (!early || !lone) throw new Error("two units");
    await engine.report([outcomeFor(engine, early, { outcomeId: "l1", scores: { quality: 50 } })]);
    platform.clock.ms += 2_000;
    const late = engine.lookups.resolve(lookupOf({ unit: "a" }));
    const loneLate = engine.lookups.resolve(lookupOf({ unit: "b" }));
    await engine.report([
      outcomeFor(engine, late, { outcomeId: "l2", scores: { quality: 20 } }),
      outcomeFor(engine, loneLate, { outcomeId: "l3" }),
    ]);
    const items = [score("l2", 60), score("l3", 100)];
    expect(await engine.outcomes.reportFeedback(items)).toEqual(["accepted", "accepted"]);
    expect(frozenOf(engine, experiment)).toBe(2);
    expect(await released({ engine, platform }, experiment.experimentId)).toEqual([
      { kind: "reported", value: 0.5 },
      { kind: "imputed", value: 0 },
    ]);
  });

  test("leaves a lookup as its first report had it", async () => {
    const { engine, platform } = await opened();
    const experiment = await startedExperiment(engine);
    const answer = engine.lookups.resolve(lookupOf());
    await engine.report([
      outcomeFor(engine, answer, { outcomeId: "first", scores: { quality: 50 } }),
      outcomeFor(engine, answer, { outcomeId: "second", scores: { quality: 70 } }),
    ]);
    await engine.outcomes.reportFeedback([score("second", 90)]);
    expect(frozenOf(engine, experiment)).toBe(1);
    // The token names the report that counts.
    const byToken = { target: { unit: unitOfToken(engine, answer) }, scores: { quality: 60 } };
    await engine.outcomes.reportFeedback([{ ...byToken, source: "" }]);
    expect(await released({ engine, platform }, experiment.experimentId)).toEqual([
      { kind: "reported", value: 0.6 },
    ]);
  });
});

test("of the reports of a lookup, feedback counts on the one that brought the score first, by its id and by the token", async () => {
  const { engine, platform, database } = await opened();
  const { experimentId } = await startedExperiment(engine);
  const answer = engine.lookups.resolve(lookupOf());
  await engine.report([
    outcomeFor(engine, answer, { outcomeId: "given up", status: "not_used" }),
    outcomeFor(engine, answer, { outcomeId: "made", scores: { quality: 70 } }),
  ]);
  await engine.checkpoint();
  const next = await reopened({ database, platform });
  const byToken = { target: { unit: unitOfToken(next, answer) }, scores: { quality: 70 } };
  expect(await next.outcomes.reportFeedback([{ ...byToken, source: "" }])).toEqual(["duplicate"]);
  await next.outcomes.reportFeedback([score("made", 90, ""), score("given up", 10)]);
  expect(await released({ engine: next, platform }, experimentId)).toEqual([
    { kind: "reported", value: 0.9 },
  ]);
});

test("a score takes the place of the worst one that a failed call counts", async () => {
  const { engine, platform } = await opened();
  const { experimentId } = await startedExperiment(engine);
  const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
  await engine.report([outcomeFor(engine, answer, { outcomeId: "o", status: "timeout" })]);
  await engine.outcomes.reportFeedback([score("o", 80)]);
  expect(await released({ engine, platform }, experimentId)).toEqual([
    { kind: "reported", value: 0.8 },
  ]);
});

describe("a score finds the unit of its outcome", () => {
  test("where the outcome is counted for the overflow arm, before and after a restart", async () => {
    const { engine, platform, database } = await opened();
    const { experimentId } = await startedExperiment(engine);
    const answers = ["a", "b"].map((unit) => engine.lookups.resolve(lookupOf({ unit })));
    // So many pairs of other scopes that none is left.
    const others = Array.from({ length: LIVE_PAIRS_MAX }, (_, i) =>
      outcomeOf(`other-${i}`, { arm: armAt(0.5, `model-${i}`) }),
    );
    await engine.report(others);
    await engine.report(
      answers.map((answer, i) => outcomeFor(engine, answer, { outcomeId: `o-${i}` })),
    );
    expect(engine.outcomes.targets.find({ outcomeId: "o-0" })?.live.arm.configId).toBe(
      OVERFLOW_CONFIG_ID,
    );
    expect(await engine.outcomes.reportFeedback([score("o-0", 80)])).toEqual(["accepted"]);
    await engine.checkpoint();
    const next = await reopened({ database, platform });
    expect(await next.outcomes.reportFeedback([score("o-1", 30)])).toEqual(["accepted"]);
    expect(await released({ engine: next, platform }, experimentId)).toEqual([
      { kind: "reported", value: 0.8 },
      { kind: "reported", value: 0.3 },
    ]);
  });

  test("where the journal no longer has the outcome", async () => {
    const { engine, platform, database } = await opened();
    const metrics = planOf().metrics.map((rule) => ({ ...rule, ttlMs: DAY_MS }));
    const { experimentId } = await startedExperiment(engine, { metrics, periodMs: 2 * DAY_MS });
    const answer = engine.lookups.resolve(lookupOf({ unit: "a" }));
    await engine.report([outcomeFor(engine, answer, { outcomeId: "o" })]);
    platform.clock.ms += DAY_MS + HOUR_MS / 3;
    await engine.report([outcomeOf("newest")]);
    await engine.checkpoint();
    expect(await engine.store.bytes(keys.journal(1))).toBeUndefined();
    const next = await reopened({ database, platform });
    expect(await next.outcomes.reportFeedback([score("o", 80)])).toEqual(["accepted"]);
    expect(await released({ engine: next, platform }, experimentId)).toEqual([
      { kind: "reported", value: 0.8 },
    ]);
  });
});

interface Step {
  readonly unit: number;
  /** Of a report: its own score. Of feedback: the score, 100 where none is drawn. */
  readonly quality: number | undefined;
  readonly status: OutcomeStatus;
  /** Of feedback: which outcome of the unit, and by whom. */
  readonly about: number;
  readonly source: string;
  readonly kind: "report" | "score";
  readonly waitMs: number;
  readonly after: "nothing" | "checkpoint" | "crash";
}

const oneOf = <T>(...of: readonly (readonly [weight: number, value: T])[]): fc.Arbitrary<T> =>
  fc.oneof(...of.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

/** Few values, so that sources agree with each other and with what is imputed; most steps while the units are open. */
const anyStep: fc.Arbitrary<Step> = fc.record({
  unit: fc.nat(3),
  quality: oneOf<number | undefined>([3, undefined], [1, 0], [1, 50], [1, 100]),
  status: oneOf<OutcomeStatus>([2, "ok"], [2, "timeout"], [1, "cancelled"]),
  about: fc.nat(2),
  source: fc.constantFrom("", "judge", "person"),
  kind: oneOf<Step["kind"]>([1, "report"], [1, "score"]),
  waitMs: oneOf([12, 0], [1, 600], [1, 3_000]),
  after: oneOf<Step["after"]>([4, "nothing"], [1, "checkpoint"], [1, "crash"]),
});

/** One outcome, as an independent tally has it. */
interface Tallied {
  readonly id: string;
  readonly isCounted: boolean;
  /** All scores, which cells count, and those that came while they changed the unit. */
  scores: Record<string, number>;
  inTime: number | undefined;
}

/** One unit: the first two are sessions, the others single lookups. */
class TalliedUnit {
  readonly outcomes: Tallied[] = [];
  /** Of a single lookup: the outcome whose value counts. */
  holder: Tallied | undefined;
  readonly assignedAtMs: number;
  readonly isLookup: boolean;

  constructor(assignedAtMs: number, isLookup: boolean) {
    this.assignedAtMs = assignedAtMs;
    this.isLookup = isLookup;
  }

  /** Whether what is received now counts. */
  isOpen(nowMs: number): boolean {
    return nowMs <= this.assignedAtMs + (this.isLookup ? 0 : 1_000) + 6_000;
  }

  take(outcome: Tallied, value: number | undefined, nowMs: number): void {
    if (!outcome.isCounted || value === undefined || !this.isOpen(nowMs)) return;
    this.holder ??= outcome;
    if (!this.isLookup || this.holder === outcome) outcome.inTime = value;
  }

  get value(): { readonly kind: string; readonly value: number } {
    const values = this.outcomes.flatMap(({ inTime }) => (inTime === undefined ? [] : [inTime]));
    if (values.length === 0) return { kind: "imputed", value: 0 };
    return { kind: "reported", value: meanOf(values) };
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test("units count what an independent tally does, whatever is scored, late or failed, and wherever crashes fall", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 24 }), async (steps) => {
      const { engine: first, platform, database } = await opened();
      let engine = first;
      const { experimentId } = await startedExperiment(engine, brief);
      const { clock } = platform;
      const answers = ["a", "b", "", ""].map((unit) => engine.lookups.resolve(lookupOf({ unit })));
      await engine.experiments.flush();
      const units = answers.map((_, i) => new TalliedUnit(clock.nowMs(), i >= 2));
      for (const [i, step] of steps.entries()) {
        clock.ms += step.waitMs;
        const nowMs = clock.nowMs();
        const unit = units[step.unit];
        const answer = answers[step.unit];
        if (!unit || !answer) throw new Error("a unit of these");
        const about = unit.outcomes[step.about];
        if (step.kind === "report") {
          const name = ["a", "b"][step.unit];
          const token = name ? engine.lookups.resolve(lookupOf({ unit: name })) : answer;
          const decidedAtMs = name ? nowMs : unit.assignedAtMs;
          const { quality, status } = step;
          const scores: Record<string, number> = quality === undefined ? {} : { quality };
          const id = `o-${i}`;
          await engine.report([
            outcomeFor(engine, token, { outcomeId: id, scores, status, decidedAtMs }),
          ]);
          const isInWindow = decidedAtMs <= unit.assignedAtMs + (unit.isLookup ? 0 : 1_000);
          const isCounted = isInWindow && unit.isOpen(nowMs);
          const tallied: Tallied = { id, isCounted, scores: {}, inTime: undefined };
          if (quality !== undefined) tallied.scores = { "": quality };
          unit.outcomes.push(tallied);
          unit.take(tallied, quality ?? (status === "timeout" ? 0 : undefined), nowMs);
        } else if (about) {
          const given = step.quality ?? 100;
          const isKnown = about.scores[step.source] === given;
          expect(
            await engine.outcomes.reportFeedback([score(about.id, given, step.source)]),
          ).toEqual([isKnown ? "duplicate" : "accepted"]);
          about.scores = { ...about.scores, [step.source]: given };
          if (!isKnown) unit.take(about, meanOf(Object.values(about.scores)), nowMs);
        }
        if (step.after === "checkpoint") await engine.checkpoint();
        if (step.after === "crash") engine = await reopened({ database, platform });
      }
      const means = units
        .flatMap(({ outcomes }) => outcomes.map(({ scores }) => Object.values(scores)))
        .filter((scores) => scores.length > 0)
        .map(meanOf);
      const arms = await engine.cells.read(scopeKey(planOf().scope), ALL_HOURS);
      const cell = arms.map((arm) => arm.cell).reduce(mergeCells, EMPTY_CELL);
      expect(cell.bounded["quality"]?.n ?? 0).toBe(means.length);
      expect(100 * (cell.bounded["quality"]?.s1 ?? 0)).toBeCloseTo(
        means.reduce((sum, mean) => sum + mean, 0),
        6,
      );
      const values = await released({ engine, platform }, experimentId);
      for (const [i, unit] of units.entries()) {
        const { kind, value } = unit.value;
        expect(values[i]).toEqual({ kind, value: expect.closeTo(value / 100, 9) });
      }
    }),
    { numRuns: 150 },
  );
});
