import { assertStatistic } from "./assert.ts";
import { boundedMean } from "./confidence-sequence.ts";
import { logMeanExp } from "./log-sum-exp.ts";
import { mergeSums, type PowerSums, varianceOf } from "./power-sums.ts";
import { normalQuantile } from "./special.ts";

/** A frozen detector of a change of the mean of outcomes in 0..1, in either direction. */
export interface DetectorDesign {
  readonly reference: number;
  readonly tolerance: number;
  /** log of the threshold: the mean time to a false alarm is at least the threshold. */
  readonly logThreshold: number;
  readonly betsUp: readonly number[];
  readonly betsDown: readonly number[];
}

/** One bet's running evidence: log of the Shiryaev-Roberts sum, and its CUSUM with its start. */
export interface DetectorTrack {
  readonly logSum: number;
  readonly logCusum: number;
  /** When, in the caller's numbering, the present CUSUM excursion began. */
  readonly since: number;
}

/** The state: depends on the order of outcomes, so it has one writer and is never merged. */
export interface DetectorState {
  readonly up: readonly DetectorTrack[];
  readonly down: readonly DetectorTrack[];
}

/** What a detector says now; an alarm is for the caller to latch. */
export interface DetectorReading {
  readonly isAlarm: boolean;
  readonly logValue: number;
  readonly direction: "up" | "down";
  /** The estimated beginning of the change, by the CUSUM of the bet that gained most. */
  readonly since: number;
}

/** A reference needs this many outcomes before a detector may be opened on it. */
export const REFERENCE_MIN_OUTCOMES = 500;

/** The effect that the bets are made around. */
const DESIGNED_CHANGE = 0.05;

/** Stands for log 0 at the start, since a state is stored as JSON. */
const LOG_ZERO = -1e6;

const EXPONENTS = [-1, 0, 1, 2, 3];

/** Two outcomes, one at each end, keep the variance of a constant reference above zero. */
const ENDS: PowerSums = { n: 2, s1: 1, s2: 1, s3: 1, s4: 1 };

/**
 * Half the width of the fixed 99 % interval of the reference mean: no detector may tolerate less, or
 * the error of its own reference alarms (statistics-review.md, section 5: 21 to 39 % within 20,000).
 * The reference has a fixed size, so a fixed interval suffices. Infinite below two outcomes.
 */
export function smallestTolerance(reference: PowerSums): number {
  if (reference.n < 2) return Number.POSITIVE_INFINITY;
  const variance = varianceOf(mergeSums(reference, ENDS)) ?? 0.25;
  return normalQuantile(0.995) * Math.sqrt(variance / reference.n);
}

/**
 * The threshold for a wanted time between false alarms: outcomes of all pooled detectors in that
 * time. The sum of all evidence then has a mean time to the first false alarm of at least that.
 */
export function detectorThreshold(pool: {
  readonly outcomesPerDay: readonly number[];
  readonly daysBetweenFalseAlarms: number;
}): number {
  const rate = pool.outcomesPerDay.reduce((sum, each) => sum + each, 0);
  return Math.max(1, rate * pool.daysBetweenFalseAlarms);
}

/**
 * Freezes an e-SR detector. Errors: throws below 500 reference outcomes, for a tolerance below the
 * reference's own half width, or a threshold not above 1.
 */
export function openDetector(choice: {
  readonly reference: PowerSums;
  readonly tolerance: number;
  readonly threshold: number;
}): DetectorDesign {
  const { reference, tolerance, threshold } = choice;
  assertStatistic(reference.n >= REFERENCE_MIN_OUTCOMES, "a reference has at least 500 outcomes");
  assertStatistic(
    tolerance >= smallestTolerance(reference),
    "the tolerance covers the error of the reference",
  );
  return detectorOf({
    mean: boundedMean(reference) ?? 0,
    variance: varianceOf(mergeSums(reference, ENDS)) ?? 0.25,
    tolerance,
    threshold,
  });
}

/** The same for a reference that is known, such as a contract: no error of its own to cover. */
export function detectorOf(known: {
  readonly mean: number;
  readonly variance: number;
  readonly tolerance: number;
  readonly threshold: number;
}): DetectorDesign {
  const { mean, variance, tolerance, threshold } = known;
  assertStatistic(threshold > 1 && variance > 0 && tolerance >= 0, "the threshold is above 1");
  const bets = (bound: number) =>
    EXPONENTS.map((j) => Math.min((DESIGNED_CHANGE / variance) * 2 ** j, 0.9 / bound));
  return {
    reference: mean,
    tolerance,
    logThreshold: Math.log(threshold),
    betsUp: bets(mean + tolerance),
    betsDown: bets(1 - mean + tolerance),
  };
}

/** The state before any outcome. */
export function emptyDetector(design: DetectorDesign): DetectorState {
  const start = () => ({ logSum: LOG_ZERO, logCusum: 0, since: 0 });
  return { up: design.betsUp.map(start), down: design.betsDown.map(start) };
}

/**
 * Folds one outcome, in the order of assignment: M <- (M + 1)(1 + l z) with
 * z = +-(Y - reference) - tolerance (Shin, Ramdas & Rinaldo 2023, e-detectors). `at` numbers it, in
 * any growing unit, such as ms since the epoch. A reading is the *mean* of M over directions and
 * bets; with the maximum, the time to a false alarm would fall to a third.
 */
export function foldOutcome(
  design: DetectorDesign,
  state: DetectorState,
  seen: { readonly outcome: number; readonly at: number },
): DetectorState {
  const { outcome, at } = seen;
  assertStatistic(outcome >= 0 && outcome <= 1, "an outcome is in 0..1");
  const rise = outcome - design.reference;
  return {
    up: advanced(state.up, design.betsUp, rise - design.tolerance, at),
    down: advanced(state.down, design.betsDown, -rise - design.tolerance, at),
  };
}

/** Reads a detector. Before any outcome: no alarm, log value -1e6. */
export function readDetector(design: DetectorDesign, state: DetectorState): DetectorReading {
  const [up, down] = [logSums(state.up), logSums(state.down)];
  const logValue = logMeanExp([...up, ...down]);
  const direction = logMeanExp(up) > logMeanExp(down) ? "up" : "down";
  let strongest: DetectorTrack | undefined;
  for (const track of state[direction]) {
    if (strongest === undefined || track.logCusum > strongest.logCusum) strongest = track;
  }
  return {
    isAlarm: logValue >= design.logThreshold,
    logValue,
    direction,
    since: strongest?.since ?? 0,
  };
}

function advanced(
  tracks: readonly DetectorTrack[],
  bets: readonly number[],
  z: number,
  at: number,
): DetectorTrack[] {
  return tracks.map((track, j) => {
    const factor = Math.log1p((bets[j] ?? 0) * z);
    const restarts = track.logCusum <= 0;
    return {
      logSum: logPlusOne(track.logSum) + factor,
      logCusum: (restarts ? 0 : track.logCusum) + factor,
      since: restarts ? at : track.since,
    };
  });
}

/** log(1 + exp(x)). */
function logPlusOne(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

function logSums(tracks: readonly DetectorTrack[]): number[] {
  return tracks.map(({ logSum }) => logSum);
}
