import { assertStatistic } from "./assert.ts";
import {
  BETTING_TESTS,
  type BettingDesign,
  type BettingTest,
  type FrozenTest,
} from "./betting-design.ts";
import { incrementInterval } from "./confidence-sequence.ts";
import { incrementOf, type RandomisedUnit } from "./increment.ts";
import {
  addIncrement,
  type IncrementSums,
  mergeIncrements,
  NO_INCREMENTS,
  shiftIncrements,
} from "./increment-sums.ts";
import type { Interval } from "./interval.ts";
import { logMeanExp } from "./log-sum-exp.ts";

/**
 * The whole evidence of one comparison and metric: 44 numbers, whatever the traffic and however often
 * the allocation moved. A plain record, so that it can be stored and replayed; it belongs to one
 * frozen design.
 */
export interface BettingState {
  /** Assignment number of the last unit folded; -1 before the first. */
  readonly lastIndex: number;
  /** Units folded. */
  readonly units: number;
  /** Every unit assigned before this time (ms since the epoch), and none after, is folded. */
  readonly cutMs: number;
  /** Sums of the increments u and their weights w. */
  readonly increments: IncrementSums;
  /** log wealth of every bet of every test. */
  readonly logWealth: Readonly<Record<BettingTest, readonly number[]>>;
}

/** A unit as it is folded: its number in the order of assignment, and what is known of it. */
export interface NumberedUnit extends RandomisedUnit {
  readonly index: number;
}

/** The state before any unit: every wealth is one. */
export function emptyState(design: BettingDesign): BettingState {
  const start = (test: BettingTest) => design.tests[test].bets.map(() => 0);
  return {
    lastIndex: -1,
    units: 0,
    cutMs: 0,
    increments: NO_INCREMENTS,
    logWealth: {
      superiority: start("superiority"),
      worse: start("worse"),
      harm: start("harm"),
      futility: start("futility"),
      nonInferiority: start("nonInferiority"),
    },
  };
}

/**
 * Folds one released unit, in the order of assignment: log W_j += log(1 + l_j z) with
 * z = sign u + shift w (statistics.md 1.2; Waudby-Smith & Ramdas, JRSSB 2024).
 *
 * Each W_j is a test supermartingale in the order of assignment, so each mean of them passes 1/alpha
 * at any time with chance at most alpha where its null held for the weighted average effect so far.
 * Assumes: drawn with the logged propensity, no unit touches another's outcome, one outcome a unit.
 * Errors: throws on an index that does not grow, or values outside their declared boxes.
 */
export function foldUnit(
  design: BettingDesign,
  state: BettingState,
  unit: NumberedUnit,
): BettingState {
  assertUnit(design, state, unit);
  const { u, w } = incrementOf(unit, design.scale);
  const { tests } = design;
  const { logWealth } = state;
  return {
    lastIndex: unit.index,
    units: state.units + 1,
    cutMs: state.cutMs,
    increments: addIncrement(state.increments, u, w),
    logWealth: {
      superiority: staked(tests.superiority, logWealth.superiority, u, w),
      worse: staked(tests.worse, logWealth.worse, u, w),
      harm: staked(tests.harm, logWealth.harm, guarded(design, unit, u), w),
      futility: staked(tests.futility, logWealth.futility, u, w),
      nonInferiority: staked(tests.nonInferiority, logWealth.nonInferiority, u, w),
    },
  };
}

/** Says that every unit assigned before `cutMs` is folded. Errors: throws when a cut goes back. */
export function advanceCut(state: BettingState, cutMs: number): BettingState {
  assertStatistic(cutMs >= state.cutMs, "a cut never goes back");
  return { ...state, cutMs };
}

/**
 * The evidence of both shards together. Log-wealths and sums add, because shards hold disjoint units
 * with factors frozen at assignment. Only at one common cut of the time of assignment: shards that
 * each stop where their own late units begin multiply up to false alarms in a third of cases
 * (statistics-review.md, section 3). Errors: throws on unequal cuts.
 */
