import type { ServiceImpl } from "@connectrpc/connect";
import { detectCapabilities } from "../../domain/catalog/capabilities.ts";
import type { ResolvedName } from "../../domain/catalog/resolved-name.ts";
import { servedModel } from "../../domain/catalog/served-model.ts";
import { baseLayers, modelKeyOf, resolveName } from "../../domain/config/registry.ts";
import { modelNameViolation } from "../../domain/config/validate.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ModelService } from "../../gen/attuned/v1/model_service_pb.ts";
import { capabilityToWire } from "../wire/model-config.ts";
import { modelNameToWire } from "../wire/model-name.ts";

/** What a name stands for. Errors: MODEL_NAME_INVALID. */
export function requiredName(engine: Engine, name: string, field: string): ResolvedName {
  const resolved = resolveName(engine.state.config, name);
  if (resolved.kind !== "INVALID") return resolved;
  const message = modelNameViolation(name) ?? "is not a name";
  throw new Fault("MODEL_NAME_INVALID", `the model's name ${message}`, {
    violations: [{ field, message }],
  });
}

/** Names of models, and what the models can do. */
export function createNameMethods(
  engine: Engine,
): Pick<ServiceImpl<typeof ModelService>, "resolveModelName" | "detectCapabilities"> {
  return {
    resolveModelName(request) {
      const name = requiredName(engine, request.name, "name");
      const isOpen = name.kind === "UNKNOWN" || name.kind === "FAMILY";
      return modelNameToWire(name, isOpen ? engine.lookups.suggestions(name.wireModel) : []);
    },
    detectCapabilities(request) {
      const { config } = engine.state;
      const name = requiredName(engine, request.model, "model");
      const written = baseLayers(config, modelKeyOf(name)).findLast(
        ({ layer, config: own }) =>
          (layer === "file" || layer === "stored") && own.capabilities !== undefined,
      );
      const own = written?.config.capabilities;
      if (own !== undefined) return { capabilities: own.map(capabilityToWire), source: "config" };
      const { facts } = servedModel(name, config.catalog);
      const { capabilities, source } = detectCapabilities(name.canonicalId, facts);
      return { capabilities: capabilities.map(capabilityToWire), source };
    },
  };
}
