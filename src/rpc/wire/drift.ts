import { create } from "@bufbuild/protobuf";
import { scopeAttributes } from "../../domain/config/scope.ts";
import type { Drift, DriftFinding, DriftKind } from "../../domain/drift/drift.ts";
import {
  DriftSchema,
  DriftState,
  type Drift as WireDrift,
  DriftKind as WireKind,
} from "../../gen/attuned/v1/drift_pb.ts";
import { evidenceToWire } from "./evidence.ts";
import { phaseToWire } from "./phase.ts";
import { timestampToWire } from "./time.ts";
import { valueToWire } from "./value.ts";

const KINDS: Readonly<Record<DriftKind, WireKind>> = {
  config: WireKind.CONFIG,
  application: WireKind.APPLICATION,
  model: WireKind.MODEL,
  outcome: WireKind.OUTCOME,
  source: WireKind.SOURCE,
};

export function driftKindToWire(kind: DriftKind): WireKind {
  return KINDS[kind];
}

export function driftStateToWire(state: Drift["state"]): DriftState {
  return state === "open" ? DriftState.OPEN : DriftState.RESOLVED;
}

/** A drift as found: without identity and time. */
export function driftFindingToWire(
  finding: DriftFinding,
  dimensions: readonly string[],
): WireDrift {
  const served = valueToWire(finding.served);
  return create(DriftSchema, {
    kind: driftKindToWire(finding.kind),
    state: DriftState.OPEN,
    model: finding.scope.model,
    phase: phaseToWire(finding.scope.phase),
    attributes: scopeAttributes(finding.scope, dimensions),
    parameter: finding.parameter,
    ...(served ? { served } : {}),
    optimum: finding.optimum.map(({ low, high }) => ({ low, high })),
    optimumValues: [...finding.optimumValues],
    magnitude: finding.magnitude,
    threshold: finding.threshold,
    evidence: evidenceToWire(finding.evidence),
    message: finding.message,
    sampleSize: BigInt(finding.sampleSize),
    configId: finding.configId ?? "",
    metric: finding.metric ?? "",
    differingParameters: [...(finding.differing ?? [])],
    optimumSource: finding.optimumSource?.toUpperCase() ?? "",
  });
}

export function driftToWire(drift: Drift, dimensions: readonly string[]): WireDrift {
  const wire = driftFindingToWire(drift, dimensions);
  wire.driftId = drift.driftId;
  wire.state = driftStateToWire(drift.state);
  wire.openedAt = timestampToWire(drift.openedAtMs);
  if (drift.resolvedAtMs !== undefined) wire.resolvedAt = timestampToWire(drift.resolvedAtMs);
  return wire;
}
