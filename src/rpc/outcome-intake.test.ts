import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SCORE_NAMES_MAX } from "../domain/kernel/limits.ts";
import { createTestPlatform, openTestEngine } from "../engine/engine-fixtures.ts";
import { OutcomeSchema, OutcomeStatus } from "../gen/attuned/v1/outcome_pb.ts";
import { Phase } from "../gen/attuned/v1/phase_pb.ts";
import { openMemoryStore } from "../store/store-fixtures.ts";
import { reportFeedback } from "./feedback.ts";
import { OutcomeIntake } from "./outcome-intake.ts";
import { timestampToWire } from "./wire/time.ts";

const HOUR_MS = 3_600_000;

async function openIntake(database = openMemoryStore()) {
  const platform = createTestPlatform();
  const memory = await database;
  const engine = await openTestEngine(memory.store, platform);
  const intake = new OutcomeIntake({
    engine,
    clock: platform.clock,
    timers: platform.timers,
    onReported: () => {},
    onTooFarAhead: () => {},
  });
  return { engine, intake, platform, memory };
}

function wire(outcomeId: string, scores: Record<string, number> = {}, occurredAtMs?: number) {
  return create(OutcomeSchema, {
    outcomeId,
    model: "gpt-4",
    phase: Phase.EXECUTION,
    settings: { temperature: 0.7 },
    status: OutcomeStatus.OK,
    scores,
    ...(occurredAtMs === undefined ? {} : { occurredAt: timestampToWire(occurredAtMs) }),
  });
}

const reasons = ({ rejected }: { rejected: readonly { index: number; reason: string }[] }) =>
  rejected.map(({ index, reason }) => [index, reason]);

test("own names of scores are bounded, in outcomes and in feedback, and known ones go on over a restart", async () => {
  const { engine, intake, platform, memory } = await openIntake();
  const named = Array.from({ length: SCORE_NAMES_MAX + 2 }, (_, i) =>
    wire(`o-${i}`, { quality: 50, [`own-${i}`]: 0.5 }),
  );
  const first = await intake.batch(named);
  expect(first.acceptedCount).toBe(SCORE_NAMES_MAX);
  expect(reasons(first)).toEqual([
    [SCORE_NAMES_MAX, "TOO_MANY_SCORE_NAMES"],
    [SCORE_NAMES_MAX + 1, "TOO_MANY_SCORE_NAMES"],
  ]);
  const scored = (scores: Record<string, number>) =>
    reportFeedback(
      engine,
      [
        {
          $typeName: "attuned.v1.Feedback",
          target: { case: "outcomeId", value: "o-1" },
          scores,
          source: "judge",
        },
      ],
      platform.clock.nowMs(),
    );
  expect(reasons(await scored({ another: 0.5 }))).toEqual([[0, "TOO_MANY_SCORE_NAMES"]]);
  expect((await scored({ "own-3": 0.5, hallucination: 0.1 })).acceptedCount).toBe(1);
  const [record] = engine.outcomes.bounds().filter(({ name }) => name === "score_names");
  expect(record).toMatchObject({ used: SCORE_NAMES_MAX, max: SCORE_NAMES_MAX });
  // Once from the journal, as after a crash, and once from a checkpoint.
  for (const round of [1, 2]) {
    const again = await openIntake(openMemoryStore(memory.database));
    const known = wire(`again-${round}`, { "own-5": 1 });
    const result = await again.intake.batch([known, wire(`new-${round}`, { another: 1 })]);
    expect([result.acceptedCount, reasons(result)]).toEqual([1, [[1, "TOO_MANY_SCORE_NAMES"]]]);
    await again.engine.checkpoint();
  }
});

test("a refused item counts for an arm that the same batch brings; a repeat in the hour of its outcome", async () => {
  const { engine, intake, platform } = await openIntake();
  const pastMs = platform.clock.nowMs() - 72 * HOUR_MS;
  const outcome = wire("o", { quality: 50 }, pastMs);
  await intake.batch([outcome, wire("bad", { quality: 101 })]);
  await intake.batch([outcome]);
  const [scope = ""] = [...engine.cells.arms.scopes()].map(([key]) => key);
  const [{ byHour } = { byHour: new Map() }] = await engine.cells.readHours(scope, {
    from: 0,
    until: Number.MAX_SAFE_INTEGER,
  });
  const past = byHour.get(Math.floor(pastMs / HOUR_MS));
  const present = byHour.get(Math.floor(platform.clock.nowMs() / HOUR_MS));
  expect(past).toMatchObject({ outcomes: 1, duplicates: 1, rejected: 0 });
  expect(present).toMatchObject({ outcomes: 0, duplicates: 0, rejected: 1 });
});
