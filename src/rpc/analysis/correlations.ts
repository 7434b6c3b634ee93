import type { ServiceImpl } from "@connectrpc/connect";
import {
  correlatedArm,
  type ImpactCorrelation,
  impactCorrelations,
} from "../../domain/analysis/impact-correlations.ts";
import { measureStrata } from "../../engine/arm-measures.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { requiredModel } from "../request-fields.ts";
import { checkedAttributes } from "../selection.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { optionalPhase } from "../wire/phase.ts";
import { hoursFromWire } from "../wire/time.ts";
import type { AnalysisContext } from "./context.ts";

/** Outcomes that a correlation needs. */
const VALUES_MIN = 2;

/** The seed's four correlations. */
export function correlationMethods({
  engine,
}: AnalysisContext): Pick<ServiceImpl<typeof AnalysisService>, "getImpactMetrics"> {
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
        })),
        evidence: evidenceToWire("observational"),
      };
    },
  };
}

function correlationToWire({ x, y, value, naive, kind, sampleSize, strata }: ImpactCorrelation) {
  const lacking = Math.max(0, VALUES_MIN - sampleSize);
  return {
    ...{ x, y, strata, kind: kind.toUpperCase(), sampleSize: BigInt(sampleSize) },
    ...(value === undefined
      ? { reason: reasonFor({ x, y, sampleSize }, lacking), samplesNeeded: BigInt(lacking) }
      : { value }),
    ...(naive === undefined ? {} : { naiveValue: naive }),
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
