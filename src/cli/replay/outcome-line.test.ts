import { describe, expect, test } from "vitest";
import { OutcomeStatus } from "../../gen/attuned/v1/outcome_pb.ts";
import { readOutcome } from "./outcome-line.ts";

describe("readOutcome", () => {
  test("reads an outcome", () => {
    const text = '{"outcomeId":"o-1","model":"gpt-4","status":"OUTCOME_STATUS_OK","latencyMs":0}';
    expect(readOutcome({ number: 7, text })).toMatchObject({
      line: 7,
      outcome: { outcomeId: "o-1", status: OutcomeStatus.OK, latencyMs: 0 },
      bytes: text.length,
    });
  });

  test("passes over an empty line", () => {
    expect(readOutcome({ number: 1, text: "  " })).toBeUndefined();
  });

  test.each([
    ["{", "REQUEST_MALFORMED", "not JSON"],
    ["[]", "REQUEST_MALFORMED", "Outcome"],
    ['{"outcomeId":"o","colour":1}', "REQUEST_MALFORMED", "colour"],
    ['{"outcomeId":"o","status":"GOOD"}', "REQUEST_MALFORMED", "OutcomeStatus"],
    ['{"outcomeId":7}', "REQUEST_MALFORMED", "outcome_id"],
    ['{"model":"gpt-4"}', "OUTCOME_INVALID", "outcomeId is missing"],
  ])("rejects %s", (text, reason, message) => {
    const rejected = readOutcome({ number: 3, text });
    expect(rejected).toMatchObject({ line: 3, reason });
    expect(JSON.stringify(rejected)).toContain(message);
  });

  test("rejects a line that could not be read", () => {
    expect(readOutcome({ number: 3, text: "", problem: "the line is not UTF-8" })).toEqual({
      line: 3,
      reason: "REQUEST_MALFORMED",
      message: "the line is not UTF-8",
    });
  });
});
