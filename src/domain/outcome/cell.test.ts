import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Cell,
  EMPTY_CELL,
  foldOutcome,
  mergeCells,
  scoreChange,
  totalsMean,
  wholeCell,
} from "./cell.ts";
import type { Outcome } from "./outcome.ts";
import { anyOutcome, outcomeOf } from "./outcome-fixtures.ts";
import { callEndOf } from "./status.ts";

/** Numbers to nine digits: addition of the same numbers in another order differs in the last ones. */
function rounded(cell: Cell): unknown {
  return JSON.parse(
    JSON.stringify(cell, (_, value) =>
      typeof value === "number" ? Number(value.toPrecision(9)) : value,
    ),
  );
}

const fold = (outcomes: readonly Outcome[]) => outcomes.reduce(foldOutcome, EMPTY_CELL);
const anyCell = fc.array(anyOutcome, { maxLength: 6 }).map(fold);

describe("cells merge", () => {
  test("in any grouping", () => {
    fc.assert(
      fc.property(anyCell, anyCell, anyCell, (a, b, c) => {
        expect(rounded(mergeCells(mergeCells(a, b), c))).toEqual(
          rounded(mergeCells(a, mergeCells(b, c))),
        );
      }),
    );
  });

  test("in any order", () => {
    fc.assert(
      fc.property(anyCell, anyCell, (a, b) => {
        expect(rounded(mergeCells(a, b))).toEqual(rounded(mergeCells(b, a)));
      }),
    );
  });

  test("with the empty cell as identity, exactly", () => {
    fc.assert(
      fc.property(anyCell, (cell) => {
        expect(mergeCells(cell, EMPTY_CELL)).toEqual(cell);
        expect(mergeCells(EMPTY_CELL, cell)).toEqual(cell);
      }),
    );
  });

  test("as if the outcomes had been folded into one cell, whatever their order and however they are split", () => {
    const split = fc.record({
      outcomes: fc.array(anyOutcome, { maxLength: 12 }),
      at: fc.nat(12),
      order: fc.infiniteStream(fc.nat()),
    });
    fc.assert(
      fc.property(split, ({ outcomes, at, order }) => {
        const shuffled = outcomes
          .map((outcome) => ({ outcome, rank: order.next().value }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ outcome }) => outcome);
        const merged = mergeCells(fold(shuffled.slice(0, at)), fold(shuffled.slice(at)));
        expect(rounded(merged)).toEqual(rounded(fold(outcomes)));
      }),
    );
  });

  test("also after a trip through JSON, which is how they are stored", () => {
    fc.assert(
      fc.property(anyCell, anyCell, (a, b) => {
        const stored = JSON.parse(JSON.stringify(a)) as Cell;
        expect(mergeCells(stored, b)).toEqual(mergeCells(a, b));
      }),
    );
  });
});

test("a score that comes late counts as one that came with its outcome, however the call ended", () => {
  const anyScore = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(anyOutcome, anyScore, anyScore, (any, first, last) => {
      const outcome = { ...any, scores: {} };
      // A score taken back leaves a rest of 1e-17.
      const counted = (cell: Cell) =>
        JSON.parse(
          JSON.stringify({ ...cell, corrected: 0, binned: {} }, (_, value) =>
            typeof value === "number" ? Number(value.toFixed(9)) : value,
          ),
        );
      const whole = (quality: number) => counted(fold([{ ...outcome, scores: { quality } }]));
      const ended = callEndOf(outcome.status);
      const scored = mergeCells(fold([outcome]), scoreChange("quality", { after: first }, ended));
      expect(counted(scored)).toEqual(whole(first));
      const change = scoreChange("quality", { before: first, after: last }, ended);
      expect(counted(mergeCells(scored, change))).toEqual(whole(last));
    }),
  );
});

test("a cell that was stored before failed scores were counted knows of none", () => {
  const { failedScores: _failed, idleScores: _idle, ...old } = fold([outcomeOf("1", {})]);
  expect(wholeCell(old)).toMatchObject({ outcomes: 1, failedScores: {}, idleScores: {} });
});

describe("an outcome", () => {
  test("that was cancelled or not used counts, but says nothing of success", () => {
    const cell = fold([
      outcomeOf("1", { status: "ok" }),
      outcomeOf("2", { status: "timeout" }),
      outcomeOf("3", { status: "cancelled" }),
      outcomeOf("4", { status: "not_used" }),
    ]);
    expect(cell.outcomes).toBe(4);
    expect(cell.statuses).toEqual({ ok: 1, timeout: 1, cancelled: 1, not_used: 1 });
    expect(cell.bounded["success"]).toMatchObject({ n: 2, s1: 1 });
  });

  test("without a measure does not pull its mean down", () => {
    const cell = fold([
      outcomeOf("1", { latencyMs: 300 }),
      outcomeOf("2", { latencyMs: undefined }),
    ]);
    expect(totalsMean(cell.latencyMs)).toBe(300);
    expect(totalsMean(EMPTY_CELL.latencyMs)).toBeUndefined();
  });

  test("with only one kind of token counts those", () => {
    const cell = fold([outcomeOf("1", { outputTokens: 50 }), outcomeOf("2", { inputTokens: 10 })]);
    expect(cell.tokens).toMatchObject({ n: 2, sum: 60 });
  });

  test("with scores named like members of every object counts them like any other", () => {
    const scores = { constructor: 1, toString: 0.5, hasOwnProperty: 0 };
    const cell = fold([outcomeOf("1", { scores }), outcomeOf("2", { scores })]);
    expect(cell.bounded["constructor"]).toMatchObject({ n: 2, s1: 2 });
    expect(cell.bounded["toString"]).toMatchObject({ n: 2, s1: 1 });
  });

  test("cut off at the token limit is counted under every provider's word for it", () => {
    const reasons = ["length", "max_tokens", "MAX_TOKENS", "model_length", "stop", ""];
    const cell = fold(reasons.map((finishReason, i) => outcomeOf(`${i}`, { finishReason })));
    expect(cell.truncated).toBe(4);
  });
});
