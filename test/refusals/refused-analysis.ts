import {
  badAttributes,
  badPages,
  badPhases,
  badScopes,
  NON_FINITE,
  REVERSED,
  type RefusedValue,
  refused,
  SCOPE,
} from "./refused-parts.ts";

const unknownMetric = refused("an unknown metric", { ...SCOPE, metric: "mood" }, "METRIC_INVALID");

/** Numbers that no threshold may be. */
function badThresholds(field: string, values: readonly unknown[]): RefusedValue[] {
  return values.map((value) =>
    refused(`${field} ${value}`, { ...SCOPE, [field]: value }, "THRESHOLD_INVALID"),
  );
}

/** Requests that AnalysisService must refuse, of every method. */
export const REFUSED_ANALYSIS: Readonly<Record<string, readonly RefusedValue[]>> = {
  "AnalysisService/AnalyzeParameterImpact": [
    ...badScopes({ ...SCOPE, parameter: "temperature" }),
    refused("no parameter", SCOPE, "PARAMETER_INVALID"),
    refused("an unknown parameter", { ...SCOPE, parameter: "mood" }, "PARAMETER_INVALID"),
    refused(
      "an unknown metric",
      { ...SCOPE, parameter: "temperature", metric: "mood" },
      "METRIC_INVALID",
    ),
  ],
  "AnalysisService/FindOptimalTemperature": [...badScopes(SCOPE), unknownMetric],
  "AnalysisService/AnalyzeTokenEfficiency": [
    ...badScopes(SCOPE),
    ...badThresholds("acceptableQuality", [...NON_FINITE, -1, 101]),
    ...badThresholds("toleratedLoss", [...NON_FINITE, -1]),
  ],
  "AnalysisService/CompareModels": [
    ...badPhases({ models: ["gpt-4"] }),
    ...badAttributes({ models: ["gpt-4"], phase: SCOPE.phase }),
    refused(
      "an unknown metric",
      { models: ["gpt-4"], phase: SCOPE.phase, metrics: ["mood"] },
      "METRIC_INVALID",
    ),
    refused(
      "a name with NUL",
      { models: ["gpt\u00004"], phase: SCOPE.phase },
      "MODEL_NAME_INVALID",
    ),
    refused(
      "a reversed window",
      { models: ["gpt-4"], phase: SCOPE.phase, window: REVERSED },
      "WINDOW_INVALID",
    ),
  ],
  "AnalysisService/AnalyzeCost": [
    // An empty name compares all models of the phase.
    ...badScopes(SCOPE).filter(({ what }) => !/an empty name|a blank name/.test(what)),
    ...badThresholds("usdPerQualityPoint", [...NON_FINITE, -1]),
    ...badThresholds("qualityMargin", [...NON_FINITE, -1]),
  ],
  "AnalysisService/AnalyzeChangeImpact": [
    refused("nothing named", {}, "CHANGE_REQUIRED"),
    refused("an unknown id", { changeId: "nobody" }, "CHANGE_NOT_FOUND"),
    refused("an unknown revision", { revision: "99999" }, "CHANGE_NOT_FOUND"),
  ],
  "AnalysisService/GetImpactMetrics": [
    ...badAttributes({}),
    refused("a reversed window", { window: REVERSED }, "WINDOW_INVALID"),
  ],
  "AnalysisService/GetOptimalSettings": [...badScopes(SCOPE), unknownMetric],
  "AnalysisService/DetectDrift": [
    ...badScopes(SCOPE).filter(({ reason }) => reason !== "WINDOW_INVALID"),
    ...badThresholds("threshold", [...NON_FINITE, -1, 1.5]),
  ],
  "AnalysisService/ListDrifts": badPages({}),
};
