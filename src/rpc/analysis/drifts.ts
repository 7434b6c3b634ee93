import type { ServiceImpl } from "@connectrpc/connect";
import { scopeKey, scopeOf } from "../../domain/config/scope.ts";
import { DRIFT_THRESHOLD_DEFAULT } from "../../domain/drift/config-drift.ts";
import type { Drift } from "../../domain/drift/drift.ts";
import { pageOfRange } from "../../engine/page.ts";
import { examineScope } from "../../engine/scope-examination.ts";
import { AnalysisStatus } from "../../gen/attuned/v1/analysis_pb.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { ranges } from "../../store/keys.ts";
import { requiredSelection } from "../selection.ts";
import { timeToAnswerToWire } from "../wire/analysis.ts";
import {
  driftFindingToWire,
  driftKindToWire,
  driftStateToWire,
  driftToWire,
} from "../wire/drift.ts";
import { type AnalysisContext, requireWithin } from "./context.ts";

/** Differences that should not be. */
export function driftMethods({
  engine,
}: AnalysisContext): Pick<ServiceImpl<typeof AnalysisService>, "detectDrift" | "listDrifts"> {
  return {
    async detectDrift(request) {
      const { model, phase, attributes } = requiredSelection(engine, request);
      const threshold = request.threshold ?? DRIFT_THRESHOLD_DEFAULT;
      requireWithin("threshold", threshold, { min: 0, max: 1 });
      const scope = scopeOf(model, phase, attributes, engine.dimensions);
      const { checks } = await examineScope(engine, scope, threshold);
      const found = checks.flatMap(({ drift }) =>
        drift ? [driftFindingToWire(drift, engine.dimensions)] : [],
      );
      // The other kinds need outcomes one by one: what the loop knows of them is the answer.
      const watched = [...engine.state.findings.drifts.values()]
        .filter((drift) => drift.kind !== "config" && scopeKey(drift.scope) === scopeKey(scope))
        .map((drift) => driftToWire(drift, engine.dimensions));
      const drifts = [...found, ...watched];
      const isEnough = checks.some((check) => !check.isInsufficient);
      const [quickest] = checks
        .map(({ impact }) => impact.timeToAnswer)
        .toSorted((a, b) => a.outcomes - b.outcomes);
      return {
        drifts,
        reason: drifts.length > 0 ? "" : checks.map(({ reason }) => reason).join("; "),
        status: isEnough ? AnalysisStatus.OK : AnalysisStatus.INSUFFICIENT_DATA,
        ...(isEnough || !quickest ? {} : { timeToAnswer: timeToAnswerToWire(quickest) }),
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
