import {
  type DetectorDesign,
  type DetectorState,
  emptyDetector,
  foldOutcome,
  openDetector,
  REFERENCE_MIN_OUTCOMES,
  readDetector,
  smallestTolerance,
} from "../../stats/detector.ts";
import {
  addValue,
  EMPTY_SUMS,
  meanOf,
  mergeSums,
  type PowerSums,
  scaleSums,
} from "../../stats/power-sums.ts";
import type { Outcome } from "../outcome/outcome.ts";
import { countsForSuccess } from "../outcome/status.ts";

/** Metrics that are watched for a change while the settings stay. */
export const WATCHED_METRICS = ["quality", "success", "latency", "cost"] as const;
export type WatchedMetric = (typeof WATCHED_METRICS)[number];

/** Less than a point of a hundred is no drift worth a person's time. */
const TOLERANCE_MIN = 0.01;
/** A longer reference knows its mean better and tolerates less: it takes over at this many outcomes. */
const LONG_REFERENCE = 4_000;
/** Wanted time between false alarms of all detectors together, in days. */
const DAYS_BETWEEN_FALSE_ALARMS = 90;
/** Detectors that room is left for, and the least evidence that ever counts. */
const DETECTORS_MIN = 20;
const THRESHOLD_MIN = 1e4;
/** Outcomes whose mean says how it is now. */
const BLOCK = 50;
/** Outcomes whose mean must lie within the tolerance for the drift to be gone. */
const RECOVERY_BLOCK = 200;
/** Share of the reference below the cap of a quantity with a heavy tail. */
const SHARE_BELOW_CAP = 0.99;
const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

/** What is known of one metric under one arm's settings. A plain record: it is stored as it is. */
export interface MetricWatch {
  /** The outcomes before the change: by octave while a cap is still to be found, else as one. */
  readonly reference: Readonly<Record<number, PowerSums>>;
  readonly firstMs: number;
  /** Of quality and success 0; of a heavy quantity the octave of its cap, once the reference is whole. */
  readonly octave: number | undefined;
  readonly design: DetectorDesign | undefined;
  readonly detector: DetectorState | undefined;
  /** Outcomes since the reference was whole. */
  readonly since: PowerSums;
  /** The last two blocks: how it is now. */
  readonly blocks: readonly [PowerSums, PowerSums];
  readonly alarm: MetricAlarm | undefined;
}

export interface MetricAlarm {
  /** The estimated beginning of the change. */
  readonly sinceMs: number;
  readonly direction: "up" | "down";
  /** Means before and now, in 0..1. */
  readonly before: number;
  readonly now: number;
  /** Outcomes since the alarm, and in the block that recovery is looked for in. */
  readonly after: PowerSums;
  readonly recovery: PowerSums;
}

export const NEW_METRIC_WATCH: MetricWatch = {
  reference: {},
  firstMs: 0,
  octave: undefined,
  design: undefined,
  detector: undefined,
  since: EMPTY_SUMS,
  blocks: [EMPTY_SUMS, EMPTY_SUMS],
  alarm: undefined,
};

/** The value of a watched metric in an outcome: 0..1 for quality and success, in its own unit else; undefined where it has none. */
export function watchedValue(outcome: Outcome, metric: WatchedMetric): number | undefined {
  switch (metric) {
    case "quality": {
      const quality = outcome.scores["quality"];
      return quality === undefined ? undefined : quality / 100;
    }
    case "success":
      return countsForSuccess(outcome.status) ? (outcome.status === "ok" ? 1 : 0) : undefined;
    case "latency":
      return outcome.latencyMs;
    case "cost":
      return outcome.costNanoUsd;
  }
}

/** The upper edge of what a watch counts, in the metric's own unit. */
export function capOf(watch: MetricWatch): number {
  return 2 ** (watch.octave ?? 0);
}

/**
 * Folds one value. The first 500 are the reference; from then on an e-detector looks for a change of the mean by more than a tolerance
 * that covers the error of the reference (`openDetector`), and a reference of 4,000 takes over when that many have come without an
 * alarm. Latency and cost are counted up to the octave that holds 99 % of the reference. An alarm stays until a block of 200 lies within
 * the tolerance again, or until 4,000 came at the new level, which is then the reference.
 *
 * Values come in the order of the decisions, as far as they are known. `detectors` says how many others look too, which the threshold
 * allows for.
 */
export function foldMetric(
  watch: MetricWatch,
  seen: { readonly value: number; readonly atMs: number },
  about: { readonly isHeavy: boolean; readonly detectors: number },
): MetricWatch {
  if (watch.design === undefined) return foldReference(watch, seen, about);
  const value = watch.octave === undefined ? seen.value : Math.min(1, seen.value / capOf(watch));
  const [older, newer] = watch.blocks;
  const grown = addValue(newer, value);
  const blocks = grown.n < BLOCK ? ([older, grown] as const) : ([grown, EMPTY_SUMS] as const);
  const moved = { ...watch, blocks, since: addValue(watch.since, value) };
  return watch.alarm
    ? foldAlarm(moved, watch.alarm, { value, atMs: seen.atMs, ...about })
    : foldWatching(moved, { value, atMs: seen.atMs, ...about });
}

