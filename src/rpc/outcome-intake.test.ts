import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BATCH_ITEMS_MAX, OUTCOMES_QUEUED_MAX, SCORE_NAMES_MAX } from "../domain/kernel/limits.ts";
import { createTestPlatform, openTestEngine } from "../engine/engine-fixtures.ts";
import { OutcomeSchema, OutcomeStatus } from "../gen/attuned/v1/outcome_pb.ts";
import { ReportOutcomesRequestSchema } from "../gen/attuned/v1/outcome_service_pb.ts";
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

test("a request is read in pieces as the generated code reads it", async () => {
  const { intake } = await openIntake();
  const outcome = fc
    .record({ id: fc.string(), quality: fc.double({ noNaN: true }) })
    .map(({ id, quality }) => wire(id, { quality }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { maxLength: 100 }),
      fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 20 })),
      fc.nat(20_000),
      async (outcomes, tail, end) => {
        const request = create(ReportOutcomesRequestSchema, { outcomes });
        const whole = toBinary(ReportOutcomesRequestSchema, request);
        const bytes = Buffer.concat([whole, tail]).subarray(0, tail.length > 0 ? end : undefined);
        const expected = readOrError(() => fromBinary(ReportOutcomesRequestSchema, bytes));
        const read = await intake.read(bytes).catch(() => "malformed");
        expect(read).toEqual(expected);
      },
    ),
  );
});

function readOrError<T>(read: () => T): T | "malformed" {
  try {
    return read();
  } catch {
    return "malformed";
  }
}

test("what waits to be parsed is bounded as what waits for the disk is", async () => {
  const { intake } = await openIntake();
  // Refused at the first look, so that nothing of it goes further.
  const empty = Array.from({ length: BATCH_ITEMS_MAX }, () => create(OutcomeSchema));
  const calls = OUTCOMES_QUEUED_MAX / BATCH_ITEMS_MAX + 5;
  const answers = await Promise.allSettled(
    Array.from({ length: calls }, () => intake.batch(empty)),
  );
  const refused = answers.filter(({ status }) => status === "rejected");
  expect(refused).toHaveLength(5);
  expect(refused[0]).toMatchObject({ reason: { reason: "QUEUE_FULL" } });
  expect((await intake.batch(empty)).rejected).toHaveLength(BATCH_ITEMS_MAX);
});
