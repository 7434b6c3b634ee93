import type { ServiceImpl } from "@connectrpc/connect";
import type { Engine } from "../engine/engine.ts";
import type { AnalysisService } from "../gen/attuned/v1/analysis_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { changeImpactMethods } from "./analysis/change-impact.ts";
import { correlationMethods } from "./analysis/correlations.ts";
import { costMethods } from "./analysis/cost.ts";
import { driftMethods } from "./analysis/drifts.ts";
import { optimalSettingsMethods } from "./analysis/optimal-settings.ts";
import { parameterImpactMethods } from "./analysis/parameter-impact.ts";
import { tokenEfficiencyMethods } from "./analysis/token-efficiency.ts";

/** What the outcomes say about the settings. */
export function createAnalysisService(
  engine: Engine,
  clock: Clock,
): ServiceImpl<typeof AnalysisService> {
  const context = { engine, clock };
  return {
    ...parameterImpactMethods(context),
    ...tokenEfficiencyMethods(context),
    ...costMethods(context),
    ...changeImpactMethods(context),
    ...correlationMethods(context),
    ...optimalSettingsMethods(context),
    ...driftMethods(context),
  };
}
