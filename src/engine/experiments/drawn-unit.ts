import { drawUnit, periodAt } from "../../domain/experiment/assignment.ts";
import type { Experiment } from "../../domain/experiment/experiment.ts";
import { centreOf } from "../../domain/experiment/tally.ts";
import { type EnrolledUnit, NO_HOLDERS, NO_SCORES } from "../../domain/experiment/unit.ts";
import type { UnitTable } from "./unit-table.ts";

/** A unit that is drawn now, for the table to take in. `unit` is empty for a lookup that is a unit of its own. */
export function drawnUnit(
  experiment: Experiment,
  table: UnitTable,
  at: {
    readonly unit: string;
    readonly key: string;
    readonly boot: number;
    readonly sequence: number;
    readonly nowMs: number;
  },
): EnrolledUnit {
  const { unit, key, boot, sequence, nowMs } = at;
  const input =
    unit === ""
      ? { kind: "lookup" as const, period: 0, unit: `${boot}.${sequence}` }
      : { kind: "unit" as const, period: periodAt(nowMs, experiment.periodMs), unit };
  const drawn = drawUnit(table.hash, input, {
    weightsPpm: experiment.arms.map(({ weightPpm }) => weightPpm),
    scoreFractionPpm: experiment.scoreFractionPpm,
  });
  return {
    experimentId: experiment.experimentId,
    boot,
    sequence,
    key,
    ...drawn,
    epoch: experiment.epoch,
    assignedAtMs: nowMs,
    centres: centresNow(table, experiment),
    reports: 0,
    counts: zeros(experiment.metrics.length),
    sums: zeros(experiment.metrics.length),
    scores: NO_SCORES,
    holders: NO_HOLDERS,
  };
}

const ZEROS: (readonly number[])[] = [];

/** As many zeros: one array for all units that nothing was reported of, because most of the table are such. */
function zeros(count: number): readonly number[] {
  ZEROS[count] ??= new Array<number>(count).fill(0);
  return ZEROS[count];
}

/** The centres of a unit that is assigned now. */
function centresNow(table: UnitTable, { metrics, outcomeMeans }: Experiment): readonly number[] {
  const centres = metrics.map((_rule, index) =>
    centreOf(table.tally, index, outcomeMeans?.[index] ?? undefined),
  );
  const isSame =
    centres.length === table.centres.length && centres.every((c, i) => c === table.centres[i]);
  if (!isSame) table.centres = centres;
  return table.centres;
}
