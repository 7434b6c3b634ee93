import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { lowerLimitInsights } from "../../domain/analysis/answer-insights.ts";
import { insightsOf } from "../../domain/analysis/insight.ts";
import { analyseLowerLimit } from "../../domain/analysis/lower-limit.ts";
import { type MeasuredArm, pooledCell } from "../../domain/analysis/measured-arm.ts";
import { utilitySums } from "../../domain/analysis/metric.ts";
import {
  MODEL_PARAMETER,
  PARAMETER_NAMES,
  type Parameter,
  parameterOf,
} from "../../domain/analysis/parameter.ts";
import {
  analyseParameterSteps,
  type ParameterImpact,
} from "../../domain/analysis/parameter-impact.ts";
import { temperatureBinSteps } from "../../domain/analysis/temperature-bins.ts";
import { type Scope, scopeOf } from "../../domain/config/scope.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import { isSelected, measureStrata, type ScopeSelection } from "../../engine/arm-measures.ts";
import {
  type ParameterComparison,
  parameterComparisons,
} from "../../engine/experiments/verdicts.ts";
import {
  type AnalysisService,
  type AnalyzeParameterImpactResponse,
  AnalyzeParameterImpactResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import { inSlices } from "../../platform/slices.ts";
import { EMPTY_SUMS, mergeSums, varianceOf } from "../../stats/power-sums.ts";
import { phaseSelection, requiredSelection } from "../selection.ts";
import {
  binToWire,
  describedImpactToWire,
  impactToWire,
  insightToWire,
  statusToWire,
  timeToAnswerToWire,
} from "../wire/analysis.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { parameterComparisonToWire } from "../wire/experiment-evidence.ts";
import { lowerLimitToWire } from "../wire/lower-limit.ts";
import { metricsToWire } from "../wire/metrics.ts";
import { smoothedToWire } from "../wire/smoothed-optimum.ts";
import { hoursFromWire } from "../wire/time.ts";
import { type AnalysisContext, analysisTime, requiredMetric } from "./context.ts";

/** Metrics of a comparison of models where the request names none. */
const COMPARED_METRICS = ["quality", "success", "latency", "cost"];

/** What the levels of a parameter do to metrics. */
export function parameterImpactMethods(
  context: AnalysisContext,
): Pick<
  ServiceImpl<typeof AnalysisService>,
  "analyzeParameterImpact" | "findOptimalTemperature" | "compareModels"
> {
  const { engine } = context;
  return {
    async analyzeParameterImpact(request) {
      const parameter = requiredParameter(request.parameter);
      const isOfModels = parameter === MODEL_PARAMETER && request.model === "";
      const selection = isOfModels ? phaseSelection(request) : requiredSelection(engine, request);
      // The parameter model compares all models of the phase, with the one that is named among them.
      const { phase, attributes } = selection;
      const wanted = parameter === MODEL_PARAMETER ? { phase, attributes } : selection;
      const arms = await measureStrata(engine, wanted, hoursFromWire(request.window));
      const names = request.metrics.length > 0 ? request.metrics : [request.metric];
      const scope = scopeFor(context, selection);
      const impacts: AnalyzeParameterImpactResponse[] = [];
      const absent: string[] = [];
      for (const name of names) {
        const impact = await impactOf(context, arms, { parameter, metric: name });
        if (impact.sampleSize === 0) absent.push(impact.metric.name);
        const bins =
          parameter.name === "temperature"
            ? await inSlices(temperatureBinSteps(arms, impact.metric, analysisTime(context)))
            : [];
        const described = describedImpactToWire(impact, scope, engine.dimensions);
        const randomised = randomisedIn(context, wanted, impact);
        const limit =
          impact.metric.name === "success" ? analyseLowerLimit(arms, parameter) : undefined;
        const limitInsights = limit ? lowerLimitInsights(limit, scope) : [];
        impacts.push(
          create(AnalyzeParameterImpactResponseSchema, {
            ...described,
            bins: bins.map(binToWire),
            randomised: randomised.map(parameterComparisonToWire),
            insights: [
              ...described.insights,
              ...randomisedInsights(context, randomised, parameter),
              ...limitInsights.map((insight) => insightToWire(insight, engine.dimensions)),
            ],
            ...(limit ? { lowerLimit: lowerLimitToWire(limit) } : {}),
          }),
        );
      }
      const first = impacts[0] ?? create(AnalyzeParameterImpactResponseSchema);
      return {
        ...first,
        impacts: request.metrics.length > 1 ? impacts : [],
        absentMetrics: absent,
      };
    },
    async findOptimalTemperature(request) {
      const selection = requiredSelection(engine, request);
      const arms = await measureStrata(engine, selection, hoursFromWire(request.window));
      const parameter = requiredParameter("temperature");
      const impact = await impactOf(context, arms, { parameter, metric: request.metric });
      const randomised = randomisedIn(context, selection, impact);
      const told = impactToWire(impact, scopeFor(context, selection), engine.dimensions);
      return {
        ...told,
        ...smoothedToWire(impact, outcomeVariance(arms, impact), told.groups),
        insights: [...told.insights, ...randomisedInsights(context, randomised, parameter)],
        randomised: randomised.map(parameterComparisonToWire),
        timeToAnswer: timeToAnswerToWire(impact.timeToAnswer),
        ...(impact.status === "ok" ? { distinguishable: impact.isDistinguishable } : {}),
      };
    },
    async compareModels(request) {
      const { phase, attributes } = phaseSelection(request);
      const keys = new Set(request.models.map((model) => engine.lookups.modelKey(model)));
      const measured = await measureStrata(
        engine,
        { phase, attributes },
        hoursFromWire(request.window),
      );
      const arms = measured.filter(({ model = "" }) => keys.size === 0 || keys.has(model));
      const names = request.metrics.length > 0 ? request.metrics : COMPARED_METRICS;
      const scope = scopeOf("", phase, attributes, engine.dimensions);
      const impacts: ParameterImpact[] = [];
      for (const metric of names)
        impacts.push(await impactOf(context, arms, { parameter: MODEL_PARAMETER, metric }));
      const told = impacts.filter(({ sampleSize }) => sampleSize > 0);
      const [first] = impacts;
      return {
        status: statusToWire({ status: first?.status ?? "insufficient_data" }),
        models: comparedModels(arms, told, { scope, dimensions: engine.dimensions }),
        impacts: told.map((impact) => describedImpactToWire(impact, scope, engine.dimensions)),
        evidence: evidenceToWire("observational"),
        insights: (told.length > 0 ? told : impacts.slice(0, 1))
          .flatMap((impact) => insightsOf(impact, scope))
          .map((insight) => insightToWire(insight, engine.dimensions)),
        absentMetrics: impacts
          .filter(({ sampleSize }) => sampleSize === 0)
          .map(({ metric }) => metric.name),
        ...(first
          ? {
              sampleSize: BigInt(first.sampleSize),
              samplesNeeded: BigInt(first.samplesNeeded),
              timeToAnswer: timeToAnswerToWire(first.timeToAnswer),
            }
          : {}),
      };
    },
  };
}

function comparedModels(
  arms: readonly MeasuredArm[],
  impacts: readonly ParameterImpact[],
  about: { readonly scope: Scope; readonly dimensions: readonly string[] },
) {
  return [...Map.groupBy(arms, ({ model = "" }) => model)]
    .map(([model, own]) => ({ model, cell: pooledCell(own) }))
    .toSorted((a, b) => b.cell.outcomes - a.cell.outcomes)
    .map(({ model, cell }) => ({
      model,
      metrics: metricsToWire(
        { scope: { ...about.scope, model }, configId: "", settings: {} },
        cell,
        about.dimensions,
      ),
      worseIn: impacts
        .filter(({ levels }) =>
          levels.some(({ name, isOptimal }) => name === model && isOptimal === false),
        )
        .map(({ metric }) => metric.name),
    }));
}

function impactOf(
  context: AnalysisContext,
  arms: readonly MeasuredArm[],
  asked: { readonly parameter: Parameter; readonly metric: string },
): Promise<ParameterImpact> {
  const metric = requiredMetric(asked.metric, arms);
  return inSlices(analyseParameterSteps(arms, asked.parameter, metric, analysisTime(context)));
}

/** The variance of single outcomes, on the scale of 0 to 1; undefined below two. */
function outcomeVariance(
  arms: readonly MeasuredArm[],
  { metric }: ParameterImpact,
): number | undefined {
  const sums = arms.map(({ cell }) => utilitySums(cell, metric));
  return varianceOf(sums.reduce(mergeSums, EMPTY_SUMS));
}

/** What experiments in the selected scopes say of the same question. */
function randomisedIn(
  { engine }: AnalysisContext,
  selection: Partial<ScopeSelection>,
  { parameter, metric }: ParameterImpact,
): ParameterComparison[] {
  return parameterComparisons(engine.state, {
    scopes: (scope) => isSelected(scope, selection, engine.dimensions),
    parameter,
    metric: metric.name,
  });
}

function randomisedInsights(
  { engine }: AnalysisContext,
  randomised: readonly ParameterComparison[],
  parameter: Parameter,
) {
  return randomised.map(({ experimentId, text, evidence, scope, metric, value, controlValue }) => {
    const against = controlValue === undefined ? "control" : parameter.text(controlValue);
    return insightToWire(
      {
        code: "RANDOMISED_EFFECT",
        text: `Experiment ${experimentId}, ${parameter.name} ${parameter.text(value)} against ${against}: ${text}`,
        evidence,
        scope,
        parameter: parameter.name,
        metric,
      },
      engine.dimensions,
    );
  });
}

function scopeFor(
  { engine }: AnalysisContext,
  { model, phase, attributes }: Omit<ScopeSelection, "model"> & { readonly model?: string },
): Scope {
  return scopeOf(model ?? "", phase, attributes, engine.dimensions);
}

function requiredParameter(name: string): Parameter {
  const parameter = parameterOf(name);
  if (parameter) return parameter;
  const known = PARAMETER_NAMES.join(", ");
  throw new Fault(
    "PARAMETER_INVALID",
    `parameter must be one of ${known}, is ${JSON.stringify(name)}`,
    {
      violations: [{ field: "parameter", message: `must be one of ${known}` }],
    },
  );
}
