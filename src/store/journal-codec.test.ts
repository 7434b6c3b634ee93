import fc from "fast-check";
import { expect, test } from "vitest";
import { anyOutcome, outcomeOf, withoutUndefined } from "../domain/outcome/outcome-fixtures.ts";
import { decodeJournalRecord, encodeJournalRecord } from "./journal-codec.ts";

test("a record reads back as it was written, whatever the outcomes hold", () => {
  fc.assert(
    fc.property(
      fc.array(anyOutcome, { maxLength: 8 }),
      fc.integer({ min: 0, max: 4e12 }),
      (outcomes, receivedAtMs) => {
        const read = decodeJournalRecord(
          encodeJournalRecord({ outcomes, corrections: [], receivedAtMs }),
        );
        expect(read.receivedAtMs).toBe(receivedAtMs);
        expect(read.outcomes.map(withoutUndefined)).toEqual(outcomes);
      },
    ),
    { numRuns: 300 },
  );
});

test("zero and absent are not the same", () => {
  const zero = outcomeOf("zero", { latencyMs: 0, inputTokens: 0, costNanoUsd: 0, retries: 0 });
  const absent = outcomeOf("absent", { latencyMs: undefined });
  const [first, second] = decodeJournalRecord(
    encodeJournalRecord({ outcomes: [zero, absent], corrections: [], receivedAtMs: 1 }),
  ).outcomes;
  expect(first).toMatchObject({ latencyMs: 0, inputTokens: 0, costNanoUsd: 0, retries: 0 });
  expect(second?.latencyMs).toBeUndefined();
  expect(second?.inputTokens).toBeUndefined();
});

test("an arm stands once, however many outcomes share it", () => {
  const bytes = (count: number) =>
    encodeJournalRecord({
      outcomes: Array.from({ length: count }, (_, i) => outcomeOf(`o-${1000 + i}`)),
      corrections: [],
      receivedAtMs: 1,
    }).length;
  const perOutcome = bytes(101) - bytes(100);
  expect(bytes(1)).toBeGreaterThan(perOutcome + 50);
});
