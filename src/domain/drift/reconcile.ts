import { continueDrift, type Drift, type DriftFinding, resolveDrift, subjectKey } from "./drift.ts";

/** What became of a drift or a finding. */
export interface DriftDecision {
  readonly decision:
    | "drift_opened"
    | "drift_changed"
    | "drift_unchanged"
    | "drift_resolved"
    | "drift_not_opened_too_many";
  /** The finding, or the drift that is gone. */
  readonly about: DriftFinding;
  readonly driftId: string;
}

/**
 * Holds what is found now against the open drifts of the same kinds: a finding of a known subject continues its drift, a new one opens
 * one, and an open drift without a finding is resolved. At most `room` are opened. Finding the same twice changes nothing.
 */
export function reconcileDrifts(
  open: readonly Drift[],
  findings: readonly DriftFinding[],
  context: { readonly nowMs: number; readonly room: number; readonly createId: () => string },
): { readonly drifts: Drift[]; readonly decisions: DriftDecision[] } {
  const drifts: Drift[] = [];
  const decisions: DriftDecision[] = [];
  const found = new Set<Drift>();
  const bySubject = new Map(open.map((drift) => [subjectKey(drift), drift]));
  let { room } = context;
  for (const finding of findings) {
    const known = bySubject.get(subjectKey(finding));
    if (known) {
      found.add(known);
      const next = continueDrift(known, finding);
      if (next !== known) drifts.push(next);
      const decision = next === known ? "drift_unchanged" : "drift_changed";
      decisions.push({ decision, about: finding, driftId: known.driftId });
    } else if (room <= 0) {
      decisions.push({ decision: "drift_not_opened_too_many", about: finding, driftId: "" });
    } else {
      room -= 1;
      const driftId = context.createId();
      const openedAtMs = finding.sinceMs ?? context.nowMs;
      drifts.push({ ...finding, driftId, state: "open", openedAtMs });
      decisions.push({ decision: "drift_opened", about: finding, driftId });
    }
  }
  for (const drift of open) {
    if (found.has(drift)) continue;
    drifts.push(resolveDrift(drift, context.nowMs));
    decisions.push({ decision: "drift_resolved", about: drift, driftId: drift.driftId });
  }
  return { drifts, decisions };
}
