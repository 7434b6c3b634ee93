import { expect, test } from "vitest";
import { EMPTY_CELL, foldOutcome } from "../outcome/cell.ts";
import { outcomeOf } from "../outcome/outcome-fixtures.ts";
import { tokenInsights } from "./answer-insights.ts";
import { analyseTokenEfficiency, callsForLimit } from "./token-efficiency.ts";

const SCOPE = { model: "gpt-4", phase: "execution", dimensions: [] } as const;

/** Calls that are all right, of 100 or 200 tokens. */
function found(count: number, toleratedLoss = 2) {
  let cell = EMPTY_CELL;
  for (let index = 0; index < count; index++)
    cell = foldOutcome(
      cell,
      outcomeOf(`${index}`, {
        outputTokens: 100 * (1 + (index % 2)),
        scores: { quality: 90 },
      }),
    );
  const arms = [{ settings: { maxTokens: 1000 }, cell }];
  return analyseTokenEfficiency(arms, { toleratedLoss }, { nowHour: 0 });
}

test("before a limit that loses nothing can be shown to, the answer is how many more calls are needed", () => {
  const needed = callsForLimit(0.02) ?? 0;
  const before = found(needed - 1);
  expect(before).toMatchObject({
    status: "insufficient_data",
    samplesNeeded: 1,
    diminishingReturnsAt: undefined,
  });
  const [insight] = tokenInsights(found(300), SCOPE);
  expect(insight?.code).toBe("INSUFFICIENT_DATA");
  expect(insight?.text).toContain(`${needed - 300} more are needed`);
  const after = found(needed);
  expect(after).toMatchObject({ status: "ok", samplesNeeded: 0, diminishingReturnsAt: 256 });
});

test("with nothing bounded it is no structural bound", () => {
  expect(found(99)).toMatchObject({ evidence: "observational", limits: [] });
  expect(found(100).evidence).toBe("structural_bound");
});

test("a loss of nothing is shown by no number of calls, and that is said", () => {
  expect(callsForLimit(0)).toBeUndefined();
  const exact = found(500, 0);
  expect(exact).toMatchObject({ status: "ok", diminishingReturnsAt: undefined });
  const [insight] = tokenInsights(exact, SCOPE);
  expect(insight?.text).toContain("No limit is shown");
});
