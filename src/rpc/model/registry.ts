import type { ServiceImpl } from "@connectrpc/connect";
import { LIFECYCLES, type Lifecycle, type ModelFacts } from "../../domain/catalog/model-facts.ts";
import { servedModel } from "../../domain/catalog/served-model.ts";
import {
  baseLayers,
  type ConfigState,
  isKnownModel,
  mergedConfig,
  modelKeyOf,
  modelNames,
  resolveName,
} from "../../domain/config/registry.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import { deleteModelConfig, etagOf, putModelConfig } from "../../engine/config-changes.ts";
import { warningsOf } from "../../engine/config-check.ts";
import type { Engine } from "../../engine/engine.ts";
import { pageOfArray } from "../../engine/page.ts";
import type { ListModelsRequest, ModelService } from "../../gen/attuned/v1/model_service_pb.ts";
import { callerName, requiredModel } from "../request-fields.ts";
import { factsToWire } from "../wire/facts.ts";
import { changeToWire } from "../wire/history.ts";
import { modelConfigFromWire, modelConfigToWire } from "../wire/model-config.ts";
import { layerToWire, warningsToWire } from "../wire/resolution.ts";
import { requiredName } from "./names.ts";

/** Configs: listed, read, written, removed. */
export function createRegistryMethods(
  engine: Engine,
): Pick<
  ServiceImpl<typeof ModelService>,
  "listModels" | "getModelConfig" | "putModelConfig" | "deleteModelConfig"
> {
  return {
    listModels(request) {
      const { config } = engine.state;
      const page = pageOfArray(listedNames(config, request), request, (name) => name);
      const facts = page.items.flatMap((name) => {
        const known = factsOf(config, name);
        return known === undefined ? [] : [[name, factsToWire(known)] as const];
      });
      return {
        models: page.items.map((name) => modelConfigToWire(mergedConfig(config, name))),
        facts: Object.fromEntries(facts),
        nextPageToken: page.nextPageToken,
      };
    },
    getModelConfig(request) {
      const { config } = engine.state;
      const name = requiredName(engine, request.model, "model");
      const model = modelKeyOf(name);
      if (!isKnownModel(config, model)) throw engine.lookups.unknownModel(model);
      const stored = config.stored.get(model)?.config;
      const { facts } = servedModel(name, config.catalog);
      return {
        config: modelConfigToWire(mergedConfig(config, model)),
        ...(stored ? { stored: modelConfigToWire(stored) } : {}),
        etag: etagOf(stored),
        revision: BigInt(config.revision),
        layers: baseLayers(config, model).map((entry) => layerToWire(entry.layer)),
        ...(facts ? { facts: factsToWire(facts) } : {}),
        warnings: warningsToWire(warningsOf(config, model)),
      };
    },
    async putModelConfig(request, context) {
      const written = await engine.commit(
        putModelConfig(modelConfigFromWire(request.config), {
          etag: request.etag,
          reason: request.reason,
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
      const { etag, reason } = request;
      const written = await engine.commit(
        deleteModelConfig(model, { etag, reason, changedBy: callerName(context) }),
      );
      return { revision: BigInt(written.revision), changes: written.changes.map(changeToWire) };
    },
  };
}

/** Names that a request lists, in ascending order. Naming a lifecycle adds the catalog's models. Errors: REQUEST_MALFORMED. */
function listedNames(state: ConfigState, request: ListModelsRequest): readonly string[] {
  const lifecycle = requestedLifecycle(request);
  const names = modelNames(state);
  const all =
    lifecycle === undefined ? names : [...new Set([...names, ...state.catalog.ids])].sort();
  return all.filter((name) => {
    if (lifecycle !== undefined && factsOf(state, name)?.lifecycle !== lifecycle) return false;
    if (request.group === "" && request.family === "") return true;
    const merged = mergedConfig(state, name);
    const fitsGroup = request.group === "" || merged.group === request.group;
    return fitsGroup && (request.family === "" || merged.modelFamily === request.family);
  });
}

function requestedLifecycle({ lifecycle }: ListModelsRequest): Lifecycle | undefined {
  if (lifecycle === "") return undefined;
  const known = LIFECYCLES.find((one) => one === lifecycle);
  if (known !== undefined) return known;
  const message = `must be one of ${LIFECYCLES.join(", ")}, is ${JSON.stringify(lifecycle)}`;
  throw new Fault("REQUEST_MALFORMED", `lifecycle ${message}`, {
    violations: [{ field: "lifecycle", message }],
  });
}

/** Facts of the model that a config is for. */
function factsOf(state: ConfigState, name: string): ModelFacts | undefined {
  return state.catalog.get(name) ?? servedModel(resolveName(state, name), state.catalog).facts;
}
