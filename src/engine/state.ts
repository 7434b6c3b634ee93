import type { ConfigState } from "../domain/config/registry.ts";
import type { Drift } from "../domain/drift/drift.ts";
import type { ExperimentEvidence } from "../domain/experiment/evidence.ts";
import type { Seasons } from "../domain/experiment/season.ts";
import { isOpen, type Recommendation } from "../domain/recommendation/recommendation.ts";

/** Drifts and recommendations that still matter, by id. */
export interface Findings {
  /** Open drifts. */
  readonly drifts: ReadonlyMap<string, Drift>;
  /** Open recommendations, and dismissed ones whose drift is still open: those are not proposed again. */
  readonly recommendations: ReadonlyMap<string, Recommendation>;
}

/** What inference knows of experiments. */
export interface Inference {
  /** By experiment. */
  readonly evidence: ReadonlyMap<string, ExperimentEvidence>;
  readonly seasons: Seasons;
}

/** Everything that the single writer changes, as one immutable value. */
export interface EngineState {
  readonly config: ConfigState;
  readonly findings: Findings;
  readonly inference: Inference;
}

export const NO_FINDINGS: Findings = { drifts: new Map(), recommendations: new Map() };

/** The findings after some of them changed. */
export function withFindings(
  findings: Findings,
  drifts: readonly Drift[],
  recommendations: readonly Recommendation[],
): Findings {
  const nextDrifts = new Map(findings.drifts);
  for (const drift of drifts) {
    if (drift.state === "open") nextDrifts.set(drift.driftId, drift);
    else nextDrifts.delete(drift.driftId);
  }
  const nextRecommendations = new Map(findings.recommendations);
  for (const changed of recommendations) nextRecommendations.set(changed.recommendationId, changed);
  for (const [id, candidate] of nextRecommendations) {
    const isHeldBack = candidate.state === "dismissed" && nextDrifts.has(candidate.driftId);
    if (!isOpen(candidate) && !isHeldBack) nextRecommendations.delete(id);
  }
  return { drifts: nextDrifts, recommendations: nextRecommendations };
}
