import type { Recommendation, RecommendationState } from "./recommendation.ts";

/** A proposal to bring a drifted temperature back. */
export const RECOMMENDATION: Recommendation = {
  recommendationId: "rec-1",
  kind: "drift",
  state: "proposed",
  scope: { model: "gpt-4", phase: "execution", dimensions: ["", ""] },
  parameter: "temperature",
  currentValue: 1.5,
  recommendedValue: 0.7,
  improvements: {},
  confidence: 0.95,
  reason: "back onto the plateau",
  evidence: "observational",
  sampleSize: 1000,
  parentConfigId: "c1-0",
  parentRevision: 1,
  priority: "medium",
  createdAtMs: 1,
  expiresAtMs: 1_000,
  stateChangedAtMs: 1,
  stateReason: "",
  stateChangedBy: "loop",
  driftId: "dft-1",
};

export function recommendationIn(
  state: RecommendationState,
  over: Partial<Recommendation> = {},
): Recommendation {
  return { ...RECOMMENDATION, state, ...over };
}
