import type { Evidence } from "../../domain/analysis/evidence.ts";
import { Evidence as WireEvidence } from "../../gen/attuned/v1/analysis_pb.ts";

const EVIDENCE: Readonly<Record<Evidence, WireEvidence>> = {
  randomised: WireEvidence.RANDOMISED,
  structural_bound: WireEvidence.STRUCTURAL_BOUND,
  observational: WireEvidence.OBSERVATIONAL,
  deterministic: WireEvidence.DETERMINISTIC,
  preset: WireEvidence.PRESET,
};

export function evidenceToWire(evidence: Evidence): WireEvidence {
  return EVIDENCE[evidence];
}
