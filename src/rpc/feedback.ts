import { Fault } from "../domain/kernel/fault.ts";
import { OUTCOME_TEXT_LENGTH_MAX } from "../domain/kernel/limits.ts";
import type { AssignmentRef } from "../domain/outcome/outcome.ts";
import { scoreViolations } from "../domain/outcome/outcome-violation.ts";
import type { Engine } from "../engine/engine.ts";
import type { FeedbackItem, FeedbackVerdict } from "../engine/feedback.ts";
import type { TargetName } from "../engine/targets.ts";
import type {
  ReportFeedbackResponse,
  Feedback as WireFeedback,
} from "../gen/attuned/v1/outcome_service_pb.ts";
import { checkBatchSize, type Rejection } from "./outcome-intake.ts";

/** What an assignment token says; undefined for a token that is none, or was not given out by this store. */
export type OpenAssignment = (token: string) => AssignmentName | undefined;
type AssignmentName = Pick<AssignmentRef, "experimentId" | "boot" | "sequence">;

type Answer = Pick<ReportFeedbackResponse, "acceptedCount" | "duplicateCount"> & {
  rejected: Rejection[];
};

/** Takes a batch of feedback. Errors: BATCH_TOO_LARGE and those of Feedback.report. */
export async function reportFeedback(
  engine: Engine,
  feedback: readonly WireFeedback[],
  openAssignment: OpenAssignment,
): Promise<Answer> {
  checkBatchSize(feedback, "items of feedback");
  const rejected: Rejection[] = [];
  const items: FeedbackItem[] = [];
  const places: number[] = [];
  for (const [index, wire] of feedback.entries()) {
    try {
      items.push(itemFromWire(wire, openAssignment));
      places.push(index);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      rejected.push({ index, reason: error.reason, message: error.message });
    }
  }
  const verdicts = items.length === 0 ? [] : await engine.outcomes.reportFeedback(items);
  const countOf = (wanted: FeedbackVerdict) =>
    verdicts.filter((verdict) => verdict === wanted).length;
  for (const [place, verdict] of verdicts.entries()) {
    if (verdict === "unknown" || verdict === "too_late")
      rejected.push({ index: places[place] ?? 0, ...REJECTION_OF[verdict] });
  }
  return {
    acceptedCount: countOf("accepted"),
    duplicateCount: countOf("duplicate"),
    rejected: rejected.toSorted((a, b) => a.index - b.index),
  };
}

const REJECTION_OF = {
  unknown: {
    reason: "TARGET_NOT_FOUND",
    message:
      "no outcome of the last 7 days, or of the newest million, has this name; report the outcome first, and its scores sooner",
  },
  too_late: {
    reason: "TOO_LATE",
    message:
      "the scores that came with the outcome are no longer kept, so that none can replace them",
  },
} as const;

function itemFromWire(wire: WireFeedback, openAssignment: OpenAssignment): FeedbackItem {
  const violations = scoreViolations(wire.scores);
  if (Object.keys(wire.scores).length === 0)
    violations.push({ field: "scores", message: "must have at least one entry" });
  if (wire.source.length > OUTCOME_TEXT_LENGTH_MAX || wire.source === "__proto__") {
    violations.push({
      field: "source",
      message: `must have at most ${OUTCOME_TEXT_LENGTH_MAX} characters`,
    });
  }
  if (violations.length > 0) {
    const words = violations.map(({ field, message }) => `${field} ${message}`).join("; ");
    throw new Fault("FEEDBACK_INVALID", words);
  }
  return {
    target: targetFromWire(wire, openAssignment),
    scores: wire.scores,
    source: wire.source,
  };
}

function targetFromWire({ target }: WireFeedback, openAssignment: OpenAssignment): TargetName {
  if (target.case === undefined || target.value === "") {
    throw new Fault("FEEDBACK_INVALID", "name outcomeId, decisionToken or externalRef");
  }
  if (target.case === "outcomeId") return { outcomeId: target.value };
  if (target.case === "externalRef") return { externalRef: target.value };
  const assignment = openAssignment(target.value);
  if (assignment) return { assignment };
  throw new Fault(
    "TOKEN_INVALID",
    "this is no assignment token of this store; feedback on other decisions goes by outcomeId or externalRef",
  );
}
