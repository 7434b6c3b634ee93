import { EMPTY_SUMS, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import {
  lowestLimit,
  type StructuralBound,
  structuralBounds,
} from "../../stats/structural-bound.ts";
import { binsOf, halfOctaveEdge, successBinName, successByRetriesName } from "../outcome/binned.ts";
import { boundedSums, type Cell } from "../outcome/cell.ts";
import type { Evidence } from "./evidence.ts";
import { ALPHA } from "./level-comparison.ts";
import { type MeasuredArm, pooledCell } from "./measured-arm.ts";
import { levelIn, type Parameter } from "./parameter.ts";

/** Calls that are needed before anything is said. */
const SAMPLES_MIN = 100;
/** Share of the successes that a lower value may cost where it is still worth a look. */
const TOLERATED_LOSS = 0.01;
const MS_PER_SECOND = 1_000;

/** What lower values of a limit would leave of the success rate at least, and cost at most. */
export interface LowerLimit {
  readonly parameter: Parameter;
  readonly sampleSize: number;
  readonly samplesNeeded: number;
  /** In the parameter's unit, ascending; none without enough calls. */
  readonly values: readonly StructuralBound[];
  /** The lowest value that is shown to cost no more than `toleratedLoss` of all calls. */
  readonly lowestTolerable: StructuralBound | undefined;
  /** The highest value in use. */
  readonly served: number | undefined;
  readonly toleratedLoss: number;
  readonly evidence: Evidence;
  /** What must hold for the bound. */
  readonly conditions: readonly string[];
}

/** The limits of which it is known, without trying, what lower values would have left at least. */
export const LIMITED_PARAMETERS: readonly string[] = ["timeout", "max_retries"];

/**
 * What a lower timeout, or fewer retries, would have left of the success rate at least (`structuralBounds`). A call that took longer
 * would have timed out, one that needed more retries would have failed; one within the limit goes as it went. Undefined for a parameter
 * that is no such limit. A limit of tokens is bounded in `analyseTokenEfficiency`, by its quality.
 */
export function analyseLowerLimit(
  arms: readonly MeasuredArm[],
  parameter: Parameter,
): LowerLimit | undefined {
  if (!LIMITED_PARAMETERS.includes(parameter.name)) return undefined;
  const cell = pooledCell(arms);
  const { bins, all } = parameter.name === "timeout" ? byLatency(cell) : byRetries(cell);
  const enough = all.n >= SAMPLES_MIN;
  const values = enough ? structuralBounds(bins, { all, alpha: ALPHA }) : [];
  const inUse = arms.flatMap(({ settings }) => levelIn(settings, parameter) ?? []);
  return {
    parameter,
    sampleSize: all.n,
    samplesNeeded: Math.max(0, SAMPLES_MIN - all.n),
    values,
    lowestTolerable: lowestLimit(values, ({ lossHigh }) => lossHigh <= TOLERATED_LOSS),
    served: inUse.length > 0 ? Math.max(...inUse) : undefined,
    toleratedLoss: TOLERATED_LOSS,
    evidence: "structural_bound",
    conditions: CONDITIONS[parameter.name] ?? [],
  };
}

/** Successes by the seconds that they took, of all calls that say how they ended: one that does not say its time counts as lost. */
function byLatency(cell: Cell): { bins: { upTo: number; sums: PowerSums }[]; all: PowerSums } {
  const bins = binsOf(cell.binned, successBinName).map(({ bin, sums }) => ({
    upTo: halfOctaveEdge(bin) / MS_PER_SECOND,
    sums,
  }));
  return { bins, all: boundedSums(cell, "success") };
}

/** Successes by the retries that they took, of the calls that say how many. */
function byRetries(cell: Cell): { bins: { upTo: number; sums: PowerSums }[]; all: PowerSums } {
  const bins = binsOf(cell.binned, successByRetriesName).map(({ bin, sums }) => ({
    upTo: bin,
    sums,
  }));
  return { bins, all: bins.reduce((total, { sums }) => mergeSums(total, sums), EMPTY_SUMS) };
}

const SAME_CALLS = "the calls looked at are those that the lower value will apply to";

const CONDITIONS: Readonly<Record<string, readonly string[]>> = {
  timeout: [
    "a call does not go by its timeout: neither model nor agent plans its work by the time left",
    "the latency reported is that of the whole call, with its retries; a retry after an earlier timeout can only raise what is left",
    "calls that end earlier and are tried again do not slow the others down",
    SAME_CALLS,
  ],
  max_retries: [
    "a retry is made only after a failure, and what is reported are the retries that were made",
    "no call waits or changes its request because retries are left",
    SAME_CALLS,
  ],
};
