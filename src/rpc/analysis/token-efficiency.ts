import type { ServiceImpl } from "@connectrpc/connect";
import { tokenInsights } from "../../domain/analysis/answer-insights.ts";
import {
  analyseTokenEfficiency,
  TOLERATED_LOSS_DEFAULT,
  type TokenEfficiency,
} from "../../domain/analysis/token-efficiency.ts";
import { scopeOf } from "../../domain/config/scope.ts";
import { measureStrata } from "../../engine/arm-measures.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { requiredSelection } from "../selection.ts";
import { insightToWire, statusToWire, timeToAnswerToWire } from "../wire/analysis.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { hoursFromWire } from "../wire/time.ts";
import { type AnalysisContext, analysisTime, requireWithin } from "./context.ts";

/** Quality against tokens. */
export function tokenEfficiencyMethods(
  context: AnalysisContext,
): Pick<ServiceImpl<typeof AnalysisService>, "analyzeTokenEfficiency"> {
  const { engine } = context;
  return {
    async analyzeTokenEfficiency(request) {
      const { acceptableQuality, toleratedLoss = TOLERATED_LOSS_DEFAULT } = request;
      requireWithin("acceptable_quality", acceptableQuality, { min: 0, max: 100 });
      requireWithin("tolerated_loss", toleratedLoss, { min: 0, max: 100 });
      const selection = requiredSelection(engine, request);
      const { model, phase, attributes } = selection;
      const arms = await measureStrata(engine, selection, hoursFromWire(request.window));
      const wishes = {
        toleratedLoss,
        ...(acceptableQuality === undefined ? {} : { acceptableQuality }),
      };
      const found = analyseTokenEfficiency(arms, wishes, analysisTime(context));
      const scope = scopeOf(model, phase, attributes, engine.dimensions);
      return {
        ...foundToWire(found),
        insights: tokenInsights(found, scope).map((insight) =>
          insightToWire(insight, engine.dimensions),
        ),
      };
    },
  };
}

function foundToWire(found: TokenEfficiency) {
  const { qualityPerToken, minAcceptableTokens, diminishingReturnsAt } = found;
  const { truncatedShare, acceptableQuality } = found;
  const ends = [minAcceptableTokens, diminishingReturnsAt].filter((end) => end !== undefined);
  return {
    status: statusToWire(found),
    groups: found.groups.map((group) => ({
      lowTokens: group.tokens.low,
      highTokens: group.tokens.high,
      sampleSize: BigInt(group.sampleSize),
      avgQuality: group.quality,
      qualityLow: group.interval.low,
      qualityHigh: group.interval.high,
      avgTokens: group.meanTokens,
      qualityPerToken: group.meanTokens > 0 ? group.quality / group.meanTokens : 0,
    })),
    ...(qualityPerToken === undefined ? {} : { qualityPerToken }),
    ...(minAcceptableTokens === undefined ? {} : { minAcceptableTokens }),
    ...(diminishingReturnsAt === undefined ? {} : { diminishingReturnsAt }),
    ...(ends.length < 2
      ? {}
      : { optimalRange: { low: Math.min(...ends), high: Math.max(...ends) } }),
    evidence: evidenceToWire(found.evidence),
    limits: found.limits.map((limit) => ({ ...limit })),
    conditions: [...found.conditions],
    sampleSize: BigInt(found.sampleSize),
    samplesNeeded: BigInt(found.samplesNeeded),
    timeToAnswer: timeToAnswerToWire(found.timeToAnswer),
    ...(truncatedShare === undefined ? {} : { truncatedShare }),
    ...(acceptableQuality === undefined ? {} : { acceptableQuality }),
  };
}
