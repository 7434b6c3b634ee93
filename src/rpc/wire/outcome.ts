import { timestampMs } from "@bufbuild/protobuf/wkt";
import { configIdOf } from "../../domain/config/config-id.ts";
import { phaseOfNumber } from "../../domain/config/phase.ts";
import { attributeViolations, scopeOf } from "../../domain/config/scope.ts";
import { canonicalSettings } from "../../domain/config/settings.ts";
import { modelNameViolation, settingsViolations } from "../../domain/config/validate.ts";
import type { Violation } from "../../domain/kernel/fault.ts";
import type { FaultReason } from "../../domain/kernel/fault-reason.ts";
import { OUTCOME_ID_TTL_MS } from "../../domain/kernel/limits.ts";
import type { Arm, Outcome } from "../../domain/outcome/outcome.ts";
import { outcomeViolations, type ReportedOutcome } from "../../domain/outcome/outcome-violation.ts";
import { statusOfNumber } from "../../domain/outcome/status.ts";
import type { SharedDecision } from "../../engine/token.ts";
import type { Outcome as WireOutcome } from "../../gen/attuned/v1/outcome_pb.ts";
import { sha256 } from "../../platform/digest.ts";
import { settingsFromWire } from "./settings.ts";

export interface OutcomeContext {
  readonly nowMs: number;
  readonly dimensions: readonly string[];
  /** The key that statistics of a model go by. */
  readonly modelKey: (name: string) => string;
  readonly openToken: (token: string) => SharedDecision | undefined;
}

/** Why one outcome of a batch is refused. */
export interface Refusal {
  readonly refused: FaultReason;
  readonly message: string;
}

interface Decision {
  readonly arm: Arm;
  readonly decidedAtMs?: number;
}

/** Parses and checks one reported outcome, and finds the arm it counts for. */
export function outcomeFromWire(wire: WireOutcome, context: OutcomeContext): Outcome | Refusal {
  const status = statusOfNumber(wire.status);
  if (!status)
    return refuse(
      "OUTCOME_INVALID",
      "status must be one of the outcome statuses, OUTCOME_STATUS_OK for one",
    );
  const decision = decisionOf(wire, context);
  if ("refused" in decision) return decision;
  const reported = { ...reportedFromWire(wire, context.nowMs), status };
  const violations = outcomeViolations(reported, context.nowMs);
  if (violations.length > 0) return refuse("OUTCOME_INVALID", inWords(violations));
  return { ...reported, ...decision, content: contentOf(wire), costDerived: false };
}

export function isRefusal(parsed: Outcome | Refusal): parsed is Refusal {
  return "refused" in parsed;
}

function reportedFromWire(wire: WireOutcome, nowMs: number): Omit<ReportedOutcome, "status"> {
  return {
    outcomeId: wire.outcomeId,
    occurredAtMs: wire.occurredAt ? timestampMs(wire.occurredAt) : nowMs,
    latencyMs: wire.latencyMs,
    inputTokens: wire.inputTokens,
    outputTokens: wire.outputTokens,
    cachedInputTokens: wire.cachedInputTokens,
    reasoningTokens: wire.reasoningTokens,
    costNanoUsd: wire.costUsd === undefined ? undefined : Math.round(wire.costUsd * 1e9),
    finishReason: wire.finishReason,
    retries: wire.retries,
    iterations: wire.iterations,
    scores: wire.scores,
    unit: wire.unit,
    responseModel: wire.responseModel,
    appliedConfigId: wire.appliedConfigId,
    appliedSettings: wire.appliedSettings ? settingsFromWire(wire.appliedSettings) : undefined,
    externalRef: wire.externalRef,
    labels: wire.labels,
  };
}

function decisionOf(wire: WireOutcome, context: OutcomeContext): Decision | Refusal {
  if (wire.decisionToken !== "") return decisionOfToken(wire.decisionToken, context);
  const model = wire.model.trim();
  const nameViolation = modelNameViolation(model);
  if (nameViolation) {
    return refuse(
      "MODEL_NAME_INVALID",
      `model ${nameViolation}; send the decision token, or model, phase and settings`,
    );
  }
  const phase = phaseOfNumber(wire.phase);
  if (!phase)
    return refuse(
      "PHASE_REQUIRED",
      "phase must be one of the six phases where there is no decision token",
    );
  const settings = settingsFromWire(wire.settings);
  const violations = [
    ...settingsViolations(settings, "settings"),
    ...attributeViolations(wire.attributes),
  ];
  if (violations.length > 0) return refuse("OUTCOME_INVALID", inWords(violations));
  const modelKey = context.modelKey(model);
  const configId = configIdOf({ modelKey, settings }, sha256);
  return {
    arm: {
      scope: scopeOf(modelKey, phase, wire.attributes, context.dimensions),
      configId,
      settings,
    },
  };
}

function decisionOfToken(token: string, context: OutcomeContext): Decision | Refusal {
  const decision = context.openToken(token);
  if (!decision) {
    return refuse(
      "TOKEN_INVALID",
      "the decision token is damaged, forged or of another store; send it as the lookup gave it",
    );
  }
  const decidedAtMs = decision.decidedMinute * 60_000;
  if (decidedAtMs < context.nowMs - OUTCOME_ID_TTL_MS) {
    return refuse(
      "TOKEN_TOO_OLD",
      "the decision is older than 24 hours; report outcomes sooner, or without the token",
    );
  }
  return { arm: decision.arm, decidedAtMs };
}

/**
 * A 32-bit fingerprint of an outcome as it was sent, whatever the order of its maps: the same for a redelivery, another for an id
 * that is used again. FNV-1a over the fields in their order.
 */
function contentOf(wire: WireOutcome): number {
  const map = (entries: Readonly<Record<string, unknown>>) =>
    Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([
    wire.decisionToken,
    wire.model,
    wire.phase,
    canonicalSettings(settingsFromWire(wire.settings)),
    wire.unit,
    map(wire.attributes),
    wire.status,
    wire.latencyMs,
    wire.inputTokens,
    wire.outputTokens,
    wire.cachedInputTokens,
    wire.reasoningTokens,
    wire.costUsd,
    wire.finishReason,
    wire.retries,
    wire.iterations,
    map(wire.scores),
    wire.occurredAt ? [String(wire.occurredAt.seconds), wire.occurredAt.nanos] : null,
    wire.responseModel,
    wire.appliedConfigId,
    canonicalSettings(settingsFromWire(wire.appliedSettings)),
    wire.externalRef,
    map(wire.labels),
    wire.producerId,
    wire.sequence === undefined ? null : String(wire.sequence),
  ]);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function refuse(refused: FaultReason, message: string): Refusal {
  return { refused, message };
}

function inWords(violations: readonly Violation[]): string {
  return violations.map(({ field, message }) => `${field} ${message}`).join("; ");
}
