import { expect, test } from "vitest";
import {
  ENROLMENTS_PER_SECOND_MAX,
  UNIT_RECORDS_MAX,
  UNITS_HELD_MAX,
  UNITS_PER_EXPERIMENT_MAX,
} from "../../domain/experiment/bounds.ts";
import { experimentOf } from "../../domain/experiment/experiment-fixtures.ts";
import { emptyTally } from "../../domain/experiment/tally.ts";
import { EnrolmentBounds } from "./enrolment-bounds.ts";

function tallyOf(assigned: number) {
  const tally = emptyTally(experimentOf());
  return {
    ...tally,
    arms: tally.arms.map((arm, i) => ({ ...arm, assigned: i === 0 ? assigned : 0 })),
  };
}

function boundsOf(assigned: readonly number[], removed: readonly number[] = []) {
  const ids = assigned.map((_, i) => `exp-${i}`);
  const definitions = new Map(
    ids.map((experimentId, i) => [
      experimentId,
      experimentOf({ experimentId, ...(removed.includes(i) ? { unitsRemovedAtMs: 1 } : {}) }),
    ]),
  );
  const tables = new Map(ids.map((id, i) => [id, { tally: tallyOf(assigned[i] ?? 0) }]));
  return new EnrolmentBounds(() => definitions, tables);
}

test("each bound alone keeps lookups out", () => {
  const at = { nowMs: 0, held: 0, tally: tallyOf(0) };
  expect(boundsOf([0]).isFull(at)).toBe(false);
  expect(boundsOf([0]).isFull({ ...at, held: UNITS_HELD_MAX - 1 })).toBe(false);
  expect(boundsOf([0]).isFull({ ...at, held: UNITS_HELD_MAX })).toBe(true);
  expect(boundsOf([0]).isFull({ ...at, tally: tallyOf(UNITS_PER_EXPERIMENT_MAX) })).toBe(true);
  expect(boundsOf([1, UNIT_RECORDS_MAX - 2]).isFull(at)).toBe(false);
  expect(boundsOf([1, UNIT_RECORDS_MAX - 1]).isFull(at)).toBe(true);
  expect(boundsOf([1, UNIT_RECORDS_MAX - 1], [0]).isFull(at)).toBe(false);
});

test("a second takes so many, and the next one as many again", () => {
  const bounds = boundsOf([0]);
  const at = { nowMs: 5_000, held: 0, tally: tallyOf(0) };
  for (let i = 0; i < ENROLMENTS_PER_SECOND_MAX; i++) {
    expect(bounds.isFull(at)).toBe(false);
    bounds.count();
  }
  expect(bounds.isFull({ ...at, nowMs: 5_999 })).toBe(true);
  expect(bounds.isFull({ ...at, nowMs: 6_000 })).toBe(false);
  expect(bounds.records).toBe(ENROLMENTS_PER_SECOND_MAX);
});
