import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FEEDBACK_TTL_MS, SOURCES_PER_SCORE_MAX } from "../domain/kernel/limits.ts";
import { outcomeOf } from "../domain/outcome/outcome-fixtures.ts";
import { lookupOf, opened, startedExperiment } from "../engine/experiments/experiments-fixtures.ts";
import { FeedbackSchema } from "../gen/attuned/v1/outcome_service_pb.ts";
import { reportFeedback } from "./feedback.ts";

test("a unit is scored by a token of the last week, and no older one", async () => {
  const { engine, platform } = await opened();
  await startedExperiment(engine);
  const { token } = engine.lookups.resolve(lookupOf({ unit: "a" }));
  const scored = (quality: number) =>
    create(FeedbackSchema, {
      target: { case: "decisionToken", value: token },
      scores: { quality },
    });
  platform.clock.ms += FEEDBACK_TTL_MS;
  expect(await reportFeedback(engine, [scored(50)], platform.clock.nowMs())).toMatchObject({
    acceptedCount: 1,
    rejected: [],
  });
  platform.clock.ms += 1;
  expect(await reportFeedback(engine, [scored(60)], platform.clock.nowMs())).toMatchObject({
    acceptedCount: 0,
    rejected: [{ index: 0, reason: "TOKEN_TOO_OLD", message: expect.stringContaining("7 days") }],
  });
});

test("what cannot be scored is refused item by item, with what to do", async () => {
  const { engine, platform } = await opened();
  await engine.report([outcomeOf("a")]);
  const by = (outcomeId: string, source: string) =>
    create(FeedbackSchema, {
      target: { case: "outcomeId", value: outcomeId },
      scores: { quality: 50 },
      source,
    });
  const judges = Array.from({ length: SOURCES_PER_SCORE_MAX + 1 }, (_, i) => by("a", `judge-${i}`));
  const answer = await reportFeedback(engine, [by("b", ""), ...judges], platform.clock.nowMs());
  expect(answer).toEqual({
    ...{ acceptedCount: SOURCES_PER_SCORE_MAX, duplicateCount: 0 },
    rejected: [
      { index: 0, reason: "TARGET_NOT_FOUND", message: expect.stringContaining("report") },
      {
        index: SOURCES_PER_SCORE_MAX + 1,
        reason: "TOO_MANY_SCORES",
        message: expect.stringContaining("16 metrics with 16 sources"),
      },
    ],
  });
});
