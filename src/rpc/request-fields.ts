import type { HandlerContext } from "@connectrpc/connect";
import { modelNameViolation } from "../domain/config/validate.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { callerKey } from "./server/caller.ts";

/** The trimmed name of a model. Errors: MODEL_NAME_INVALID. */
export function requiredModel(name: string): string {
  const violation = modelNameViolation(name);
  if (violation === undefined) return name.trim();
  throw new Fault("MODEL_NAME_INVALID", `the model's name ${violation}`, {
    violations: [{ field: "model", message: violation }],
  });
}

/** Who calls, for `changed_by`. */
export function callerName(context: HandlerContext): string {
  return context.values.get(callerKey).name;
}
