import type { ServiceImpl } from "@connectrpc/connect";
import { analyseParameterSteps } from "../../domain/analysis/parameter-impact.ts";
import { type Scope, scopeAttributes, scopeOf } from "../../domain/config/scope.ts";
import { DRIFT_THRESHOLD_DEFAULT } from "../../domain/drift/config-drift.ts";
import type { Drift } from "../../domain/drift/drift.ts";
import { SCOPES_DETECTED_MAX } from "../../domain/kernel/limits.ts";
import {
  isSelected,
  measureStrata,
  type ScopeSelection,
  selectedScopes,
} from "../../engine/arm-measures.ts";
import type { Engine } from "../../engine/engine.ts";
import { pageOfRange } from "../../engine/page.ts";
import {
  examineScope,
  type ScopeCheck,
  type ScopeExamination,
} from "../../engine/scope-examination.ts";
import { AnalysisStatus } from "../../gen/attuned/v1/analysis_pb.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { inSlices } from "../../platform/slices.ts";
import { ranges } from "../../store/keys.ts";
import { requiredSelection } from "../selection.ts";
import { timeToAnswerToWire } from "../wire/analysis.ts";
import {
  driftFindingToWire,
  driftKindToWire,
  driftStateToWire,
  driftToWire,
} from "../wire/drift.ts";
import { type AnalysisContext, analysisTime, requireWithin } from "./context.ts";

/** Differences that should not be. */
export function driftMethods(
  context: AnalysisContext,
): Pick<ServiceImpl<typeof AnalysisService>, "detectDrift" | "listDrifts"> {
  const { engine } = context;
  return {
    async detectDrift(request) {
      const selection = requiredSelection(engine, request);
      const threshold = request.threshold ?? DRIFT_THRESHOLD_DEFAULT;
      requireWithin("threshold", threshold, { min: 0, max: 1 });
      const { scopes, leftOut } = detectedScopes(engine, selection);
      const examinations: ScopeExamination[] = [];
      for (const scope of scopes) examinations.push(await examineScope(engine, scope, threshold));
      const checks = examinations.flatMap((examination) => examination.checks);
      const found = checks.flatMap(({ drift }) =>
        drift ? [driftFindingToWire(drift, engine.dimensions)] : [],
      );
      // The other kinds need outcomes one by one: what the loop knows of them is the answer.
      const watched = [...engine.state.findings.drifts.values()]
        .filter(
          (drift) =>
            drift.kind !== "config" && isSelected(drift.scope, selection, engine.dimensions),
        )
        .map((drift) => driftToWire(drift, engine.dimensions));
      const drifts = [...found, ...watched];
      const isEnough = checks.some((check) => !check.isInsufficient);
      return {
        drifts,
        reason: drifts.length > 0 ? "" : reasonsOf(examinations, leftOut, engine.dimensions),
        status: isEnough ? AnalysisStatus.OK : AnalysisStatus.INSUFFICIENT_DATA,
        sampleSize: BigInt(Math.max(0, ...checks.map(({ impact }) => impact.sampleSize))),
        ...(isEnough ? {} : await lackOf(context, selection, checks)),
      };
    },
    async listDrifts(request) {
      const page = await pageOfRange<Drift>(engine.store, ranges.drifts, request, {
        keep: (drift) =>
          (request.states.length === 0 || request.states.includes(driftStateToWire(drift.state))) &&
          (request.kinds.length === 0 || request.kinds.includes(driftKindToWire(drift.kind))) &&
          (request.model === "" || drift.scope.model === request.model),
      });
      return {
        drifts: page.items.map((drift) => driftToWire(drift, engine.dimensions)),
        nextPageToken: page.nextPageToken,
      };
    },
  };
}

/** The scopes that a selection names, as lists of drifts have them; the one with exactly its attributes where none has outcomes. */
function detectedScopes(
  engine: Engine,
  selection: ScopeSelection,
): { readonly scopes: readonly Scope[]; readonly leftOut: number } {
  const { model, phase, attributes } = selection;
  const known = selectedScopes(engine, selection).map(([, scope]) => scope);
  const scopes = known.slice(0, SCOPES_DETECTED_MAX);
  const named = scopeOf(model, phase, attributes, engine.dimensions);
  return { scopes: scopes.length > 0 ? scopes : [named], leftOut: known.length - scopes.length };
}

/** Why nothing differs or can be said, by scope where there are several. */
function reasonsOf(
  examinations: readonly ScopeExamination[],
  leftOut: number,
  dimensions: readonly string[],
): string {
  const told = examinations.map(({ scope, checks }) => {
    const reasons = checks.map(({ reason }) => reason).join("; ");
    if (examinations.length === 1) return reasons;
    const named = Object.entries(scopeAttributes(scope, dimensions));
    return `${named.map(([name, value]) => `${name}=${value}`).join(" ") || "no attributes"}: ${reasons}`;
  });
  const rest = leftOut > 0 ? [`${leftOut} more scopes were not looked at: name attributes`] : [];
  return [...told, ...rest].join("; ");
}

/** What is missing until anything can be said, of the parameter that lacks least, and how long that takes. */
async function lackOf(
  context: AnalysisContext,
  selection: ScopeSelection,
  checks: readonly ScopeCheck[],
) {
  const [closest] = checks
    .map(({ impact }) => impact)
    .toSorted((a, b) => a.samplesNeeded - b.samplesNeeded);
  if (!closest) return {};
  const arms = await measureStrata(context.engine, selection);
  const { parameter, metric } = closest;
  const { timeToAnswer } = await inSlices(
    analyseParameterSteps(arms, parameter, metric, analysisTime(context)),
  );
  return {
    samplesNeeded: BigInt(closest.samplesNeeded),
    timeToAnswer: timeToAnswerToWire(timeToAnswer),
  };
}
