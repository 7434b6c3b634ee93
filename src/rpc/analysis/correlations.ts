import type { ServiceImpl } from "@connectrpc/connect";
import { impactCorrelations } from "../../domain/analysis/impact-correlations.ts";
import { measureStrata } from "../../engine/arm-measures.ts";
import type { AnalysisService } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { requiredModel } from "../request-fields.ts";
import { checkedAttributes } from "../selection.ts";
import { evidenceToWire } from "../wire/evidence.ts";
import { optionalPhase } from "../wire/phase.ts";
import { hoursFromWire } from "../wire/time.ts";
import type { AnalysisContext } from "./context.ts";

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
        correlations: impactCorrelations(arms).map(({ x, y, value, kind, sampleSize }) => ({
          x,
          y,
          ...(value === undefined ? {} : { value }),
          kind: kind.toUpperCase(),
          sampleSize: BigInt(sampleSize),
          reason: value === undefined ? reasonFor({ x, y, sampleSize }) : "",
        })),
        evidence: evidenceToWire("observational"),
      };
    },
  };
}

function reasonFor({ x, y, sampleSize }: { x: string; y: string; sampleSize: number }): string {
  return sampleSize < 2
    ? `too little data: ${sampleSize} outcomes have ${x} and ${y}, at least ${2 - sampleSize} more are needed`
    : `${x} or ${y} does not vary over ${sampleSize} outcomes`;
}
