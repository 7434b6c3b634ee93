import { attributeViolations } from "../domain/config/scope.ts";
import { Fault } from "../domain/kernel/fault.ts";
import type { ScopeSelection } from "../engine/arm-measures.ts";
import type { Engine } from "../engine/engine.ts";
import type { Phase as WirePhase } from "../gen/attuned/v1/phase_pb.ts";
import { requiredModel } from "./request-fields.ts";
import { requiredPhase } from "./wire/phase.ts";

/** The scopes that a request is about. Errors: MODEL_NAME_INVALID, PHASE_REQUIRED, ATTRIBUTES_INVALID. */
export function requiredSelection(
  engine: Engine,
  request: {
    readonly model: string;
    readonly phase: WirePhase;
    readonly attributes: Readonly<Record<string, string>>;
  },
): ScopeSelection {
  const attributes = checkedAttributes(request.attributes);
  return {
    model: engine.lookups.modelKey(requiredModel(request.model)),
    phase: requiredPhase(request.phase),
    attributes,
  };
}

/** The scopes of a phase, whatever the model. Errors: PHASE_REQUIRED, ATTRIBUTES_INVALID. */
export function phaseSelection(request: {
  readonly phase: WirePhase;
  readonly attributes: Readonly<Record<string, string>>;
}): Omit<ScopeSelection, "model"> {
  const attributes = checkedAttributes(request.attributes);
  return { phase: requiredPhase(request.phase), attributes };
}

/** Errors: ATTRIBUTES_INVALID. */
export function checkedAttributes(
  attributes: Readonly<Record<string, string>>,
): ScopeSelection["attributes"] {
  const violations = attributeViolations(attributes);
  if (violations.length === 0) return attributes;
  throw new Fault(
    "ATTRIBUTES_INVALID",
    violations.map((v) => `${v.field} ${v.message}`).join("; "),
    { violations },
  );
}
