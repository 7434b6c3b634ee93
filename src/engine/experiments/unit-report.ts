import type { Experiment } from "../../domain/experiment/experiment.ts";
import { isScore, outcomeValue } from "../../domain/experiment/metric-rule.ts";
import {
  type EnrolledUnit,
  isLookup,
  standingOf,
  withReport,
} from "../../domain/experiment/unit.ts";
import type { OutcomeStanding } from "../../domain/outcome/correction.ts";
import type { AssignmentRef, Outcome } from "../../domain/outcome/outcome.ts";
import type { UnitTable } from "./unit-table.ts";

/** An outcome as one of a unit: what feedback to it must know later. */
export interface UnitReport {
  readonly assignment: AssignmentRef;
  readonly standing: OutcomeStanding;
  /**
   * Whether it is what the token of a unit that is a single lookup names: the first that counts, or a later one that brought a score
   * before any other did.
   */
  readonly isNamedByToken: boolean;
}

const NOT_COUNTED: OutcomeStanding = { report: undefined, isFailed: false };

/** What becomes of a unit with one more outcome: the same unit where that does not count, and nothing of one that is known no more. */
export function withOutcomeOf(
  unit: EnrolledUnit | undefined,
  at: {
    readonly outcome: Outcome;
    readonly assignment: AssignmentRef;
    readonly receivedAtMs: number;
    readonly experiment: Experiment;
    readonly table: UnitTable;
  },
): { readonly unit: EnrolledUnit | undefined; readonly report: UnitReport } {
  const { outcome, assignment, receivedAtMs, experiment, table } = at;
  if (!unit) return { unit, report: { assignment, standing: NOT_COUNTED, isNamedByToken: false } };
  const decidedAtMs = outcome.decidedAtMs ?? outcome.occurredAtMs;
  const values = experiment.metrics.map((rule, metric) =>
    table.isFinal(unit, metric) ? undefined : outcomeValue(rule, outcome),
  );
  const after = withReport(unit, { decidedAtMs, receivedAtMs, values }, experiment);
  const standing = standingOf(unit, after, outcome);
  const { report } = standing;
  const holdsScore = experiment.metrics.some(
    ({ metric }, index) => isScore(metric) && after.holders[index] === report,
  );
  const isNamedByToken = isLookup(unit) && report !== undefined && (report === 0 || holdsScore);
  return { unit: after, report: { assignment, standing, isNamedByToken } };
}
