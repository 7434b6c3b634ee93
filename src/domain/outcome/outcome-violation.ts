import { attributeViolations } from "../config/scope.ts";
import { settingsViolations } from "../config/validate.ts";
import type { Violation } from "../kernel/fault.ts";
import {
  ATTEMPTS_MAX,
  CLOCK_SKEW_MAX_MS,
  COST_USD_MAX,
  LATENCY_MS_MAX,
  OUTCOME_ID_LENGTH_MAX,
  OUTCOME_TEXT_LENGTH_MAX,
  SCORE_NAME_LENGTH_MAX,
  SCORES_MAX,
  TOKENS_MAX,
  UNIT_LENGTH_MAX,
} from "../kernel/limits.ts";
import type { Outcome } from "./outcome.ts";
import { scoreScale } from "./score.ts";

/** The checked part of an outcome that is still without an arm. */
export type ReportedOutcome = Omit<Outcome, "arm" | "content" | "costDerived" | "priceDate">;

/**
 * Every broken rule of a reported outcome. Scores out of their range are refused, not clipped: clipping would hide that the
 * producer uses another scale.
 */
export function outcomeViolations(outcome: ReportedOutcome, nowMs: number): Violation[] {
  const violations: Violation[] = [];
  const text = (field: string, value: string, max: number) => {
    if (value.length > max)
      violations.push({ field, message: `must have at most ${max} characters` });
  };
  if (outcome.outcomeId === "")
    violations.push({ field: "outcomeId", message: "must not be empty" });
  text("outcomeId", outcome.outcomeId, OUTCOME_ID_LENGTH_MAX);
  text("unit", outcome.unit, UNIT_LENGTH_MAX);
  for (const field of [
    "finishReason",
    "responseModel",
    "appliedConfigId",
    "externalRef",
  ] as const) {
    text(field, outcome[field], OUTCOME_TEXT_LENGTH_MAX);
  }
  violations.push(...numberViolations(outcome), ...scoreViolations(outcome.scores));
  if (outcome.occurredAtMs > nowMs + CLOCK_SKEW_MAX_MS || outcome.occurredAtMs < 0) {
    violations.push({
      field: "occurredAt",
      message:
        "must lie after 1970 and at most one hour ahead of the daemon's clock; check the clock of the producer",
    });
  }
  if (outcome.appliedSettings) {
    violations.push(...settingsViolations(outcome.appliedSettings, "appliedSettings"));
  }
  violations.push(...attributeViolations(outcome.labels, "labels"));
  return violations;
}

function numberViolations(outcome: ReportedOutcome): Violation[] {
  const violations: Violation[] = [];
  const within = (field: string, value: number | undefined, max: number) => {
    if (value !== undefined && !(value >= 0 && value <= max)) {
      violations.push({ field, message: `must be at least 0 and at most ${max}, is ${value}` });
    }
  };
  within("latencyMs", outcome.latencyMs, LATENCY_MS_MAX);
  within("inputTokens", outcome.inputTokens, TOKENS_MAX);
  within("outputTokens", outcome.outputTokens, TOKENS_MAX);
  within("cachedInputTokens", outcome.cachedInputTokens, outcome.inputTokens ?? TOKENS_MAX);
  within("reasoningTokens", outcome.reasoningTokens, outcome.outputTokens ?? TOKENS_MAX);
  within(
    "costUsd",
    outcome.costNanoUsd === undefined ? undefined : outcome.costNanoUsd / 1e9,
    COST_USD_MAX,
  );
  within("retries", outcome.retries, ATTEMPTS_MAX);
  within("iterations", outcome.iterations, ATTEMPTS_MAX);
  return violations;
}

/** Every broken rule of scores. */
export function scoreViolations(scores: Readonly<Record<string, number>>): Violation[] {
  const names = Object.keys(scores);
  const violations: Violation[] = [];
  if (names.length > SCORES_MAX) {
    violations.push({ field: "scores", message: `must have at most ${SCORES_MAX} entries` });
  }
  for (const name of names.slice(0, SCORES_MAX)) {
    if (
      !/^[a-zA-Z][a-zA-Z0-9_.-]*$/.test(name) ||
      name.length > SCORE_NAME_LENGTH_MAX ||
      name === "success"
    ) {
      violations.push({
        field: "scores",
        message: `names must start with a letter and have at most ${SCORE_NAME_LENGTH_MAX} letters, digits, dots, dashes or underscores; "success" is derived`,
      });
    }
    const { max } = scoreScale(name);
    const score = scores[name];
    if (score === undefined || !(score >= 0 && score <= max)) {
      violations.push({
        field: `scores.${name}`,
        message: `must be at least 0 and at most ${max}, is ${score}`,
      });
    }
  }
  return violations;
}
