import type { DriftFinding, DriftKind } from "../../domain/drift/drift.ts";
import { reconcileDrifts } from "../../domain/drift/reconcile.ts";
import { OPEN_FINDINGS_MAX } from "../../domain/kernel/limits.ts";
import type { WatchedDrifts } from "../../engine/drift-watch.ts";
import type { Engine } from "../../engine/engine.ts";
import { recordFindings } from "../../engine/finding-changes.ts";
import type { LoopDecision } from "../../engine/loop.ts";
import type { Pass } from "../task.ts";

/** Commits what findings of some kinds mean for the drifts of those kinds. */
export async function recordDrifts(
  engine: Engine,
  found: {
    readonly kinds: readonly DriftKind[];
    readonly findings: readonly DriftFinding[];
    readonly along: WatchedDrifts["ops"];
  },
  pass: Pick<Pass, "nowMs" | "slices">,
): Promise<LoopDecision[]> {
  let decisions: LoopDecision[] = [];
  const recorded = recordFindings((state, createId) => {
    const open = [...state.drifts.values()].filter(({ kind }) => found.kinds.includes(kind));
    const reconciled = reconcileDrifts(open, found.findings, {
      nowMs: pass.nowMs,
      room: OPEN_FINDINGS_MAX - state.drifts.size,
      createId: () => createId("dft"),
    });
    decisions = reconciled.decisions.map(({ decision, about, driftId }) => ({
      decision,
      scope: about.scope,
      reason: about.message,
      subjectId: driftId,
      evidence: about.evidence,
    }));
    return { drifts: reconciled.drifts, recommendations: [] };
  }, found.along);
  await pass.slices.waitFor(engine.commit(recorded));
  return decisions;
}
