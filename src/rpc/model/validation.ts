import type { ServiceImpl } from "@connectrpc/connect";
import { type ConfigConstraints, constraintFaults } from "../../domain/config/constraints.ts";
import { modelKeyOf, resolveName } from "../../domain/config/registry.ts";
import { Fault, type Violation } from "../../domain/kernel/fault.ts";
import { CONFIG_LIST_MAX } from "../../domain/kernel/limits.ts";
import { checkConfig } from "../../engine/config-check.ts";
import type { Engine } from "../../engine/engine.ts";
import type {
  ModelService,
  ConfigConstraints as WireConstraints,
} from "../../gen/attuned/v1/model_service_pb.ts";
import { modelConfigToWire, parseModelConfig } from "../wire/model-config.ts";
import { warningsToWire } from "../wire/resolution.ts";

/** Dry runs of writes. */
export function createValidationMethods(
  engine: Engine,
): Pick<ServiceImpl<typeof ModelService>, "validateConfig"> {
  return {
    validateConfig(request) {
      const constraints = constraintsFromWire(request.constraints);
      const allowed = request.constraints?.allowedModels ?? [];
      if (!request.config) {
        return { valid: false, violations: [{ field: "config", message: "must be given" }] };
      }
      const { config, violations: found } = parseModelConfig(request.config);
      const check = checkConfig(engine.state.config, config, { found, constraints });
      const violations = [
        ...check.violations,
        ...(allowed.length === 0 ? [] : disallowed(engine, config.modelName, allowed)),
      ];
      const isValid = violations.length === 0;
      return {
        valid: isValid,
        violations: violations.map(({ field, message }) => ({ field, message })),
        warnings: warningsToWire(check.warnings),
        ...(isValid && check.merged ? { merged: modelConfigToWire(check.merged) } : {}),
      };
    },
  };
}

/** Errors: REQUEST_MALFORMED for bounds that bound nothing. */
function constraintsFromWire(wire: WireConstraints | undefined): ConfigConstraints {
  if (!wire) return {};
  const { maxTemperature, minTemperature, maxTokens, maxTimeoutSeconds, maxRetries } = wire;
  const constraints = {
    ...(maxTemperature === undefined ? {} : { maxTemperature }),
    ...(minTemperature === undefined ? {} : { minTemperature }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(maxTimeoutSeconds === undefined ? {} : { maxTimeoutSeconds }),
    ...(maxRetries === undefined ? {} : { maxRetries }),
  };
  const violations = constraintFaults(constraints);
  if (wire.allowedModels.length > CONFIG_LIST_MAX) {
    const message = `must have at most ${CONFIG_LIST_MAX} entries`;
    violations.push({ field: "constraints.allowedModels", message });
  }
  if (violations.length === 0) return constraints;
  const message = violations.map((v) => `${v.field} ${v.message}`).join("; ");
  throw new Fault("REQUEST_MALFORMED", message, { violations });
}

/** Another name of an allowed model is allowed too. */
function disallowed(engine: Engine, model: string, allowed: readonly string[]): Violation[] {
  const keyOf = (name: string) => modelKeyOf(resolveName(engine.state.config, name));
  if (allowed.some((name) => keyOf(name) === keyOf(model))) return [];
  return [{ field: "config.modelName", message: `must be one of ${allowed.join(", ")}` }];
}
