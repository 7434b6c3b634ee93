import { type CorrelatedArm, correlatedArm } from "../domain/analysis/impact-correlations.ts";
import { type MeasuredArm, pooledCell, stratumOf } from "../domain/analysis/measured-arm.ts";
import { METRICS, type Metric } from "../domain/analysis/metric.ts";
import { levelIn, PARAMETERS, type Parameter } from "../domain/analysis/parameter.ts";
import {
  analyseParameterSteps,
  type ParameterImpact,
} from "../domain/analysis/parameter-impact.ts";
import { type Scope, scopeAttributes, scopeKey } from "../domain/config/scope.ts";
import { findChoiceDrift, type KnownChoice } from "../domain/drift/choice-drift.ts";
import { findConfigDrift, isDrift } from "../domain/drift/config-drift.ts";
import type { DriftFinding } from "../domain/drift/drift.ts";
import { boundedSums } from "../domain/outcome/cell.ts";
import type { Recommendation } from "../domain/recommendation/recommendation.ts";
import { Slices } from "../platform/slices.ts";
import { keys } from "../store/keys.ts";
import type { LabelRecord, VersionRecord } from "./config-load.ts";
import type { Engine } from "./engine.ts";
import { winningValue } from "./experiments/verdicts.ts";
import { HourLooks } from "./impacts-in-time.ts";
import type { Resolution } from "./lookups.ts";
import type { EngineState } from "./state.ts";

/** What is served in a scope held against what is known to be best there, for one parameter. */
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
  /** What the arms of the scope bring to the correlations over all scopes: little, since it is kept of every scope. */
  readonly correlated: readonly CorrelatedArm[];
  /** Whether something shows that is still to be looked at hour by hour: the checks decide nothing before that. */
  readonly isPending: boolean;
}

/** Parameters whose optimum is compared with what is served. */
const CHECKED = PARAMETERS.filter(({ name }) => name === "temperature" || name === "max_tokens");

/** The label whose version is meant to be served where nothing better is known (seed decision X23). */
const MEANT_LABEL = "production";

/** States in which a recommendation says what is best. */
const BELIEVED: readonly Recommendation["state"][] = ["accepted", "canary", "applied", "verified"];

/**
 * Holds what is served in a scope against its known optimum, in slices. RPCs and the loop both ask here, so that they answer the same.
 *
 * The optimum is, in this order: what an accepted recommendation or an experiment's winner says, the levels that are not shown to be worse than the best one, the
 * version that the label `production` points to. The metric is quality where the scope has such scores, else success.
 */
export async function examineScope(
  engine: Engine,
  scope: Scope,
  threshold: number,
  how: { readonly slices?: Slices; readonly looks?: HourLooks } = {},
): Promise<ScopeExamination> {
  const { slices = new Slices() } = how;
  const key = scopeKey(scope);
  const looks = how.looks ?? new HourLooks(1);
  let isPending = false;
  const served = engine.lookups.resolve({
    model: scope.model,
    phase: scope.phase,
    unit: "",
    attributes: scopeAttributes(scope, engine.dimensions),
    requireKnown: false,
    callSettings: {},
  });
  const measured = await engine.cells.readTotals(key, slices);
  const arms = measured.map(
    ({ live, cell }): MeasuredArm => ({
      ...{ settings: live.arm.settings, configId: live.arm.configId, cell },
      ...{ model: scope.model, stratum: stratumOf(scope) },
    }),
  );
  const metric = decisionMetric(arms);
  const checks: ScopeCheck[] = [];
  for (const parameter of CHECKED) {
    const plain = await slices.run(analyseParameterSteps(arms, parameter, metric));
    // Only what shows something is worth a look at its hours: whether it was a change over time.
    const inTime = !plain.isDistinguishable
      ? plain
      : looks.grant(key)
        ? await engine.impactsInTime.look(key, { arms, plain, slices })
        : engine.impactsInTime.known(key, plain);
    if (!inTime) isPending = true;
    const impact = inTime ?? plain;
    const value = levelIn(served.arm.settings, parameter);
    const believed = believedChoice(engine, scope, parameter);
    const found = findConfigDrift(scope, value, impact, threshold);
    const isKnown = isDrift(found) || impact.isDistinguishable;
    const choice =
      believed ??
      (isKnown ? undefined : await slices.waitFor(labelledChoice(engine, scope, parameter)));
    const result = choice
      ? findChoiceDrift({ scope, parameter, served: value, choice, threshold })
      : found;
    checks.push(
      isDrift(result)
        ? { parameter, impact, drift: result, reason: "", isInsufficient: false }
        : { parameter, impact, drift: undefined, ...result },
    );
  }
  const correlated = arms.map(correlatedArm);
  return { scope, served, checks, correlated, isPending };
}

/** Quality where any arm has such scores, else success. */
export function decisionMetric(arms: readonly MeasuredArm[]): Metric {
  const cell = pooledCell(arms);
  const [quality, success] = METRICS;
  const chosen = boundedSums(cell, "quality").n > 0 ? quality : success;
  if (!chosen) throw new RangeError("quality and success are metrics");
  return chosen;
}

/** What the newest accepted recommendation of the scope says, or the newest winner of an experiment, whichever came later. */
function believedChoice(
  { state }: Engine,
  scope: Scope,
  parameter: Parameter,
): KnownChoice | undefined {
  const accepted = acceptedChoice(state, scope, parameter);
  const won = winningValue(state, scope, parameter);
  if (!won || (accepted && accepted.sinceMs >= won.claimedAtMs)) return accepted?.choice;
  const { experiment, arm, value, units, confidence } = won;
  return {
    value,
    source: "experiment",
    evidence: "randomised",
    sampleSize: units,
    confidence,
    text: `arm ${experiment.arms[arm]?.name ?? arm} of experiment ${experiment.experimentId}, which won`,
  };
}

function acceptedChoice(
  state: EngineState,
  scope: Scope,
  { name }: Parameter,
): { readonly choice: KnownChoice; readonly sinceMs: number } | undefined {
  const own = [...state.findings.recommendations.values()]
    .filter(
      (item) =>
        item.scope.model === scope.model &&
        BELIEVED.includes(item.state) &&
        item.parameter === name &&
        scopeKey(item.scope) === scopeKey(scope),
    )
    .toSorted((a, b) => b.stateChangedAtMs - a.stateChangedAtMs)[0];
  if (typeof own?.recommendedValue !== "number") return undefined;
  const choice: KnownChoice = {
    value: own.recommendedValue,
    source: "recommendation",
    evidence: own.evidence,
    sampleSize: own.sampleSize,
    confidence: own.confidence,
    text: `recommendation ${own.recommendationId}, which was accepted`,
  };
  return { choice, sinceMs: own.stateChangedAtMs };
}

/** What the version that is meant to be served says; that of the merged config, as a caller without attributes gets it. */
async function labelledChoice(
  { store }: Engine,
  scope: Scope,
  parameter: Parameter,
): Promise<KnownChoice | undefined> {
  const label = await store.json<LabelRecord>(keys.label(scope.model, MEANT_LABEL));
  if (!label) return undefined;
  const version = await store.json<VersionRecord>(keys.version(scope.model, label.version));
  const settings = version?.merged.phases?.[scope.phase];
  const value = settings && levelIn(settings, parameter);
  if (value === undefined) return undefined;
  return {
    value,
    source: "label",
    evidence: "preset",
    sampleSize: 0,
    text: `version ${label.version}, which the label ${MEANT_LABEL} points to`,
  };
}
