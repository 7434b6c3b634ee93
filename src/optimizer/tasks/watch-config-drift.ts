import { insightsOf } from "../../domain/analysis/insight.ts";
import type { Scope } from "../../domain/config/scope.ts";
import { continueDrift, type Drift, resolveDrift, sameSubject } from "../../domain/drift/drift.ts";
import { OPEN_FINDINGS_MAX } from "../../domain/kernel/limits.ts";
import type { Engine } from "../../engine/engine.ts";
import { recordFindings } from "../../engine/finding-changes.ts";
import type { LoopDecision } from "../../engine/loop.ts";
import type { ScopeCheck, ScopeExamination } from "../../engine/scope-examination.ts";
import type { Findings } from "../../engine/state.ts";
import type { Task } from "../task.ts";

/** Opens, continues and resolves config drifts: what is served against the known optimum of each scope that changed. */
export function createWatchConfigDrift(engine: Engine): Task {
  return {
    name: "watch-config-drift",
    async run(pass) {
      const decisions: LoopDecision[] = [];
      for (const scope of pass.changedScopes) {
        await pass.slices.giveWay();
        const examination = await pass.examine(scope);
        if (examination.isPending) {
          decisions.push(waits(scope));
          continue;
        }
        const told = examination.checks.filter(({ impact }) => impact.status === "ok");
        pass.publish(
          scope,
          told.flatMap(({ impact }) => insightsOf(impact, scope)),
        );
        let decided: LoopDecision[] = [];
        const recorded = recordFindings((findings, createId) => {
          const outcome = decideDrifts(examination, findings, {
            nowMs: pass.nowMs,
            createId: () => createId("dft"),
          });
          decided = outcome.decisions;
          return { drifts: outcome.drifts, recommendations: [] };
        });
        await pass.slices.waitFor(engine.commit(recorded));
        decisions.push(...decided);
      }
      return decisions;
    },
  };
}

/** A scope that a later pass looks at hour by hour: until then its drifts stay as they are. */
function waits(scope: Scope): LoopDecision {
  const reason = "what shows over all time is looked at hour by hour in a later pass";
  return { decision: "waits_for_hours", scope, reason, subjectId: "", evidence: undefined };
}

interface DriftContext {
  readonly nowMs: number;
  readonly createId: () => string;
}

/** What an examination means for the drifts of its scope. */
export function decideDrifts(
  examination: ScopeExamination,
  findings: Findings,
  context: DriftContext,
): { readonly drifts: Drift[]; readonly decisions: LoopDecision[] } {
  const drifts: Drift[] = [];
  const decisions: LoopDecision[] = [];
  for (const check of examination.checks) {
    const open = openDrift(findings, check.parameter.name, examination.scope);
    const { drift, decision } = decideDrift(
      check,
      open,
      findings.drifts.size + drifts.length,
      context,
    );
    if (drift) drifts.push(drift);
    const evidence = check.drift?.evidence;
    const reason = check.drift?.message ?? check.reason;
    const subjectId = (drift ?? open)?.driftId ?? "";
    decisions.push({ decision, scope: examination.scope, reason, subjectId, evidence });
  }
  return { drifts, decisions };
}

function decideDrift(
  check: ScopeCheck,
  open: Drift | undefined,
  openCount: number,
  { nowMs, createId }: DriftContext,
): { drift?: Drift; decision: string } {
  if (check.drift && open && sameSubject(open, check.drift)) {
    const continued = continueDrift(open, check.drift);
    return continued === open
      ? { decision: "drift_unchanged" }
      : { drift: continued, decision: "drift_changed" };
  }
  if (check.drift) {
    if (openCount >= OPEN_FINDINGS_MAX) return { decision: "drift_not_opened_too_many" };
    const drift: Drift = { ...check.drift, driftId: createId(), state: "open", openedAtMs: nowMs };
    return { drift, decision: "drift_opened" };
  }
  if (open) return { drift: resolveDrift(open, nowMs), decision: "drift_resolved" };
  return { decision: check.isInsufficient ? "insufficient_data" : "no_drift" };
}

function openDrift(findings: Findings, parameter: string, scope: Scope): Drift | undefined {
  for (const drift of findings.drifts.values()) {
    // The model first: it tells nearly all others apart.
    if (drift.scope.model !== scope.model || drift.kind !== "config") continue;
    if (drift.parameter === parameter && sameSubject(drift, { ...drift, scope })) return drift;
  }
  return undefined;
}
