import fc from "fast-check";
import { expect, test } from "vitest";
import type { Correction } from "../domain/outcome/correction.ts";
import {
  anyOutcome,
  armAt,
  outcomeOf,
  withoutUndefined,
} from "../domain/outcome/outcome-fixtures.ts";
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

test("corrections read back as they were written, of outcomes and of units", () => {
  const assignment = fc.record({
    experimentId: fc.constantFrom("exp-1", "exp-2"),
    boot: fc.nat(100),
    sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    arm: fc.nat(9),
  });
  const standing = fc.record({
    report: fc.option(fc.nat(14), { nil: undefined }),
    isFailed: fc.boolean(),
  });
  const score = fc.double({ min: 0, max: 100, noNaN: true, noDefaultInfinity: true });
  const anyCorrection: fc.Arbitrary<Correction> = fc.record({
    arm: fc.constantFrom(armAt(0.1), armAt(0.9)),
    hour: fc.nat(1e6),
    metric: fc.constantFrom("quality", "constructor"),
    before: fc.option(score, { nil: undefined }),
    after: score,
    ...{ assignment: fc.option(assignment, { nil: undefined }), standing },
  });
  fc.assert(
    fc.property(fc.array(anyCorrection, { maxLength: 8 }), fc.boolean(), (drawn, ofUnits) => {
      const corrections = drawn.map(({ standing: own, ...rest }) => {
        const isFailed = own?.isFailed ?? false;
        return ofUnits || !rest.assignment
          ? { ...rest, isFailed }
          : { ...rest, standing: own, isFailed };
      });
      const bytes = encodeJournalRecord({ outcomes: [], corrections, receivedAtMs: 1 });
      expect(decodeJournalRecord(bytes).corrections).toEqual(corrections);
    }),
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
