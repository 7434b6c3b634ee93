import type { Drift } from "../domain/drift/drift.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { REASON_LENGTH_MAX } from "../domain/kernel/limits.ts";
import {
  isOpen,
  type Recommendation,
  transition,
} from "../domain/recommendation/recommendation.ts";
import { keys } from "../store/keys.ts";
import type { StoreOp } from "../store/store.ts";
import type { Change } from "./change.ts";
import { type Findings, withFindings } from "./state.ts";

/** Records drifts and recommendations as the loop decided them, all in one batch, with what must be written along with them. */
export function recordFindings(
  decide: (
    findings: Findings,
    createId: (prefix: "dft" | "rec") => string,
  ) => {
    readonly drifts: readonly Drift[];
    readonly recommendations: readonly Recommendation[];
  },
  along: readonly StoreOp[] = [],
): Change<{ drifts: readonly Drift[]; recommendations: readonly Recommendation[] }> {
  return {
    name: "record_findings",
    plan(state, context) {
      const decided = decide(state.findings, (prefix) => context.createId(prefix));
      const next = withFindings(state.findings, decided.drifts, decided.recommendations);
      return {
        ops: [
          ...findingOps(state.findings, next, decided.drifts, decided.recommendations),
          ...along,
        ],
        next: { ...state, findings: next },
        touched: new Set(),
        recommendations: decided.recommendations,
        result: decided,
      };
    },
  };
}

/**
 * Declines a recommendation. Errors: RECOMMENDATION_STATE_ILLEGAL when `recommendation` is not waiting any more.
 */
export function dismissRecommendation(
  recommendation: Recommendation,
  by: { readonly reason: string; readonly changedBy: string },
): Change<Recommendation> {
  return {
    name: "dismiss_recommendation",
    plan(state, context) {
      if (by.reason.length > REASON_LENGTH_MAX) {
        const message = `must have at most ${REASON_LENGTH_MAX} characters`;
        throw new Fault("REQUEST_MALFORMED", `reason ${message}`, {
          violations: [{ field: "reason", message }],
        });
      }
      const { recommendationId } = recommendation;
      // Every open one is live: what is not was closed, maybe after the caller read it.
      const live = state.findings.recommendations.get(recommendationId);
      const dismissed =
        live &&
        transition(live, {
          to: "dismissed",
          atMs: context.nowMs,
          by: by.changedBy,
          reason: by.reason,
        });
      if (!dismissed) {
        const present = live ?? recommendation;
        const now = isOpen(present) && !live ? "closed" : present.state;
        throw new Fault(
          "RECOMMENDATION_STATE_ILLEGAL",
          `recommendation ${recommendationId} is ${now} and cannot be dismissed any more`,
          { metadata: { state: now } },
        );
      }
      const next = withFindings(state.findings, [], [dismissed]);
      return {
        ops: findingOps(state.findings, next, [], [dismissed]),
        next: { ...state, findings: next },
        touched: new Set(),
        recommendations: [dismissed],
        result: dismissed,
      };
    },
  };
}

/** The records, and the copies of those that still matter. */
function findingOps(
  before: Findings,
  after: Findings,
  drifts: readonly Drift[],
  recommendations: readonly Recommendation[],
): StoreOp[] {
  const ops: StoreOp[] = [];
  for (const drift of drifts)
    ops.push({ put: keys.drift(drift.openedAtMs, drift.driftId), json: drift });
  for (const changed of recommendations) {
    ops.push({
      put: keys.recommendation(changed.createdAtMs, changed.recommendationId),
      json: changed,
    });
  }
  for (const drift of drifts) {
    if (after.drifts.has(drift.driftId))
      ops.push({ put: keys.liveDrift(drift.driftId), json: drift });
  }
  for (const id of before.drifts.keys())
    if (!after.drifts.has(id)) ops.push({ delete: keys.liveDrift(id) });
  for (const changed of recommendations) {
    const id = changed.recommendationId;
    if (after.recommendations.has(id))
      ops.push({ put: keys.liveRecommendation(id), json: changed });
  }
  for (const id of before.recommendations.keys()) {
    if (!after.recommendations.has(id)) ops.push({ delete: keys.liveRecommendation(id) });
  }
  return ops;
}

/** Recommendations that wait, are tried or are served. */
export function openRecommendations(findings: Findings): Recommendation[] {
  return [...findings.recommendations.values()].filter(isOpen);
}
