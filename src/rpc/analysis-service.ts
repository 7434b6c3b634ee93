import type { ServiceImpl } from "@connectrpc/connect";
import { insightsOf } from "../domain/analysis/insight.ts";
import { METRICS, type Metric, metricOf } from "../domain/analysis/metric.ts";
import { PARAMETERS, type Parameter, parameterOf } from "../domain/analysis/parameter.ts";
import {
  analyseParameter,
  type ParameterImpact,
  rangeAround,
} from "../domain/analysis/parameter-impact.ts";
import { temperatureBins } from "../domain/analysis/temperature-bins.ts";
import { scopeOf } from "../domain/config/scope.ts";
import { DRIFT_THRESHOLD_DEFAULT } from "../domain/drift/config-drift.ts";
import type { Drift } from "../domain/drift/drift.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { measureArms, type ScopeSelection } from "../engine/arm-measures.ts";
import { ALL_HOURS } from "../engine/cells.ts";
import type { Engine } from "../engine/engine.ts";
import { pageOfRange } from "../engine/page.ts";
import { examineScope } from "../engine/scope-examination.ts";
import { AnalysisStatus } from "../gen/attuned/v1/analysis_pb.ts";
import type { AnalysisService } from "../gen/attuned/v1/analysis_service_pb.ts";
import { ranges } from "../store/keys.ts";
import { requiredSelection } from "./selection.ts";
import {
  binToWire,
  insightToWire,
  levelToWire,
  statusToWire,
  tailToWire,
} from "./wire/analysis.ts";
import {
  driftFindingToWire,
  driftKindToWire,
  driftStateToWire,
  driftToWire,
} from "./wire/drift.ts";
import { evidenceToWire } from "./wire/evidence.ts";
import { hoursFromWire } from "./wire/time.ts";

/** What the outcomes say about the settings. */
export function createAnalysisService(engine: Engine): ServiceImpl<typeof AnalysisService> {
  return {
    async analyzeParameterImpact(request) {
      const selection = requiredSelection(engine, request);
      const parameter = requiredParameter(request.parameter);
      const metric = requiredMetric(request.metric);
      const arms = await armsOf(engine, selection, hoursFromWire(request.window));
      const impact = analyseParameter(arms, parameter, metric);
      const bins =
        parameter.name === "temperature" ? temperatureBins(arms, metric).map(binToWire) : [];
      const correlation =
        impact.correlation === undefined ? {} : { correlation: impact.correlation };
      return {
        ...answer(engine, impact, selection),
        ...correlation,
        bins,
        metric: metric.name,
        parameter: parameter.name,
      };
    },
    async findOptimalTemperature(request) {
      const selection = requiredSelection(engine, request);
      const arms = await armsOf(engine, selection, hoursFromWire(request.window));
      const impact = analyseParameter(
        arms,
        requiredParameter("temperature"),
        requiredMetric(request.metric),
      );
      return {
        ...answer(engine, impact, selection),
        ...(impact.best === undefined ? {} : { optimalTemperature: impact.best }),
        ...(impact.status === "ok" ? { distinguishable: impact.isDistinguishable } : {}),
      };
    },
    async detectDrift(request) {
      const { model, phase, attributes } = requiredSelection(engine, request);
      const threshold = request.threshold ?? DRIFT_THRESHOLD_DEFAULT;
      if (!(threshold >= 0 && threshold <= 1)) {
        const message = `must be at least 0 and at most 1, is ${threshold}`;
        throw new Fault("THRESHOLD_INVALID", `threshold ${message}`, {
          violations: [{ field: "threshold", message }],
        });
      }
      const scope = scopeOf(model, phase, attributes, engine.dimensions);
      const { checks } = await examineScope(engine, scope, threshold);
      const drifts = checks.flatMap(({ drift }) =>
        drift ? [driftFindingToWire(drift, engine.dimensions)] : [],
      );
      return {
        drifts,
        reason: drifts.length > 0 ? "" : checks.map(({ reason }) => reason).join("; "),
        status: checks.some((check) => !check.isInsufficient)
          ? AnalysisStatus.OK
          : AnalysisStatus.INSUFFICIENT_DATA,
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

async function armsOf(engine: Engine, selection: ScopeSelection, window = ALL_HOURS) {
  const measured = await measureArms(engine, selection, window);
  return measured.map(({ arm, cell }) => ({ settings: arm.settings, cell }));
}

/** What AnalyzeParameterImpact and FindOptimalTemperature answer alike. */
function answer(engine: Engine, impact: ParameterImpact, selection: ScopeSelection) {
  const scope = scopeOf(selection.model, selection.phase, selection.attributes, engine.dimensions);
  const around = impact.best === undefined ? undefined : rangeAround(impact.optimum, impact.best);
  return {
    status: statusToWire(impact),
    groups: impact.levels.map(levelToWire),
    ...(around ? { optimalRange: { low: around.low, high: around.high } } : {}),
    optimum: impact.optimum.map(({ low, high }) => ({ low, high })),
    tails: impact.tails.map(tailToWire),
    evidence: evidenceToWire(impact.evidence),
    insights: insightsOf(impact, scope).map((insight) => insightToWire(insight, engine.dimensions)),
    sampleSize: BigInt(impact.sampleSize),
    samplesNeeded: BigInt(impact.samplesNeeded),
  };
}

function requiredParameter(name: string): Parameter {
  const parameter = parameterOf(name);
  if (parameter) return parameter;
  const known = PARAMETERS.map((candidate) => candidate.name).join(", ");
  throw new Fault(
    "PARAMETER_INVALID",
    `parameter must be one of ${known}, is ${JSON.stringify(name)}`,
    {
      violations: [{ field: "parameter", message: `must be one of ${known}` }],
    },
  );
}

function requiredMetric(name: string): Metric {
  const metric = metricOf(name === "" ? "quality" : name);
  if (metric) return metric;
  const known = METRICS.map((candidate) => candidate.name).join(", ");
  throw new Fault("METRIC_INVALID", `metric must be one of ${known}, is ${JSON.stringify(name)}`, {
    violations: [{ field: "metric", message: `must be one of ${known}` }],
  });
}
