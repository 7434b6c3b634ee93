import type { ConfigurationChange } from "../../domain/config/change.ts";
import type { Drift } from "../../domain/drift/drift.ts";
import { OPEN_FINDINGS_MAX } from "../../domain/kernel/limits.ts";
import { proposeDriftReturn } from "../../domain/recommendation/drift-return.ts";
import {
  isOpen,
  PROPOSAL_TTL_MS,
  type Proposal,
  type Recommendation,
  transition,
} from "../../domain/recommendation/recommendation.ts";
import type { Engine } from "../../engine/engine.ts";
import { openRecommendations, recordFindings } from "../../engine/finding-changes.ts";
import type { LoopDecision } from "../../engine/loop.ts";
import type { Findings } from "../../engine/state.ts";
import { ranges } from "../../store/keys.ts";
import type { Pass, Task } from "../task.ts";

/** Values served before that are looked for a way back: a person seldom remembers further. */
const SERVED_BEFORE_MAX = 20;
const LOOP = "loop";

/** Proposes the way back from each open config drift, and ends proposals whose reason or time ran out. Applies nothing. */
export function createRecommendDriftReturn(engine: Engine): Task {
  return {
    name: "recommend-drift-return",
    async run(pass) {
      const proposals = await collectProposals(engine, pass);
      let decisions: LoopDecision[] = [];
      const recorded = recordFindings((findings, createId) => {
        const decided = decideRecommendations(proposals, findings, {
          nowMs: pass.nowMs,
          createId: () => createId("rec"),
        });
        decisions = decided.decisions;
        return { drifts: [], recommendations: decided.recommendations };
      });
      await pass.slices.waitFor(engine.commit(recorded));
      return decisions;
    },
  };
}

/** The proposal for each open drift that no recommendation answers as it stands. */
async function collectProposals(engine: Engine, pass: Pass): Promise<Proposal[]> {
  const { findings } = engine.state;
  const isAnswered = answersOf(findings);
  const proposals: Proposal[] = [];
  for (const drift of findings.drifts.values()) {
    await pass.slices.giveWay();
    if (drift.kind !== "config" || isAnswered(drift)) continue;
    const { checks, served, isPending } = await pass.examine(drift.scope);
    if (isPending) continue;
    const check = checks.find(({ parameter }) => parameter.name === drift.parameter);
    if (!check) continue;
    const proposal = proposeDriftReturn({
      drift,
      impact: check.impact,
      servedBefore: await pass.slices.waitFor(servedBefore(engine, drift)),
      parentConfigId: served.arm.configId,
      parentRevision: served.parentRevision,
    });
    if (proposal) proposals.push(proposal);
  }
  return proposals;
}

/** What proposals, the drifts as they are and the time make of the recommendations. */
export function decideRecommendations(
  proposals: readonly Proposal[],
  findings: Findings,
  context: { readonly nowMs: number; readonly createId: () => string },
): { readonly recommendations: Recommendation[]; readonly decisions: LoopDecision[] } {
  const recommendations: Recommendation[] = [];
  const decisions: LoopDecision[] = [];
  const record = (decision: string, item: Recommendation, reason: string) => {
    recommendations.push(item);
    const { scope, recommendationId: subjectId, evidence } = item;
    decisions.push({ decision, scope, reason, subjectId, evidence });
  };
  for (const open of openRecommendations(findings)) {
    const ending = endingOf(open, findings, context.nowMs);
    const ended = ending && transition(open, { ...ending, atMs: context.nowMs, by: LOOP });
    if (ended) record(`recommendation_${ended.state}`, ended, ended.stateReason);
  }
  const isAnswered = answersOf(findings);
  for (const proposal of proposals) {
    const drift = findings.drifts.get(proposal.driftId);
    if (!drift || isAnswered(drift)) continue;
    if (findings.recommendations.size + recommendations.length >= OPEN_FINDINGS_MAX) break;
    const item: Recommendation = {
      ...proposal,
      recommendationId: context.createId(),
      state: "proposed",
      createdAtMs: context.nowMs,
      expiresAtMs: context.nowMs + PROPOSAL_TTL_MS,
      stateChangedAtMs: context.nowMs,
      stateReason: "proposed by the loop; observational evidence waits for a person",
      stateChangedBy: LOOP,
    };
    record("recommendation_proposed", item, item.reason);
  }
  return { recommendations, decisions };
}

/** Whether a recommendation about a drift, as it stands, waits or was declined. */
function answersOf(findings: Findings): (drift: Drift) => boolean {
  const answered = new Set<string>();
  for (const item of findings.recommendations.values())
    if (isOpen(item) || item.state === "dismissed")
      answered.add(JSON.stringify([item.driftId, item.currentValue]));
  return ({ driftId, served }) => answered.has(JSON.stringify([driftId, served]));
}

function endingOf(
  open: Recommendation,
  findings: Findings,
  nowMs: number,
): { readonly to: "expired" | "superseded"; readonly reason: string } | undefined {
  if (open.kind !== "drift" || open.state !== "proposed") return undefined;
  const drift = findings.drifts.get(open.driftId);
  if (!drift) return { to: "expired", reason: "the drift it answers is resolved" };
  if (drift.served !== open.currentValue)
    return { to: "superseded", reason: "another value is served now" };
  return nowMs >= open.expiresAtMs
    ? { to: "expired", reason: "nobody decided in time" }
    : undefined;
}

/** Numeric values of the parameter that changes replaced, newest first. */
async function servedBefore(engine: Engine, drift: Drift): Promise<number[]> {
  const values: number[] = [];
  const range = ranges.changesOfModel(drift.scope.model);
  for await (const [, change] of engine.store.scan<ConfigurationChange>({ range, reverse: true })) {
    if (change.parameter !== drift.parameter || change.phase !== drift.scope.phase) continue;
    if (typeof change.oldValue === "number") values.push(change.oldValue);
    if (values.length === SERVED_BEFORE_MAX) break;
  }
  return values;
}
