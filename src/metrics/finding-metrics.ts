import { Counter, Gauge, type Registry } from "prom-client";
import type { Evidence } from "../domain/analysis/evidence.ts";
import type { DriftKind } from "../domain/drift/drift.ts";
import {
  mostAdvancedState,
  RECOMMENDATION_STATES,
} from "../domain/recommendation/recommendation.ts";
import type { Findings } from "../engine/state.ts";
import type { PairLabels, Pairs } from "./pairs.ts";

const DRIFT_LABELS = ["model", "phase", "kind", "evidence"] as const;

export interface FindingMetrics {
  /** A recommendation came into a state. */
  transitioned(state: string): void;
}

interface DriftCombination {
  readonly kind: DriftKind;
  readonly evidence: Evidence;
}

/** The state of drift and recommendations, read from the findings at each scrape, so that it is what the RPCs say. */
export function createFindingMetrics(
  registry: Registry,
  pairs: Pairs,
  findings: () => Findings,
): FindingMetrics {
  const registers = [registry];
  driftGauges(registry, pairs, findings);
  recommendationGauge(registry, pairs, findings);
  const transitions = new Counter({
    name: "attuned_recommendations_total",
    help: "Recommendations that came into a status, since the start.",
    labelNames: ["status"] as const,
    registers,
  });
  const decided = { accepted: 0, dismissed: 0 };
  new Gauge({
    name: "attuned_recommendation_acceptance_ratio",
    help: "Recommendations accepted, of those that a person decided since the start; NaN before the first.",
    registers,
    collect() {
      this.set(decided.accepted / (decided.accepted + decided.dismissed));
    },
  });
  return {
    transitioned(status) {
      transitions.inc({ status });
      if (status === "accepted" || status === "dismissed") decided[status] += 1;
    },
  };
}

function driftGauges(registry: Registry, pairs: Pairs, findings: () => Findings): void {
  const registers = [registry];
  // A combination that was ever open keeps its series at 0 afterwards, so that an alert sees it resolve.
  const seen = new Map<string, DriftCombination>([
    ["config observational", { kind: "config", evidence: "observational" }],
  ]);
  const magnitudes = (): Map<
    string,
    { labels: Record<(typeof DRIFT_LABELS)[number], string>; score: number }
  > => {
    for (const { kind, evidence } of findings().drifts.values())
      seen.set(`${kind} ${evidence}`, { kind, evidence });
    const scores = new Map<
      string,
      { labels: Record<(typeof DRIFT_LABELS)[number], string>; score: number }
    >();
    const at = (pair: PairLabels, combination: DriftCombination, score: number) => {
      const labels = { ...pair, ...combination };
      const key = JSON.stringify(labels);
      scores.set(key, { labels, score: Math.max(score, scores.get(key)?.score ?? 0) });
    };
    for (const { labels } of pairs.all())
      for (const combination of seen.values()) at(labels, combination, 0);
    for (const drift of findings().drifts.values()) {
      const { scope, kind, evidence } = drift;
      at(pairs.labels(scope.model, scope.phase), { kind, evidence }, drift.magnitude);
    }
    return scores;
  };
  new Gauge({
    name: "attuned_config_drift_detected",
    help: "Whether a drift is open, by kind and by what it rests on.",
    labelNames: DRIFT_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { labels, score } of magnitudes().values()) this.set(labels, score > 0 ? 1 : 0);
    },
  });
  new Gauge({
    name: "attuned_config_drift_score",
    help: "Magnitude of the largest open drift, 0 to 1.",
    labelNames: DRIFT_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { labels, score } of magnitudes().values()) this.set(labels, score);
    },
  });
}

function recommendationGauge(registry: Registry, pairs: Pairs, findings: () => Findings): void {
  new Gauge({
    name: "attuned_recommendation_state",
    help: "State of the most advanced open recommendation: exactly one state of each pair is 1.",
    labelNames: ["model", "phase", "state"] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { model, phase, labels } of withFindings(pairs, findings())) {
        const own = [...findings().recommendations.values()].filter(
          ({ scope }) => scope.phase === phase && scope.model === model,
        );
        const current = mostAdvancedState(own);
        for (const state of ["none", ...RECOMMENDATION_STATES]) {
          this.set({ ...labels, state }, state === current ? 1 : 0);
        }
      }
    },
  });
}

/** The pairs with series, those of findings included. */
function withFindings(pairs: Pairs, findings: Findings) {
  for (const { scope } of findings.recommendations.values()) pairs.labels(scope.model, scope.phase);
  return [...pairs.all()];
}
