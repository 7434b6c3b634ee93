import { builtinCatalog } from "../catalog/builtin-catalog.ts";
import type { RenderApi } from "../catalog/model-facts.ts";
import type { Settings } from "../config/settings.ts";
import { render } from "./render.ts";
import type { JsonValue, Rendered, RenderInput } from "./rendering.ts";

export const catalog = builtinCatalog();

/** The seed's planning phase. */
export const planning: Settings = {
  temperature: 0.3,
  maxTokens: 3000,
  topP: 0.9,
  timeoutSeconds: 30,
  maxRetries: 3,
  enableReasoning: true,
};

/** The planning phase of a model of the catalog, adjusted; `more` replaces parts of it. */
export function inputFor(
  model: string,
  api: RenderApi,
  more: Partial<RenderInput> = {},
): RenderInput {
  return {
    facts: catalog.get(model),
    wireModel: model,
    settings: planning,
    additionalParams: [],
    api,
    mode: "ADJUST",
    ...more,
  };
}

/** Renders what is not refused. */
export function rendered(input: RenderInput): Rendered {
  const result = render(input);
  if (result.kind === "refused") throw new Error(JSON.stringify(result.violations));
  return result;
}

export function bodyOf(
  model: string,
  api: RenderApi,
  more: Partial<RenderInput> = {},
): Readonly<Record<string, JsonValue>> {
  return rendered(inputFor(model, api, more)).body;
}

/** Each change as parameter and reason. */
export function reasonsOf(result: Rendered): readonly string[] {
  return result.adjustments.map(({ param, reason }) => `${param} ${reason}`);
}
