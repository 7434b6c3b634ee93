import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scopeKey } from "../domain/config/scope.ts";
import {
  FEEDBACK_TARGETS_MAX,
  OUTCOMES_QUEUED_MAX,
  SCORES_MAX,
  SOURCES_PER_SCORE_MAX,
} from "../domain/kernel/limits.ts";
import { type Cell, EMPTY_CELL, foldOutcome, mergeCells } from "../domain/outcome/cell.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import { armAt, outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { keys } from "../store/keys.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { ALL_HOURS, HOUR_MS } from "./cells.ts";
import type { Engine } from "./engine.ts";
import { createTestPlatform, openTestEngine } from "./engine-fixtures.ts";
import type { FeedbackItem, FeedbackVerdict } from "./feedback.ts";

const SCOPE = scopeKey(armAt(0.7).scope);

async function cellOf(engine: Engine): Promise<Cell> {
  const arms = await engine.cells.read(SCOPE, ALL_HOURS);
  return arms.map(({ cell }) => cell).reduce(mergeCells, EMPTY_CELL);
}

async function qualityOf(engine: Engine) {
  const { n = 0, s1 = 0 } = (await cellOf(engine)).bounded["quality"] ?? {};
  return { n, mean: n === 0 ? undefined : Math.round((s1 / n) * 1e8) / 1e6 };
}

function score(outcomeId: string, quality: number, source = "judge"): FeedbackItem {
  return { target: { outcomeId }, scores: { quality }, source };
}

function give(engine: Engine, ...items: FeedbackItem[]): Promise<FeedbackVerdict[]> {
  return engine.outcomes.reportFeedback(items);
}

