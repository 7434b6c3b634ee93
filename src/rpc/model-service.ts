import type { ServiceImpl } from "@connectrpc/connect";
import { PHASES } from "../domain/config/phase.ts";
import { baseLayers, isKnownModel, mergedConfig, modelNames } from "../domain/config/registry.ts";
import { deleteModelConfig, etagOf, putModelConfig } from "../engine/config-changes.ts";
import type { Engine } from "../engine/engine.ts";
import { pageOfArray } from "../engine/page.ts";
import type { ModelService } from "../gen/attuned/v1/model_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { callerName, requiredModel } from "./request-fields.ts";
import { changeToWire } from "./wire/history.ts";
import { modelConfigFromWire, modelConfigToWire } from "./wire/model-config.ts";
import { phaseToWire } from "./wire/phase.ts";
import { layerToWire, warningsToWire } from "./wire/resolution.ts";

/** The registry of model configs. */
export function createModelService(
  engine: Engine,
  _clock: Clock,
): Partial<ServiceImpl<typeof ModelService>> {
  return {
    listModels(request) {
      const { config } = engine.state;
      const names = modelNames(config).filter((name) => {
        const merged = mergedConfig(config, name);
        const groupFits = request.group === "" || merged.group === request.group;
        return groupFits && (request.family === "" || merged.modelFamily === request.family);
      });
      const page = pageOfArray(names, request, (name) => name);
      return {
        models: page.items.map((name) => modelConfigToWire(mergedConfig(config, name))),
        nextPageToken: page.nextPageToken,
      };
    },
    getModelConfig(request) {
      const { config } = engine.state;
      const model = engine.lookups.modelKey(requiredModel(request.model));
      if (!isKnownModel(config, model)) throw engine.lookups.unknownModel(model);
      const stored = config.stored.get(model)?.config;
      return {
        config: modelConfigToWire(mergedConfig(config, model)),
        ...(stored ? { stored: modelConfigToWire(stored) } : {}),
        etag: etagOf(stored),
        revision: BigInt(config.revision),
        layers: baseLayers(config, model).map((entry) => layerToWire(entry.layer)),
      };
    },
    async putModelConfig(request, context) {
      const written = await engine.commit(
        putModelConfig(modelConfigFromWire(request.config), {
          ...request,
          changedBy: callerName(context),
        }),
      );
      return {
        config: modelConfigToWire(written.config),
        revision: BigInt(written.revision),
        etag: written.etag,
        served: written.served,
        changes: written.changes.map(changeToWire),
        warnings: warningsToWire(written.warnings),
      };
    },
    async deleteModelConfig(request, context) {
      const model = requiredModel(request.model);
      const written = await engine.commit(
        deleteModelConfig(model, { ...request, changedBy: callerName(context) }),
      );
      return { revision: BigInt(written.revision), changes: written.changes.map(changeToWire) };
    },
    listPhases: () => ({
      phases: PHASES.map((facts) => ({
        phase: phaseToWire(facts.phase),
        name: facts.phase,
        description: facts.description,
        defaultTemperature: facts.temperature,
        defaultMaxTokens: facts.maxTokens,
      })),
    }),
  };
}
