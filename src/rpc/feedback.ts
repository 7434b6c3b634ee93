import { Fault } from "../domain/kernel/fault.ts";
import {
  FEEDBACK_TTL_MS,
  OUTCOME_TEXT_LENGTH_MAX,
  SCORES_MAX,
  SOURCES_PER_SCORE_MAX,
} from "../domain/kernel/limits.ts";
import { scoreViolations } from "../domain/outcome/outcome-violation.ts";
import type { Engine } from "../engine/engine.ts";
import type { FeedbackItem, FeedbackVerdict } from "../engine/feedback.ts";
import { decidedUnit } from "../engine/token-decision.ts";
import type {
  ReportFeedbackResponse,
  Feedback as WireFeedback,
} from "../gen/attuned/v1/outcome_service_pb.ts";
import { checkBatchSize, type Rejection, tooManyNames } from "./outcome-intake.ts";

type Answer = Pick<ReportFeedbackResponse, "acceptedCount" | "duplicateCount"> & {
  rejected: Rejection[];
};

/** Takes a batch of feedback. Errors: BATCH_TOO_LARGE and those of Feedback.report. */
export async function reportFeedback(
  engine: Engine,
  feedback: readonly WireFeedback[],
  nowMs: number,
): Promise<Answer> {
  checkBatchSize(feedback, "items of feedback");
  const rejected: Rejection[] = [];
  const items: FeedbackItem[] = [];
  const places: number[] = [];
  for (const [index, wire] of feedback.entries()) {
    try {
      items.push(itemFromWire(wire, engine, nowMs));
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
    if (verdict === "accepted" || verdict === "duplicate") continue;
    rejected.push({ index: places[place] ?? 0, ...REJECTION_OF[verdict] });
  }
  return {
    acceptedCount: countOf("accepted"),
    duplicateCount: countOf("duplicate"),
    rejected: rejected.toSorted((a, b) => a.index - b.index),
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

const REJECTION_OF = {
  unknown: {
    reason: "TARGET_NOT_FOUND",
    message:
      "no outcome of the last 7 days, or of the newest million, has this name; report the outcome first, and its scores sooner",
  },
  too_late: {
    reason: "TOO_LATE",
    message:
      "the outcome was stored, and its scores can be changed no more: only the newest million outcomes can be scored, and those that brought scores of their own as long as the journal is kept, a day; score sooner",
  },
  too_many: {
    reason: "TOO_MANY_SCORES",
    message: `a target has at most ${SCORES_MAX} metrics with ${SOURCES_PER_SCORE_MAX} sources each; score as a source that it has, which replaces that score`,
  },
} as const;

function itemFromWire(wire: WireFeedback, engine: Engine, nowMs: number): FeedbackItem {
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
  const target = targetFromWire(wire, engine, nowMs);
  const name = engine.outcomes.scoreNames.admit(wire.scores);
  if (name !== undefined) throw new Fault("TOO_MANY_SCORE_NAMES", tooManyNames(name));
  return {
    target,
    scores: wire.scores,
    source: wire.source,
  };
}

function targetFromWire(
  { target }: WireFeedback,
  engine: Engine,
  nowMs: number,
): FeedbackItem["target"] {
  if (target.case === undefined || target.value === "") {
    throw new Fault("FEEDBACK_INVALID", "name outcomeId, decisionToken or externalRef");
  }
  if (target.case === "outcomeId") return { outcomeId: target.value };
  if (target.case === "externalRef") return { externalRef: target.value };
  const decision = engine.openToken(target.value);
  if (!decision) {
    throw new Fault(
      "TOKEN_INVALID",
      "the decision token is damaged, forged or of another store; send it as the lookup gave it",
    );
  }
  const unit = decidedUnit(decision);
  if (!unit) {
    throw new Fault(
      "TOKEN_INVALID",
      "the token is of a decision for everyone in its scope, outside any experiment; name the outcome by outcomeId or externalRef",
    );
  }
  if (unit.decidedAtMs < nowMs - FEEDBACK_TTL_MS) {
    throw new Fault(
      "TOKEN_TOO_OLD",
      `the decision is older than ${FEEDBACK_TTL_MS / DAY_MS} days, within which it can be scored; score sooner`,
    );
  }
  return { unit };
}