describe("a score that arrives late", () => {
  test("counts for its outcome, once, and the last one of a source replaces those before", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    await engine.report([outcomeOf("a"), outcomeOf("b")]);
    expect(await give(engine, score("a", 80))).toEqual(["accepted"]);
    expect(await give(engine, score("a", 80))).toEqual(["duplicate"]);
    expect(await qualityOf(engine)).toEqual({ n: 1, mean: 80 });
    expect(await give(engine, score("a", 20), score("a", 30), score("b", 50))).toEqual([
      "accepted",
      "accepted",
      "accepted",
    ]);
    expect(await qualityOf(engine)).toEqual({ n: 2, mean: 40 });
  });

  test("for a failed call is counted as one of a failed call, before and after a checkpoint and a restart", async () => {
    const memory = await openMemoryStore();
    const first = await openTestEngine(memory.store);
    const ended = (status: Outcome["status"]) => outcomeOf(status, { status });
    await first.report([
      ended("timeout"),
      ended("model_error"),
      ended("rate_limited"),
      ended("ok"),
    ]);
    await give(first, score("timeout", 40), score("ok", 80));
    await first.checkpoint();
    await give(first, score("model_error", 10), score("timeout", 60));
    await first.close();
    const second = await openTestEngine((await openMemoryStore(memory.database)).store);
    await give(second, score("rate_limited", 20));
    const { failedScores, idleScores, bounded } = await cellOf(second);
    expect({ failedScores, idleScores }).toEqual({ failedScores: { quality: 3 }, idleScores: {} });
    expect(bounded["quality"]?.n).toBe(4);
    expect(bounded["quality"]?.s1).toBeCloseTo(0.6 + 0.8 + 0.1 + 0.2, 9);
    await second.close();
  });

  test("of several sources counts as their mean: the outcome stays one observation", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    await engine.report([outcomeOf("a", { scores: { quality: 10 } })]);
    await give(engine, score("a", 40, "judge"), score("a", 70, "person"));
    expect(await qualityOf(engine)).toEqual({ n: 1, mean: 40 });
    // The empty source is the outcome's own score.
    await give(engine, score("a", 40, ""));
    expect(await qualityOf(engine)).toEqual({ n: 1, mean: 50 });
  });

  test("of a source that agrees with the mean of the others is one of them from then on", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    await engine.report([outcomeOf("a")]);
    await give(engine, score("a", 80, "judge"));
    expect(await give(engine, score("a", 80, "person"))).toEqual(["accepted"]);
    expect(await give(engine, score("a", 80, "person"))).toEqual(["duplicate"]);
    await give(engine, score("a", 20, "judge"));
    expect(await qualityOf(engine)).toEqual({ n: 1, mean: 50 });
  });

  test("is refused beyond the sources of a score, and the metrics of a target, that are kept", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.report([outcomeOf("a", { scores: { quality: 0 } }), outcomeOf("b")]);
    const many = Array.from({ length: 1000 }, (_, i) => score("a", 100, `judge-${i}`));
    const verdicts = await give(engine, ...many);
    const taken = SOURCES_PER_SCORE_MAX - 1;
    expect(verdicts.slice(0, taken)).toEqual(Array(taken).fill("accepted"));
    expect(new Set(verdicts.slice(taken))).toEqual(new Set(["too_many"]));
    expect(await qualityOf(engine)).toEqual({ n: 1, mean: 93.75 });
    // A source that is known goes on, and one that is too many takes no metric of its item along.
    expect(await give(engine, score("a", 0, "judge-0"))).toEqual(["accepted"]);
    const both = { ...score("a", 50, "one more"), scores: { coherence: 1, quality: 50 } };
    expect(await give(engine, both)).toEqual(["too_many"]);
    expect((await cellOf(engine)).bounded["coherence"]).toBeUndefined();
    const metrics = Array.from({ length: SCORES_MAX + 1 }, (_, i) => ({
      ...score("b", 0),
      scores: { [`own-${i}`]: 1 },
    }));
    expect((await give(engine, ...metrics)).at(-1)).toBe("too_many");
    expect(await give(engine, { ...score("b", 0), scores: { "own-0": 0 } })).toEqual(["accepted"]);
  });

  test("finds its outcome by the newest that has a reference", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    const at = { externalRef: "trace-1" };
    await engine.report([outcomeOf("a", { ...at, arm: armAt(0.1) })]);
    await engine.report([outcomeOf("b", { ...at, arm: armAt(0.9) })]);
    const byReference = { target: at, scores: { quality: 60 }, source: "" };
    expect(await give(engine, byReference)).toEqual(["accepted"]);
    const arms = await engine.cells.read(SCOPE, ALL_HOURS);
    expect(arms.map(({ live, cell }) => [live.arm.settings.temperature, cell.corrected])).toEqual([
      [0.1, 0],
      [0.9, 1],
    ]);
  });

  test("of an outcome that nobody reported is refused, and an id is no reference", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    await engine.report([outcomeOf("a")]);
    expect(
      await give(engine, score("b", 1), {
        target: { externalRef: "a" },
        scores: { quality: 1 },
        source: "",
      }),
    ).toEqual(["unknown", "unknown"]);
  });

  test("comes too late where the outcome's own score is kept no more", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.report([outcomeOf("own", { scores: { quality: 10 } }), outcomeOf("none")]);
    await memory.database.del(keys.journal(1));
    expect(await give(engine, score("own", 50), score("none", 50))).toEqual([
      "too_late",
      "accepted",
    ]);
  });

  test("survives a restart, before and after a checkpoint", async () => {
    const memory = await openMemoryStore();
    const engine = await openTestEngine(memory.store);
    await engine.report([outcomeOf("a", { scores: { quality: 10 } }), outcomeOf("b")]);
    await give(engine, score("a", 50, ""));
    for (const isCheckpointed of [false, true]) {
      if (isCheckpointed) await engine.checkpoint();
      const again = await openTestEngine((await openMemoryStore(memory.database)).store);
      expect(await qualityOf(again)).toEqual({ n: 1, mean: 50 });
      expect(await give(again, score("a", 50, ""))).toEqual(["duplicate"]);
    }
    const again = await openTestEngine((await openMemoryStore(memory.database)).store);
    expect(await give(again, score("a", 20, ""), score("b", 40))).toEqual(["accepted", "accepted"]);
    expect(await qualityOf(again)).toEqual({ n: 2, mean: 30 });
  });

  test("by callers at once counts as one after the other", async () => {
    const engine = await openTestEngine((await openMemoryStore()).store);
    await engine.report([outcomeOf("a"), outcomeOf("b")]);
    const written = engine.outcomes.measures().journal.groups;
    await Promise.all(Array.from({ length: 50 }, (_, i) => give(engine, score("a", i))));
    expect(await qualityOf(engine)).toEqual({ n: 1, mean: 49 });
    expect(engine.outcomes.measures().journal.groups - written).toBe(1);
  });
});

