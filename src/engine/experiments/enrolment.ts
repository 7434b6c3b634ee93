import type { Experiment } from "../../domain/experiment/experiment.ts";
import type { EnrolledUnit } from "../../domain/experiment/unit.ts";

/** Who puts units into experiments. */
export interface Enrolment {
  /** The unit of a lookup that is decided at `nowMs`, or undefined where it is not enrolled. */
  enrol(experiment: Experiment, unit: string, nowMs: number): EnrolledUnit | undefined;
  /** A number for a decision, unique in this start of the daemon. */
  nextDecision(): number;
}
