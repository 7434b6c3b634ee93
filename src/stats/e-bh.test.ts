import { describe, expect, test } from "vitest";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import {
  claimIntervalAlpha,
  claimThreshold,
  closeSlot,
  evaluateSeason,
  openSeason,
  openSlot,
  type SeasonLedger,
  type SlotEvidence,
  withdrawClaim,
} from "./e-bh.ts";

function seasonOf(size: number, opened: number): SeasonLedger {
  let ledger = openSeason({ size, alpha: 0.05 });
  for (let i = 0; i < opened; i++) {
    ledger = openSlot(ledger, { id: `s${i}`, openedAtMs: 0 }) ?? ledger;
  }
  return ledger;
}

function evaluated(ledger: SeasonLedger, evidence: readonly number[], cutMs = 1) {
  return evaluateSeason(ledger, {
    cutMs,
    evidence: new Map(
      evidence.map((value, i) => [
        `s${i}`,
        { logEvidence: Math.log(value), cutMs, firstAssignedAtMs: 0 },
      ]),
    ),
  });
}

test("a season without slots claims nothing, and one slot needs K/alpha", () => {
  expect(evaluateSeason(openSeason({ size: 5, alpha: 0.05 }), noEvidence(1)).claimed).toEqual([]);
  expect(evaluated(seasonOf(5, 1), [99]).claimed).toEqual([]);
  expect(evaluated(seasonOf(5, 1), [101]).claimed).toEqual(["s0"]);
});

test("a season that is full opens no more, and unused slots count", () => {
  const full = seasonOf(2, 2);
  expect(openSlot(full, { id: "more", openedAtMs: 0 })).toBeUndefined();
  expect(claimThreshold([], { size: 50, alpha: 0.05 })).toBeCloseTo(Math.log(1000), 12);
});

test("two together need half of what one needs", () => {
  expect(evaluated(seasonOf(5, 2), [51, 51]).claimed).toEqual(["s0", "s1"]);
  expect(evaluated(seasonOf(5, 2), [51, 49]).claimed).toEqual([]);
});

test("a claim is frozen: it lowers the threshold of later ones and never goes", () => {
  const first = evaluated(seasonOf(5, 2), [120, 3]).ledger;
  const second = evaluated(first, [0.001, 60], 2);
  expect(second.claimed).toEqual(["s1"]);
  expect(second.ledger.slots[0]?.logEvidence).toBeCloseTo(Math.log(120), 12);
  const withdrawn = withdrawClaim(second.ledger, "s0");
  expect(withdrawn.slots.filter((slot) => slot.state === "claimed")).toHaveLength(2);
  expect(claimIntervalAlpha(withdrawn)).toBeCloseTo(0.02, 12);
});

test("a closed slot keeps its evidence, and may be claimed when the threshold falls", () => {
  const before = evaluated(seasonOf(5, 2), [60, 1]).ledger;
  const closed = closeSlot(before, "s0");
  expect(closed.slots[0]?.logEvidence).toBeCloseTo(Math.log(60), 12);
  const after = evaluated(closed, [0.1, 60], 2);
  expect(after.claimed).toEqual(["s0", "s1"]);
  expect(() => closeSlot(after.ledger, "s0")).toThrow(RangeError);
  expect(() => withdrawClaim(before, "s0")).toThrow(RangeError);
});

test("evidence of unlike cuts, missing evidence, and a cut that goes back are refused", () => {
  const ledger = seasonOf(5, 2);
  const unlike = new Map([
    ["s0", { logEvidence: 1, cutMs: 5, firstAssignedAtMs: undefined }],
    ["s1", { logEvidence: 1, cutMs: 4, firstAssignedAtMs: undefined }],
  ]);
  expect(() => evaluateSeason(ledger, { cutMs: 5, evidence: unlike })).toThrow(RangeError);
  expect(() => evaluateSeason(ledger, noEvidence(5))).toThrow(RangeError);
  const later = evaluated(ledger, [1, 1], 9).ledger;
  expect(() => evaluated(later, [1, 1], 8)).toThrow(RangeError);
});

test("evidence that used units from before its slot was opened is refused", () => {
  const ledger = openSlot(openSeason({ size: 5, alpha: 0.05 }), { id: "s0", openedAtMs: 100 });
  const suggested = { logEvidence: 9, cutMs: 200, firstAssignedAtMs: 50 };
  if (ledger === undefined) throw new RangeError("a slot");
  expect(() =>
    evaluateSeason(ledger, { cutMs: 200, evidence: new Map([["s0", suggested]]) }),
  ).toThrow(RangeError);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("the four e-values at K = 64", () => {
    const row = readFixtures().ebh;
    let ledger = openSeason({ size: row.K, alpha: row.alpha });
    for (const i of row.E.keys()) {
      ledger = openSlot(ledger, { id: `s${i}`, openedAtMs: 0 }) ?? ledger;
    }
    expect(evaluated(ledger, row.E).claimed).toEqual(row.rejected_indices.map((i) => `s${i}`));
  });
});

function noEvidence(cutMs: number) {
  return { cutMs, evidence: new Map<string, SlotEvidence>() };
}
