import { assertStatistic } from "./assert.ts";

/** A unit between its assignment and its release to the engine. Times in ms since the epoch. */
export interface AssignedUnit {
  /** Its number in the order of assignment. */
  readonly index: number;
  readonly assignedAtMs: number;
  /** After this the outcome is what the metric imputes, and a report is ignored for good. */
  readonly deadlineAtMs: number;
  /** The first report, if any. */
  readonly report?: { readonly outcome: number; readonly receivedAtMs: number };
}

/** A unit whose outcome can no longer change. */
export interface ReleasedUnit {
  readonly index: number;
  readonly outcome: number;
  readonly isImputed: boolean;
}

/**
 * The units, from the front, that may be folded at a time: each is reported or past its deadline, and
 * so is every unit before it. Folding in order of arrival instead cries wolf in two thirds of A/A
 * tests when one arm's failures come late (statistics.md, section 0). `pending` is in the order of
 * assignment; `imputed` is one constant of the metric, never of the arm. Right for tests with a
 * threshold of their own (guards, futility, ratio checks); claims use `releasedBefore`.
 */
export function releasableNow(
  pending: readonly AssignedUnit[],
  at: { readonly nowMs: number; readonly imputed: number },
): ReleasedUnit[] {
  const released: ReleasedUnit[] = [];
  for (const unit of inOrder(pending)) {
    const settled = settle(unit, at.nowMs, at.imputed);
    if (settled === undefined) break;
    released.push(settled);
  }
  return released;
}

/**
 * The units assigned before a common cut. The cut is at least the longest deadline ago for every
 * metric that shares it, so that all of them are settled; what is released then depends on the clock
 * alone, never on arms or outcomes. Claims (e-BH) and merges of shards need this
 * (statistics-review.md, sections 3 and 4). Errors: throws when a unit before the cut is unsettled.
 */
export function releasedBefore(
  pending: readonly AssignedUnit[],
  at: { readonly cutMs: number; readonly nowMs: number; readonly imputed: number },
): ReleasedUnit[] {
  const released: ReleasedUnit[] = [];
  for (const unit of inOrder(pending)) {
    if (unit.assignedAtMs >= at.cutMs) continue;
    const settled = settle(unit, at.nowMs, at.imputed);
    assertStatistic(settled !== undefined, "the cut is too late for the deadlines of its units");
    released.push(settled);
  }
  return released;
}

function settle(unit: AssignedUnit, nowMs: number, imputed: number): ReleasedUnit | undefined {
  const { index, report, deadlineAtMs } = unit;
  if (report !== undefined && report.receivedAtMs <= Math.min(nowMs, deadlineAtMs)) {
    return { index, outcome: report.outcome, isImputed: false };
  }
  return nowMs > deadlineAtMs ? { index, outcome: imputed, isImputed: true } : undefined;
}

function inOrder(pending: readonly AssignedUnit[]): readonly AssignedUnit[] {
  assertStatistic(
    pending.every((unit, i) => i === 0 || unit.index > (pending[i - 1]?.index ?? -1)),
    "units are in the order of assignment",
  );
  return pending;
}
