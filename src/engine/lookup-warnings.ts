import type { ModelFacts } from "../domain/catalog/model-facts.ts";
import type { Limits } from "../domain/config/model-config.ts";
import type { FieldProvenance } from "../domain/config/resolve.ts";
import type { Settings } from "../domain/config/settings.ts";
import type { ConfigWarning } from "../domain/config/validate.ts";
import {
  lifecycleWarning,
  tightestWindow,
  tightWindowWarning,
} from "../domain/rendering/model-warnings.ts";

/** A merged answer, as far as warnings go by it. */
export interface WarnedAnswer {
  readonly facts: ModelFacts | undefined;
  readonly settings: Settings;
  readonly limits: Limits;
  readonly provenance: readonly FieldProvenance[];
}

/**
 * The config's context window in tokens, where someone said so: the 4096 of the defaults is no fact about an unknown model, and
 * nothing is held against it.
 */
export function statedWindow({
  limits,
  provenance,
}: Pick<WarnedAnswer, "limits" | "provenance">): number | undefined {
  const origin = provenance.find(({ field }) => field === "limits.contextWindow");
  const isDefault = origin?.layer === "builtin" && origin.source === "default";
  return isDefault ? undefined : limits.contextWindow;
}

/** What a caller should know of a lookup's answer: nothing of it changes a setting. */
export function lookupWarnings(answer: WarnedAnswer): ConfigWarning[] {
  const lifecycle = answer.facts === undefined ? undefined : lifecycleWarning(answer.facts);
  const window = tightestWindow(answer.facts, statedWindow(answer));
  const { maxTokens } = answer.settings;
  const tight = maxTokens === undefined ? undefined : tightWindowWarning(window, maxTokens);
  return [
    ...(lifecycle ? [{ code: lifecycle.reason, field: "model", message: lifecycle.message }] : []),
    ...(tight ? [{ code: tight.reason, field: "settings.maxTokens", message: tight.message }] : []),
  ];
}
