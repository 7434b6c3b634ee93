import type { ServiceImpl } from "@connectrpc/connect";
import { costInsights } from "../../domain/analysis/answer-insights.ts";
import {
  analyseCostSteps,
  type CostOption,
  type NetGain,
  QUALITY_MARGIN_DEFAULT,
} from "../../domain/analysis/cost-analysis.ts";
import { scopeOf } from "../../domain/config/scope.ts";
import { measureStrata, type ScopeSelection } from "../../engine/arm-measures.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { inSlices } from "../../platform/slices.ts";
import { phaseSelection, requiredSelection } from "../selection.ts";
import { insightToWire, statusToWire, timeToAnswerToWire } from "../wire/analysis.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { settingsToWire } from "../wire/settings.ts";
import { hoursFromWire } from "../wire/time.ts";
import { type AnalysisContext, analysisTime, requireWithin } from "./context.ts";

/** What a point of quality may be worth, in US dollars: anything above nothing. */
const WORTH = { min: Number.MIN_VALUE, max: 1e9 };

/** Cost against quality. */
export function costMethods(
  context: AnalysisContext,
): Pick<ServiceImpl<typeof AnalysisService>, "analyzeCost"> {
  const { engine } = context;
  return {
    async analyzeCost(request) {
      const { usdPerQualityPoint, qualityMargin = QUALITY_MARGIN_DEFAULT } = request;
      requireWithin("usd_per_quality_point", usdPerQualityPoint, WORTH);
      requireWithin("quality_margin", qualityMargin, { min: 0, max: 100 });
      const selection: Omit<ScopeSelection, "model"> & { readonly model?: string } =
        request.model === "" ? phaseSelection(request) : requiredSelection(engine, request);
      const arms = await measureStrata(engine, selection, hoursFromWire(request.window));
      const wishes = { usdPerPoint: usdPerQualityPoint, qualityMargin };
      const found = await inSlices(analyseCostSteps(arms, wishes, analysisTime(context)));
      const { model = "", phase, attributes } = selection;
      const scope = scopeOf(model, phase, attributes, engine.dimensions);
      return {
        status: statusToWire(found),
        options: found.options.map(optionToWire),
        evidence: evidenceToWire("observational"),
        insights: costInsights(found, scope).map((insight) =>
          insightToWire(insight, engine.dimensions),
        ),
        sampleSize: BigInt(found.sampleSize),
        samplesNeeded: BigInt(found.samplesNeeded),
        ...(found.costCap === undefined ? {} : { costCap: found.costCap }),
        bestValue: found.bestValue,
        strata: found.strata,
        timeToAnswer: timeToAnswerToWire(found.timeToAnswer),
      };
    },
  };
}

function optionToWire(option: CostOption) {
  const { quality, qualityInterval, netBenefit, netBenefitInterval } = option;
  const { savings, savingsInterval, gain } = option;
  return {
    configId: option.configId,
    model: option.model,
    settings: settingsToWire(option.settings),
    sampleSize: BigInt(option.sampleSize),
    costPerRequest: option.cost,
    costInterval: { ...option.costInterval },
    ...(quality === undefined ? {} : { avgQuality: quality }),
    ...(qualityInterval ? { qualityInterval: { ...qualityInterval } } : {}),
    callsPerDay: option.callsPerDay,
    costPerMonth: option.costPerMonth,
    onFront: option.isOnFront,
    dominatedBy: option.dominatedBy,
    ...(netBenefit === undefined ? {} : { netBenefit }),
    ...(netBenefitInterval ? { netBenefitInterval: { ...netBenefitInterval } } : {}),
    ...(gain ? gainToWire(gain) : {}),
    unscoredShare: option.unscoredShare,
    ...(savings === undefined ? {} : { savingsPerMonth: savings }),
    ...(savingsInterval ? { savingsInterval: { ...savingsInterval } } : {}),
  };
}

function gainToWire({ estimate, interval, naive }: NetGain) {
  return {
    netBenefitGain: estimate,
    netBenefitGainInterval: { ...interval },
    ...(naive === undefined ? {} : { naiveNetBenefitGain: naive }),
  };
}
