import type { Engine } from "../../engine/engine.ts";
import { hasPast } from "../../engine/versions.ts";
import { requiredModel } from "../request-fields.ts";

/**
 * The key that the past of a model goes by: that of its config, or the very name where a config that was deleted since had it.
 * Errors: MODEL_NAME_INVALID.
 */
export async function pastModel(engine: Engine, name: string): Promise<string> {
  const exact = requiredModel(name);
  const key = engine.lookups.modelKey(exact);
  return key !== exact && (await hasPast(engine.store, exact)) ? exact : key;
}
