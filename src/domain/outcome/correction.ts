import type { Arm, AssignmentRef } from "./outcome.ts";

/** A change of what was counted: a score of an outcome or a unit that arrived later, or took the place of an earlier one. */
export interface Correction {
  readonly arm: Arm;
  /** Hour of the cell that counted the outcome, or of the decision whose unit is scored, from 1970. */
  readonly hour: number;
  readonly metric: string;
  /** The score that was counted, in the metric's unit; absent where there was none. */
  readonly before?: number | undefined;
  /** The score that counts from now on. */
  readonly after: number;
  /** The unit of an experiment that the outcome belongs to. */
  readonly assignment?: AssignmentRef | undefined;
  /** Whether the score is one of the unit as a whole, and of none of its outcomes. */
  readonly ofUnit?: true;
}
