import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Cost, TokenUsage } from "../../domain/catalog/price.ts";
import { configIdOf } from "../../domain/config/config-id.ts";
import { phaseOfNumber } from "../../domain/config/phase.ts";
import { attributeViolations, scopeOf } from "../../domain/config/scope.ts";
import { canonicalSettings } from "../../domain/config/settings.ts";
import { modelNameViolation, settingsViolations } from "../../domain/config/validate.ts";
import type { Violation } from "../../domain/kernel/fault.ts";
import type { FaultReason } from "../../domain/kernel/fault-reason.ts";
import { OUTCOME_ID_LENGTH_MAX } from "../../domain/kernel/limits.ts";
import { possibleTimes } from "../../domain/outcome/clock-skew.ts";
import type { Arm, AssignmentRef, Outcome } from "../../domain/outcome/outcome.ts";
import { outcomeViolations, type ReportedOutcome } from "../../domain/outcome/outcome-violation.ts";
import { statusOfNumber } from "../../domain/outcome/status.ts";
import type { TokenDecision } from "../../engine/token-decision.ts";
import type { Outcome as WireOutcome } from "../../gen/attuned/v1/outcome_pb.ts";
import { sha256 } from "../../platform/digest.ts";
import { settingsFromWire } from "./settings.ts";

export interface OutcomeContext {
  readonly nowMs: number;
  readonly dimensions: readonly string[];
  /** The key that statistics of a model go by. */
  readonly modelKey: (name: string) => string;
  /** Arms that were made of the same words before; may be emptied at any time. */
  readonly arms: Map<string, Arm>;
  readonly openToken: (token: string) => TokenDecision | undefined;
  /** How far back ids are told apart, in milliseconds. */
  readonly idWindowMs: number;
  /** What a call costs by list price; undefined where no price holds for the model. */
  readonly costOf: (model: string, usage: TokenUsage) => Cost | undefined;
}

/** Why one outcome of a batch is refused. */
export interface Refusal {
  readonly refused: FaultReason;
  readonly message: string;
  /** The arm that it would have counted for, where that much could be read. */
  readonly arm?: Arm;
  /** How far ahead of the daemon's clock it occurred, in milliseconds, where that is what it is refused for. */
  readonly aheadMs?: number;
}

interface Decision {
  readonly arm: Arm;
  readonly decidedAtMs?: number;
  readonly assignment?: AssignmentRef;
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
  const violations = [...producerViolations(wire), ...outcomeViolations(reported, context.nowMs)];
  if (violations.length > 0) {
    const isAhead = violations.some(({ field }) => field === "occurredAt");
    return {
      ...refuse("OUTCOME_INVALID", inWords(violations)),
      arm: decision.arm,
      ...(isAhead ? { aheadMs: reported.occurredAtMs - context.nowMs } : {}),
    };
  }
  const cost = costFields(reported, wire.model.trim() || decision.arm.scope.model, context);
  const { decidedAtMs } = decision;
  const times = possibleTimes({ occurredAtMs: reported.occurredAtMs, decidedAtMs }, context.nowMs);
  return { ...reported, ...decision, ...times, ...cost, content: contentOf(wire) };
}

export function isRefusal(parsed: Outcome | Refusal): parsed is Refusal {
  return "refused" in parsed;
}

function reportedFromWire(wire: WireOutcome, nowMs: number): Omit<ReportedOutcome, "status"> {
  const { producerId, sequence } = wire;
  const isNumbered = producerId !== "" && sequence !== undefined;
  return {
    outcomeId: wire.outcomeId || (isNumbered ? `${producerId}#${sequence}` : ""),
    ...(isNumbered ? { producer: { producerId, sequence: Number(sequence) } } : {}),
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

function producerViolations({ producerId, sequence }: WireOutcome): Violation[] {
  if (producerId === "" && sequence === undefined) return [];
  if (producerId === "" || sequence === undefined)
    return [{ field: "producerId", message: "and sequence go together: give both or none" }];
  const violations: Violation[] = [];
  if (producerId.length > OUTCOME_ID_LENGTH_MAX || /[\p{Cc}]/u.test(producerId)) {
    violations.push({
      field: "producerId",
      message: `must have at most ${OUTCOME_ID_LENGTH_MAX} characters, and no control characters`,
    });
  }
  if (sequence < 0n || sequence > Number.MAX_SAFE_INTEGER) {
    violations.push({
      field: "sequence",
      message: `must be at least 0 and at most ${Number.MAX_SAFE_INTEGER}, is ${sequence}`,
    });
  }
  return violations;
}

/** The cost as reported, else by list price where both token counts are known: half of them would look cheap. */
function costFields(
  { costNanoUsd, inputTokens, outputTokens, ...outcome }: Omit<ReportedOutcome, "status">,
  model: string,
  { costOf }: OutcomeContext,
): Pick<Outcome, "costNanoUsd" | "costDerived" | "priceDate"> {
  const asReported = { costNanoUsd, costDerived: false, priceDate: "" };
  if (costNanoUsd !== undefined || inputTokens === undefined || outputTokens === undefined)
    return asReported;
  const cost = costOf(model, {
    inputTokens,
    outputTokens,
    cachedInputTokens: outcome.cachedInputTokens ?? 0,
    reasoningTokens: outcome.reasoningTokens ?? 0,
  });
  if (!cost) return asReported;
  return { costNanoUsd: cost.costNanoUsd, costDerived: true, priceDate: cost.asOf };
}

function decisionOf(wire: WireOutcome, context: OutcomeContext): Decision | Refusal {
  if (wire.decisionToken !== "") return decisionOfToken(wire, context);
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
  const modelKey = context.modelKey(model);
  const key = JSON.stringify([modelKey, phase, wire.settings ?? null, wire.attributes]);
  const known = context.arms.get(key);
  if (known) return { arm: known };
  const settings = settingsFromWire(wire.settings);
  const violations = [
    ...settingsViolations(settings, "settings"),
    ...attributeViolations(wire.attributes),
  ];
  if (violations.length > 0) return refuse("OUTCOME_INVALID", inWords(violations));
  const configId = configIdOf({ modelKey, settings }, sha256);
  const scope = scopeOf(modelKey, phase, wire.attributes, context.dimensions);
  const arm = { scope, configId, settings };
  context.arms.set(key, arm);
  return { arm };
}

function decisionOfToken(wire: WireOutcome, context: OutcomeContext): Decision | Refusal {
  const decision = context.openToken(wire.decisionToken);
  const isNumbered = wire.producerId !== "" && wire.sequence !== undefined;
  if (!decision) {
    return refuse(
      "TOKEN_INVALID",
      "the decision token is damaged, forged or of another store; send it as the lookup gave it",
    );
  }
  const { arm, assignment } = decision;
  const decidedAtMs = decision.decidedAtMs ?? decision.decidedMinute * 60_000;
  // A producer's numbers tell a redelivery however late it comes; ids only within their window.
  if (!isNumbered && decidedAtMs < context.nowMs - context.idWindowMs) {
    const hours = (context.idWindowMs / 3_600_000).toFixed(1);
    return refuse(
      "TOKEN_TOO_OLD",
      `the decision is older than ${hours} hours, within which redeliveries are told apart; report sooner, with producer_id and sequence, or without the token`,
    );
  }
  return { arm, decidedAtMs, ...(assignment ? { assignment } : {}) };
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
