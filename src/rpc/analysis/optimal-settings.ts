import type { ServiceImpl } from "@connectrpc/connect";
import { settingsInsights } from "../../domain/analysis/answer-insights.ts";
import {
  MIN_SAMPLES_DEFAULT,
  type OptimalSettings,
  optimalSettingsSteps,
  type SettingsOption,
} from "../../domain/analysis/optimal-settings.ts";
import { scopeOf } from "../../domain/config/scope.ts";
import { measureStrata } from "../../engine/arm-measures.ts";
import { decisionMetric } from "../../engine/scope-examination.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { inSlices } from "../../platform/slices.ts";
import { requiredSelection } from "../selection.ts";
import { insightToWire, statusToWire, timeToAnswerToWire } from "../wire/analysis.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { settingsToWire } from "../wire/settings.ts";
import { hoursFromWire } from "../wire/time.ts";
import { valueToWire } from "../wire/value.ts";
import { type AnalysisContext, analysisTime, requiredMetric, requireWithin } from "./context.ts";

/** The best evidenced settings of a scope. */
export function optimalSettingsMethods(
  context: AnalysisContext,
): Pick<ServiceImpl<typeof AnalysisService>, "getOptimalSettings"> {
  const { engine } = context;
  return {
    async getOptimalSettings(request) {
      const { minSamples = MIN_SAMPLES_DEFAULT } = request;
      requireWithin("min_samples", minSamples, { min: 1, max: 1_000_000 });
      const selection = requiredSelection(engine, request);
      const { model, phase, attributes } = selection;
      const arms = await measureStrata(engine, selection, hoursFromWire(request.window));
      const { settings: served } = engine.lookups.resolve({
        model,
        phase,
        unit: "",
        attributes,
        requireKnown: false,
        callSettings: {},
      });
      const metric =
        request.metric === "" ? decisionMetric(arms) : requiredMetric(request.metric, arms);
      const found = await inSlices(
        optimalSettingsSteps(arms, { metric, minSamples, served, time: analysisTime(context) }),
      );
      const scope = scopeOf(model, phase, attributes, engine.dimensions);
      return {
        ...foundToWire(found),
        served: settingsToWire(served),
        insights: settingsInsights(found, scope).map((insight) =>
          insightToWire(insight, engine.dimensions),
        ),
      };
    },
  };
}

function foundToWire(found: OptimalSettings) {
  const { best } = found;
  return {
    status: statusToWire(found),
    ...(best ? { settings: settingsToWire(best.settings), configId: best.configId } : {}),
    options: found.options.map(optionToWire),
    suggestions: found.suggestions.flatMap(({ parameter, current, suggested, text }) => {
      const [from, to] = [valueToWire(current), valueToWire(suggested)];
      return from && to ? [{ parameter, current: from, suggested: to, text }] : [];
    }),
    ...(best ? { distinguishable: found.isDistinguishable } : {}),
    evidence: evidenceToWire("observational"),
    sampleSize: BigInt(found.sampleSize),
    samplesNeeded: BigInt(found.samplesNeeded),
    metric: found.metric.name,
    timeToAnswer: timeToAnswerToWire(found.timeToAnswer),
  };
}

function optionToWire(option: SettingsOption) {
  const { configId, settings, sampleSize, mean, interval, isOptimal, shortfall } = option;
  return {
    configId,
    settings: settingsToWire(settings),
    sampleSize: BigInt(sampleSize),
    mean,
    low: interval.low,
    high: interval.high,
    ...(isOptimal === undefined ? {} : { optimal: isOptimal }),
    ...(shortfall ? { shortfallAtLeast: shortfall.low, shortfallAtMost: shortfall.high } : {}),
  };
}