export function mergeStates(a: BettingState, b: BettingState): BettingState {
  assertStatistic(a.cutMs === b.cutMs, "states merge at a common cut only");
  const sum = (test: BettingTest) => {
    const other = b.logWealth[test];
    assertStatistic(other.length === a.logWealth[test].length, "states are of one design");
    return a.logWealth[test].map((value, j) => value + (other[j] ?? 0));
  };
  return {
    lastIndex: Math.max(a.lastIndex, b.lastIndex),
    units: a.units + b.units,
    cutMs: a.cutMs,
    increments: mergeIncrements(a.increments, b.increments),
    logWealth: {
      superiority: sum("superiority"),
      worse: sum("worse"),
      harm: sum("harm"),
      futility: sum("futility"),
      nonInferiority: sum("nonInferiority"),
    },
  };
}

/** log of the e-value of a test: 0 before any unit; decided at log(1/alpha), and then for good. */
export function logEvidence(state: BettingState, test: BettingTest): number {
  return logMeanExp(state.logWealth[test]);
}

/** The log e-values of all tests. */
export function allLogEvidence(state: BettingState): Readonly<Record<BettingTest, number>> {
  const found = BETTING_TESTS.map((test) => [test, logEvidence(state, test)] as const);
  return Object.fromEntries(found) as Record<BettingTest, number>;
}

/** The effect, challenger minus control: sum u / sum w; `undefined` before any unit. */
export function effectEstimate(state: BettingState): number | undefined {
  const { u, w } = state.increments;
  return w > 0 ? u / w : undefined;
}

/** The standard error of `effectEstimate`; `undefined` below two units. For display only. */
export function effectStandardError(state: BettingState): number | undefined {
  const effect = effectEstimate(state);
  if (effect === undefined || state.units < 2) return undefined;
  return Math.sqrt(shiftIncrements(state.increments, effect).s2) / state.increments.w;
}

/** The anytime-valid interval of the effect, "if the effect is constant". No units: [-1, 1]. */
export function effectInterval(
  design: BettingDesign,
  state: BettingState,
  level: { readonly alpha: number },
): Interval {
  return incrementInterval(state.increments, { ...design.interval, alpha: level.alpha });
}

/**
 * Whether the frozen variance was so wrong that the bets have lost much of their power: the observed
 * mean square of u is outside a quarter to four times of it. False below 50 units.
 */
export function isVarianceMisjudged(design: BettingDesign, state: BettingState): boolean {
  if (state.units < 50) return false;
  const ratio = state.increments.uu / state.units / design.incrementVariance;
  return ratio < 0.25 || ratio > 4;
}

/** The increment around the centre that the guard holds: any number that was fixed before the outcome will do for it. */
function guarded({ guardCentre, scale }: BettingDesign, unit: RandomisedUnit, u: number): number {
  const centre = Math.min(guardCentre.high, Math.max(guardCentre.low, unit.centre));
  return centre === unit.centre ? u : incrementOf({ ...unit, centre }, scale).u;
}

function staked(test: FrozenTest, logWealth: readonly number[], u: number, w: number): number[] {
  const z = test.sign * u + test.shift * w;
  const next = new Array<number>(logWealth.length);
  for (let j = 0; j < next.length; j++) {
    const stake = (test.bets[j] ?? 0) * z;
    assertStatistic(stake > -0.9 - 1e-9, "no bet may lose more than nine tenths");
    next[j] = (logWealth[j] ?? 0) + Math.log1p(stake);
  }
  return next;
}

function assertUnit(design: BettingDesign, state: BettingState, unit: NumberedUnit): void {
  const { propensity, centre } = design;
  assertStatistic(
    unit.index > state.lastIndex,
    "units are folded in the order of assignment, once",
  );
  assertStatistic(unit.outcome >= 0 && unit.outcome <= 1, "an outcome is in 0..1");
  assertStatistic(
    unit.propensity >= propensity.low && unit.propensity <= propensity.high,
    "a propensity is in its declared box",
  );
  assertStatistic(
    unit.centre >= centre.low && unit.centre <= centre.high,
    "a centre is in its declared box",
  );
}
