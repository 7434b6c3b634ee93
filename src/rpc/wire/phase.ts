import { type Phase, phaseFacts, phaseOfNumber } from "../../domain/config/phase.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Phase as WirePhase } from "../../gen/attuned/v1/phase_pb.ts";

/** The phase of a request that needs one. Errors: PHASE_REQUIRED. */
export function requiredPhase(phase: WirePhase): Phase {
  const found = phaseOfNumber(phase);
  if (found) return found;
  throw new Fault(
    "PHASE_REQUIRED",
    "name a phase: PHASE_PLANNING, PHASE_EXECUTION, PHASE_REFLECTION, PHASE_SUMMARIZATION, PHASE_ERROR_RECOVERY or PHASE_VALIDATION",
    {
      violations: [{ field: "phase", message: "must be one of the six phases" }],
    },
  );
}

/** The phase of a request that may leave it out. Errors: PHASE_REQUIRED for a number that is no phase. */
export function optionalPhase(phase: WirePhase): Phase | undefined {
  return phase === 0 ? undefined : requiredPhase(phase);
}

export function phaseToWire(phase: Phase): WirePhase {
  return phaseFacts(phase).number as WirePhase;
}