function foldReference(
  watch: MetricWatch,
  { value, atMs }: { readonly value: number; readonly atMs: number },
  { isHeavy, detectors }: { readonly isHeavy: boolean; readonly detectors: number },
): MetricWatch {
  const octave = isHeavy && value > 1 ? Math.ceil(Math.log2(value) - 1e-9) : 0;
  const own = addValue(watch.reference[octave] ?? EMPTY_SUMS, Math.min(1, value / 2 ** octave));
  const reference = { ...watch.reference, [octave]: own };
  const firstMs = watch.firstMs === 0 ? atMs : Math.min(watch.firstMs, atMs);
  const next = { ...watch, reference, firstMs };
  if (sizeOf(reference) < REFERENCE_MIN_OUTCOMES) return next;
  const cap = isHeavy ? capOctave(reference) : undefined;
  const sums = cap === undefined ? own : cappedAt(reference, cap);
  return opened({ ...next, octave: cap }, sums, { atMs, detectors });
}

function foldWatching(
  watch: MetricWatch,
  { value, atMs, detectors }: { value: number; atMs: number; detectors: number },
): MetricWatch {
  const { design, detector } = watch;
  if (!design || !detector) return watch;
  const next = foldOutcome(design, detector, { outcome: value, at: atMs });
  const reading = readDetector(design, next);
  const reference = watch.reference[0] ?? EMPTY_SUMS;
  if (reading.isAlarm) {
    const recent = mergeSums(...watch.blocks);
    const alarm: MetricAlarm = {
      sinceMs: reading.since,
      direction: reading.direction,
      before: design.reference,
      now: meanOf(recent) ?? value,
      after: EMPTY_SUMS,
      recovery: EMPTY_SUMS,
    };
    return { ...watch, detector: next, alarm };
  }
  const isLong = reference.n < LONG_REFERENCE && reference.n + watch.since.n >= LONG_REFERENCE;
  if (!isLong) return { ...watch, detector: next };
  return opened(watch, mergeSums(reference, watch.since), { atMs, detectors });
}

function foldAlarm(
  watch: MetricWatch,
  alarm: MetricAlarm,
  { value, atMs, detectors }: { value: number; atMs: number; detectors: number },
): MetricWatch {
  const { design } = watch;
  if (!design) return watch;
  const after = addValue(alarm.after, value);
  const recovery = addValue(alarm.recovery, value);
  if (after.n >= LONG_REFERENCE)
    return opened({ ...watch, firstMs: alarm.sinceMs }, after, { atMs, detectors });
  const now = meanOf(mergeSums(...watch.blocks)) ?? alarm.now;
  if (recovery.n < RECOVERY_BLOCK) return { ...watch, alarm: { ...alarm, now, after, recovery } };
  const gap = Math.abs((meanOf(recovery) ?? 0) - design.reference);
  if (gap > design.tolerance)
    return { ...watch, alarm: { ...alarm, now, after, recovery: EMPTY_SUMS } };
  return {
    ...watch,
    alarm: undefined,
    detector: emptyDetector(design),
    since: EMPTY_SUMS,
  };
}

/** The watch with a reference that is whole and a detector that starts. */
function opened(
  watch: MetricWatch,
  reference: PowerSums,
  { atMs, detectors }: { readonly atMs: number; readonly detectors: number },
): MetricWatch {
  const spanMs = Math.max(HOUR_MS, atMs - watch.firstMs);
  const perDay = (reference.n / spanMs) * DAY_MS;
  const threshold = DAYS_BETWEEN_FALSE_ALARMS * perDay * 2 * Math.max(DETECTORS_MIN, detectors);
  const design = openDetector({
    reference,
    tolerance: Math.max(TOLERANCE_MIN, smallestTolerance(reference)),
    threshold: Math.max(THRESHOLD_MIN, threshold),
  });
  return {
    ...watch,
    reference: { 0: reference },
    design,
    detector: emptyDetector(design),
    since: EMPTY_SUMS,
    alarm: undefined,
  };
}

function sizeOf(reference: MetricWatch["reference"]): number {
  return Object.values(reference).reduce((sum, { n }) => sum + n, 0);
}

function capOctave(reference: MetricWatch["reference"]): number {
  const total = sizeOf(reference);
  let below = 0;
  for (const [octave, { n }] of octavesOf(reference)) {
    below += n;
    if (below >= SHARE_BELOW_CAP * total) return octave;
  }
  return 0;
}

function cappedAt(reference: MetricWatch["reference"], cap: number): PowerSums {
  return octavesOf(reference).reduce((sums, [octave, own]) => {
    if (octave <= cap) return mergeSums(sums, scaleSums(own, 2 ** (octave - cap)));
    const { n } = own;
    return mergeSums(sums, { n, s1: n, s2: n, s3: n, s4: n });
  }, EMPTY_SUMS);
}

function octavesOf(reference: MetricWatch["reference"]): [number, PowerSums][] {
  return Object.entries(reference)
    .map(([octave, sums]): [number, PowerSums] => [Number(octave), sums])
    .toSorted(([a], [b]) => a - b);
}
