import { create } from "@bufbuild/protobuf";
import { scopeAttributes } from "../../domain/config/scope.ts";
import type { LoopDecision, LoopPass } from "../../engine/loop.ts";
import {
  LoopPassSchema,
  type LoopPass as WirePass,
} from "../../gen/attuned/v1/optimizer_service_pb.ts";
import { evidenceToWire } from "./evidence.ts";
import { phaseToWire } from "./phase.ts";
import { timestampToWire } from "./time.ts";

export function passToWire(pass: LoopPass, dimensions: readonly string[]): WirePass {
  return create(LoopPassSchema, {
    pass: BigInt(pass.pass),
    trigger: pass.trigger,
    startedAt: timestampToWire(pass.startedAtMs),
    durationMs: pass.durationMs,
    tasks: pass.tasks.map(({ task, ok, error, decisions }) => ({
      task,
      ok,
      error,
      decisions: decisions.map((decision) => decisionToWire(decision, dimensions)),
    })),
    scopesAnalysed: pass.scopesAnalysed,
    scopesUnchanged: pass.scopesUnchanged,
  });
}

function decisionToWire(decision: LoopDecision, dimensions: readonly string[]) {
  return {
    decision: decision.decision,
    model: decision.scope.model,
    phase: phaseToWire(decision.scope.phase),
    attributes: scopeAttributes(decision.scope, dimensions),
    reason: decision.reason,
    subjectId: decision.subjectId,
    ...(decision.evidence ? { evidence: evidenceToWire(decision.evidence) } : {}),
  };
}