test("cells after any feedback equal those of outcomes that had brought the last scores themselves", async () => {
  // Few values, so that sources often agree with each other.
  const anyQuality = fc.oneof(fc.constantFrom(0, 50, 100), fc.integer({ min: 0, max: 100 }));
  const anyScore = fc.record({
    id: fc.nat(2),
    quality: anyQuality,
    source: fc.constantFrom("", "judge", "person"),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(anyQuality, { nil: undefined }), { minLength: 3, maxLength: 3 }),
      fc.array(fc.array(anyScore, { maxLength: 5 }), { maxLength: 6 }),
      async (own, batches) => {
        const memory = await openMemoryStore();
        const engine = await openTestEngine(memory.store);
        const last = own.map(
          (quality): Record<string, number> => (quality === undefined ? {} : { "": quality }),
        );
        await engine.report(
          own.map((quality, id) =>
            outcomeOf(`o-${id}`, quality === undefined ? {} : { scores: { quality } }),
          ),
        );
        for (const batch of batches) {
          const verdicts = await give(
            engine,
            ...batch.map((item) => score(`o-${item.id}`, item.quality, item.source)),
          );
          const expected = batch.map(({ id, quality, source }) => {
            const isKnown = last[id]?.[source] === quality;
            last[id] = { ...last[id], [source]: quality };
            return isKnown ? "duplicate" : "accepted";
          });
          expect(verdicts).toEqual(expected);
          if (batch.length === 3) await engine.checkpoint();
        }
        const expected = last
          .map((bySource, id) => {
            const scores = Object.values(bySource);
            const mean = scores.reduce((sum, value) => sum + value, 0) / scores.length;
            return outcomeOf(`o-${id}`, scores.length === 0 ? {} : { scores: { quality: mean } });
          })
          .reduce(foldOutcome, EMPTY_CELL);
        const actual = await cellOf(engine);
        expect(actual.outcomes).toBe(expected.outcomes);
        for (const key of ["n", "s1", "s2", "s3", "s4"] as const) {
          expect(actual.bounded["quality"]?.[key] ?? 0).toBeCloseTo(
            expected.bounded["quality"]?.[key] ?? 0,
            9,
          );
        }
      },
    ),
    { numRuns: 80 },
  );
});

test("targets are bounded: those of the oldest outcomes go, in memory and on disk", async () => {
  const memory = await openMemoryStore();
  const platform = createTestPlatform();
  const engine = await openTestEngine(memory.store, platform);
  await engine.report([outcomeOf("old")]);
  await engine.checkpoint();
  await give(engine, score("old", 5));
  platform.clock.ms += 8 * 24 * HOUR_MS;
  await engine.report([outcomeOf("new")]);
  await engine.checkpoint();
  expect(await memory.store.bytes(keys.targets(1))).toBeUndefined();
  expect(await memory.store.bytes(keys.targetScores(1, 0))).toBeUndefined();
  expect(await give(engine, score("old", 6))).toEqual(["unknown"]);
  const again = await openTestEngine((await openMemoryStore(memory.database)).store, platform);
  expect(await give(again, score("old", 6), score("new", 6))).toEqual(["unknown", "accepted"]);
  expect(again.outcomes.targets.size).toBeLessThanOrEqual(FEEDBACK_TARGETS_MAX);
});

test("an outcome that is no target any more and whose id is known comes too late", async () => {
  const engine = await openTestEngine((await openMemoryStore()).store);
  await engine.report([
    outcomeOf("old", { externalRef: "trace" }),
    outcomeOf("older", { arm: armAt(0.1) }),
  ]);
  const { targets } = engine.outcomes;
  const live = targets.find({ outcomeId: "older" })?.live;
  if (!live) throw new Error("a target");
  const newer = outcomeOf("");
  const counted = { live, hour: 1, unit: undefined };
  const place = { sequence: 2, index: 0, receivedAtMs: 0 };
  for (let i = 0; i < FEEDBACK_TARGETS_MAX; i++)
    targets.add({ ...newer, outcomeId: `o-${i}` }, counted, place);
  expect(await give(engine, score("old", 5), score("nobody", 5))).toEqual(["too_late", "unknown"]);
  // And memory holds no more of where it was counted.
  expect(targets.placeCount).toBe(1);
});

test("scores take room in the queue of outcomes, and are refused with a time to wait where it is full", async () => {
  const { store, control } = await openMemoryStore();
  const engine = await openTestEngine(store);
  await engine.report([outcomeOf("a")]);
  let release = () => {};
  control.before = () => new Promise((resolve) => (release = resolve));
  const items = Array.from({ length: 1000 }, (_, i) => score("a", i % 100));
  const calls = Array.from({ length: OUTCOMES_QUEUED_MAX / 1000 }, () => give(engine, ...items));
  const refused = { reason: "QUEUE_FULL", detail: { retryAfterMs: 1000 } };
  await expect(give(engine, score("a", 1))).rejects.toMatchObject(refused);
  await expect(engine.report([outcomeOf("b")])).rejects.toMatchObject(refused);
  while (engine.outcomes.measures().queued > 0) {
    release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await Promise.all(calls)).flat().every((verdict) => verdict === "accepted")).toBe(true);
  control.before = () => undefined;
  expect(await give(engine, score("a", 1))).toEqual(["accepted"]);
});
