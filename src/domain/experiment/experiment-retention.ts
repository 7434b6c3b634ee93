import {
  EXPERIMENTS_MAX,
  EXPERIMENTS_SPARE,
  UNIT_RECORDS_MAX,
  UNIT_RECORDS_TTL_MS,
} from "./bounds.ts";
import type { Experiment } from "./experiment.ts";

/** How much is kept of experiments. */
export interface ExperimentBounds {
  readonly unitRecordsMax: number;
  readonly unitRecordsTtlMs: number;
  /** Beyond so many the ones that ended first are forgotten. */
  readonly experimentsKept: number;
}

export const EXPERIMENT_BOUNDS: ExperimentBounds = {
  unitRecordsMax: UNIT_RECORDS_MAX,
  unitRecordsTtlMs: UNIT_RECORDS_TTL_MS,
  experimentsKept: EXPERIMENTS_MAX - EXPERIMENTS_SPARE,
};

/**
 * The experiments whose unit records are to be removed: those that ended long ago, and, where all records together are too many, those
 * that ended first. Never of one whose units are not all weighed.
 */
export function withoutUnitRecords(
  experiments: readonly Experiment[],
  known: {
    readonly nowMs: number;
    readonly isWeighed: (experiment: Experiment) => boolean;
    readonly unitsOf: (experiment: Experiment) => number;
  },
  bounds: ExperimentBounds,
): Experiment[] {
  const holding = experiments.filter(hasUnitRecords);
  let total = holding.reduce((sum, experiment) => sum + known.unitsOf(experiment), 0);
  return byEnd(holding.filter(known.isWeighed)).filter((experiment) => {
    const isOld = known.nowMs - (experiment.endedAtMs ?? known.nowMs) > bounds.unitRecordsTtlMs;
    if (!isOld && total <= bounds.unitRecordsMax) return false;
    total -= known.unitsOf(experiment);
    return true;
  });
}

/** The experiments to forget so that new ones find room: those that ended first, of which no unit record is left. */
export function toForget(
  experiments: readonly Experiment[],
  { experimentsKept }: ExperimentBounds,
): Experiment[] {
  const excess = experiments.length - experimentsKept;
  if (excess <= 0) return [];
  return byEnd(experiments.filter((experiment) => !hasUnitRecords(experiment))).slice(0, excess);
}

/** Whether records of its units may be on disk. */
export function hasUnitRecords({
  startedAtMs,
  unitsRemovedAtMs,
}: Pick<Experiment, "startedAtMs" | "unitsRemovedAtMs">): boolean {
  return startedAtMs !== undefined && unitsRemovedAtMs === undefined;
}

/** Those that ended, the one that ended first before the others. */
function byEnd(experiments: readonly Experiment[]): Experiment[] {
  return experiments
    .filter(({ endedAtMs }) => endedAtMs !== undefined)
    .toSorted((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0));
}
