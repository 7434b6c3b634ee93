import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FEEDBACK_TTL_MS } from "../domain/kernel/limits.ts";
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
