import type { ServiceImpl } from "@connectrpc/connect";
import {
  correlatedArm,
  type ImpactCorrelation,
  impactCorrelations,
} from "../../domain/analysis/impact-correlations.ts";
import { type MeasuredArm, ratePerDay } from "../../domain/analysis/measured-arm.ts";
import { countOf, metricFor } from "../../domain/analysis/metric.ts";
import type { AnalysisTime } from "../../domain/analysis/parameter-impact.ts";
import { timeToAnswer } from "../../domain/analysis/time-to-answer.ts";
import { measureStrata } from "../../engine/arm-measures.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { requiredModel } from "../request-fields.ts";
import { checkedAttributes } from "../selection.ts";
import { timeToAnswerToWire } from "../wire/analysis.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { optionalPhase } from "../wire/phase.ts";
import { hoursFromWire } from "../wire/time.ts";
import { type AnalysisContext, analysisTime } from "./context.ts";

/** Outcomes that a correlation needs. */
const VALUES_MIN = 2;

/** The seed's four correlations. */
export function correlationMethods(
  context: AnalysisContext,
): Pick<ServiceImpl<typeof AnalysisService>, "getImpactMetrics"> {
  const { engine } = context;
  return {
    async getImpactMetrics(request) {
      const phase = optionalPhase(request.phase);
      const selection = {
        ...(request.model === ""
          ? {}
          : { model: engine.lookups.modelKey(requiredModel(request.model)) }),
        ...(phase === undefined ? {} : { phase }),
        attributes: checkedAttributes(request.attributes),
      };
      const arms = await measureStrata(engine, selection, hoursFromWire(request.window));
      return {
        correlations: impactCorrelations(arms.map(correlatedArm)).map((found) => ({
          ...correlationToWire(found),
          ...lackToWire(found, arms, analysisTime(context)),
        })),
        evidence: evidenceToWire("observational"),
      };
    },
  };
}

function correlationToWire({ x, y, value, naive, kind, sampleSize, strata }: ImpactCorrelation) {
  return {
    ...{ x, y, strata, kind: kind.toUpperCase(), sampleSize: BigInt(sampleSize) },
    ...(value === undefined ? {} : { value }),
    ...(naive === undefined ? {} : { naiveValue: naive }),
  };
}

/** Why there is no value, how many more outcomes are needed for one and how long that takes; nothing where there is one. */
function lackToWire(found: ImpactCorrelation, arms: readonly MeasuredArm[], time: AnalysisTime) {
  if (found.value !== undefined) return {};
  const lacking = Math.max(0, VALUES_MIN - found.sampleSize);
  const cells = arms.map(({ cell }) => cell);
  const metric = metricFor(found.y, cells);
  const perDay = metric ? ratePerDay(arms, (cell) => countOf(cell, metric), time.nowHour) : 0;
  return {
    reason: reasonFor(found, lacking),
    samplesNeeded: BigInt(lacking),
    ...(metric && lacking > 0
      ? { timeToAnswer: timeToAnswerToWire(timeToAnswer({ metric, levels: [], lacking, perDay })) }
      : {}),
  };
}

function reasonFor(
  { x, y, sampleSize }: Pick<ImpactCorrelation, "x" | "y" | "sampleSize">,
  lacking: number,
): string {
  return lacking > 0
    ? `too little data: ${sampleSize} outcomes have ${x} and ${y}, at least ${lacking} more are needed`
    : `${x} or ${y} does not vary over ${sampleSize} outcomes`;
}
