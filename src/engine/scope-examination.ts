import { type MeasuredArm, pooledCell } from "../domain/analysis/measured-arm.ts";
import { METRICS, type Metric } from "../domain/analysis/metric.ts";
import { levelIn, PARAMETERS, type Parameter } from "../domain/analysis/parameter.ts";
import { analyseParameter, type ParameterImpact } from "../domain/analysis/parameter-impact.ts";
import { type Scope, scopeAttributes, scopeKey } from "../domain/config/scope.ts";
import { findConfigDrift, isDrift } from "../domain/drift/config-drift.ts";
import type { DriftFinding } from "../domain/drift/drift.ts";
import { boundedSums } from "../domain/outcome/cell.ts";
import { ALL_HOURS } from "./cells.ts";
import type { Engine } from "./engine.ts";
import type { Resolution } from "./lookups.ts";

/** What is served in a scope held against what was measured there, for one parameter. */
export interface ScopeCheck {
  readonly parameter: Parameter;
  readonly impact: ParameterImpact;
  /** The drift, where there is one. */
  readonly drift: DriftFinding | undefined;
  /** Why there is none; empty where there is one. */
  readonly reason: string;
  readonly isInsufficient: boolean;
}

export interface ScopeExamination {
  readonly scope: Scope;
  readonly served: Resolution;
  readonly checks: readonly ScopeCheck[];
}

/** Parameters whose optimum is compared with what is served. */
const CHECKED = PARAMETERS.filter(({ name }) => name === "temperature" || name === "max_tokens");

/**
 * Holds what is served in a scope against its known optimum. RPCs and the loop both ask here, so that they answer the same.
 * The metric is quality where the scope has such scores, else success.
 */
export async function examineScope(
  engine: Engine,
  scope: Scope,
  threshold: number,
): Promise<ScopeExamination> {
  const served = engine.lookups.resolve({
    model: scope.model,
    phase: scope.phase,
    unit: "",
    attributes: scopeAttributes(scope, engine.dimensions),
    requireKnown: false,
    callSettings: {},
  });
  const measured = await engine.cells.read(scopeKey(scope), ALL_HOURS);
  const arms = measured.map(
    ({ live, cell }): MeasuredArm => ({ settings: live.arm.settings, cell }),
  );
  const metric = decisionMetric(arms);
  const checks = CHECKED.map((parameter): ScopeCheck => {
    const impact = analyseParameter(arms, parameter, metric);
    const result = findConfigDrift(
      scope,
      levelIn(served.arm.settings, parameter),
      impact,
      threshold,
    );
    return isDrift(result)
      ? { parameter, impact, drift: result, reason: "", isInsufficient: false }
      : { parameter, impact, drift: undefined, ...result };
  });
  return { scope, served, checks };
}

/** Quality where any arm has such scores, else success. */
export function decisionMetric(arms: readonly MeasuredArm[]): Metric {
  const cell = pooledCell(arms);
  const [quality, success] = METRICS;
  const chosen = boundedSums(cell, "quality").n > 0 ? quality : success;
  if (!chosen) throw new RangeError("quality and success are metrics");
  return chosen;
}
