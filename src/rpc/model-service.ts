import type { ServiceImpl } from "@connectrpc/connect";
import type { Engine } from "../engine/engine.ts";
import type { ModelService } from "../gen/attuned/v1/model_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import { createNameMethods } from "./model/names.ts";
import { createPromptMethods } from "./model/prompts.ts";
import { createRegistryMethods } from "./model/registry.ts";
import { createSourceMethods } from "./model/sources.ts";
import { createValidationMethods } from "./model/validation.ts";

/** The registry of model configs, with everything that is known of their models. */
export function createModelService(engine: Engine, clock: Clock): ServiceImpl<typeof ModelService> {
  return {
    ...createRegistryMethods(engine),
    ...createNameMethods(engine),
    ...createValidationMethods(engine),
    ...createPromptMethods(engine),
    ...createSourceMethods(engine, clock),
  };
}
