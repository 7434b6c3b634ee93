import { create } from "@bufbuild/protobuf";
import { scopeAttributes } from "../../domain/config/scope.ts";
import {
  type Improvement,
  improvementText,
  type Recommendation,
  type RecommendationKind,
  type RecommendationState,
} from "../../domain/recommendation/recommendation.ts";
import {
  Priority,
  RecommendationSchema,
  RecommendationKind as WireKind,
  type Recommendation as WireRecommendation,
  RecommendationState as WireState,
} from "../../gen/attuned/v1/recommendation_pb.ts";
import { evidenceToWire } from "./evidence.ts";
import { phaseToWire } from "./phase.ts";
import { timestampToWire } from "./time.ts";
import { valueToWire } from "./value.ts";

const KINDS: Readonly<Record<RecommendationKind, WireKind>> = {
  quality: WireKind.QUALITY,
  cost: WireKind.COST,
  latency: WireKind.LATENCY,
  flag: WireKind.FLAG,
  drift: WireKind.DRIFT,
};

const STATES: Readonly<Record<RecommendationState, WireState>> = {
  proposed: WireState.PROPOSED,
  accepted: WireState.ACCEPTED,
  canary: WireState.CANARY,
  applied: WireState.APPLIED,
  verified: WireState.VERIFIED,
  rolled_back: WireState.ROLLED_BACK,
  dismissed: WireState.DISMISSED,
  expired: WireState.EXPIRED,
  superseded: WireState.SUPERSEDED,
};

const PRIORITIES = { low: Priority.LOW, medium: Priority.MEDIUM, high: Priority.HIGH } as const;

export function recommendationKindToWire(kind: RecommendationKind): WireKind {
  return KINDS[kind];
}

export function recommendationStateToWire(state: RecommendationState): WireState {
  return STATES[state];
}

export function recommendationToWire(
  item: Recommendation,
  dimensions: readonly string[],
): WireRecommendation {
  const currentValue = valueToWire(item.currentValue);
  const recommendedValue = valueToWire(item.recommendedValue);
  const { quality, cost, latency } = item.improvements;
  return create(RecommendationSchema, {
    recommendationId: item.recommendationId,
    kind: KINDS[item.kind],
    state: STATES[item.state],
    model: item.scope.model,
    phase: phaseToWire(item.scope.phase),
    attributes: scopeAttributes(item.scope, dimensions),
    parameter: item.parameter,
    ...(currentValue ? { currentValue } : {}),
    ...(recommendedValue ? { recommendedValue } : {}),
    expectedImprovement: {
      ...(quality ? { quality: improvementToWire(quality) } : {}),
      ...(cost ? { cost: improvementToWire(cost) } : {}),
      ...(latency ? { latency: improvementToWire(latency) } : {}),
    },
    confidence: item.confidence,
    reason: item.reason,
    evidence: evidenceToWire(item.evidence),
    sampleSize: BigInt(item.sampleSize),
    parentConfigId: item.parentConfigId,
    parentRevision: BigInt(item.parentRevision),
    priority: PRIORITIES[item.priority],
    createdAt: timestampToWire(item.createdAtMs),
    expiresAt: timestampToWire(item.expiresAtMs),
    stateChangedAt: timestampToWire(item.stateChangedAtMs),
    stateReason: item.stateReason,
    stateChangedBy: item.stateChangedBy,
    driftId: item.driftId,
  });
}

function improvementToWire({ relative, low, high }: Improvement) {
  return { relative, low, high, text: improvementText(relative) };
}
