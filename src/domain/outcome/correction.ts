import type { Arm, AssignmentRef } from "./outcome.ts";

/** What a unit of an experiment makes of one of its outcomes. */
export interface OutcomeStanding {
  /** Place among the reports of a unit that is a single lookup, from 0; 0 for any that counts in a session; undefined where it does not count. */
  readonly report: number | undefined;
  /** Whether its call failed, so that the unit counts the worst score where it has none. */
  readonly isFailed: boolean;
}

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
  /** The unit of an experiment that the outcome belongs to, or that is scored. */
  readonly assignment?: AssignmentRef | undefined;
  /** Whether the call that is scored failed; of no meaning for a score of a unit as a whole. */
  readonly isFailed?: boolean | undefined;
  /** How the outcome stands in that unit; absent for a score of the unit as a whole, and of none of its outcomes. */
  readonly standing?: OutcomeStanding | undefined;
}
