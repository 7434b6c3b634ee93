import type { ServiceImpl } from "@connectrpc/connect";
import { PHASES } from "../../domain/config/phase.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ModelService } from "../../gen/attuned/v1/model_service_pb.ts";
import type { Clock } from "../../platform/clock.ts";
import { phaseToWire } from "../wire/phase.ts";
import { warningsToWire } from "../wire/resolution.ts";
import { settingsToWire } from "../wire/settings.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Where settings and facts come from besides the store: the program, its environment and its catalog. */
export function createSourceMethods(
  engine: Engine,
  clock: Clock,
): Pick<
  ServiceImpl<typeof ModelService>,
  "listPhases" | "getEnvironmentConfig" | "getCatalogInfo"
> {
  return {
    listPhases: () => ({
      phases: PHASES.map((facts) => ({
        phase: phaseToWire(facts.phase),
        name: facts.phase,
        description: facts.description,
        defaultTemperature: facts.temperature,
        defaultMaxTokens: facts.maxTokens,
      })),
    }),
    getEnvironmentConfig() {
      const { defaultModel, phases, variables, warnings } = engine.state.config.environment;
      return {
        defaultModel: defaultModel ?? "",
        phases: PHASES.flatMap(({ phase }) => {
          const settings = phases[phase];
          return settings
            ? [{ phase: phaseToWire(phase), settings: settingsToWire(settings) }]
            : [];
        }),
        variables: variables.map(({ name, value, sets }) => ({ name, value, sets })),
        warnings: warningsToWire(warnings),
      };
    },
    getCatalogInfo() {
      const { info } = engine.state.config.catalog;
      return {
        date: info.generatedOn,
        ageDays: Math.max(0, (clock.nowMs() - info.generatedAtMs) / DAY_MS),
        modelCount: info.modelCount,
        pricedCount: info.pricedCount,
        sources: info.sources.map(({ name, version, licence, use }) => ({
          name,
          version,
          licence,
          use,
        })),
        countByLifecycle: Object.fromEntries(info.countByLifecycle),
        countByVendor: Object.fromEntries(info.countByVendor),
      };
    },
  };
}
