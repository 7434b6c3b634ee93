import { type ModelFacts, RENDER_APIS, type RenderApi } from "../catalog/model-facts.ts";
import {
  SETTING_FIELDS,
  type SettingKey,
  type Settings,
  type SettingValue,
  sameSetting,
} from "../config/settings.ts";
import { tightestWindow } from "../rendering/model-warnings.ts";
import { render } from "../rendering/render.ts";
import type { JsonValue } from "../rendering/rendering.ts";
import { ANTHROPIC_VERSIONS } from "../rendering/rules-anthropic.ts";

/** What rendering goes by beside the settings. */
export interface RenderedModel {
  readonly facts: ModelFacts | undefined;
  readonly wireModel: string;
  /** Tokens; undefined where nobody said so. */
  readonly contextWindow: number | undefined;
}

/** The values that some rendering of settings sends, by setting, beside the one that was decided. */
export interface RenderedValues {
  readonly byKey: ReadonlyMap<SettingKey, readonly JsonValue[]>;
  /** Tokens that prompt and answer share; infinite where nobody knows. */
  readonly window: number;
}

/** Callers count the tokens of a prompt with tokenizers of their own: the number may be off by this factor. */
const PROMPT_TOKENS_OFF = 2;

const EVERY_KEY: ReadonlySet<SettingKey> = new Set(SETTING_FIELDS.map(({ key }) => key));

/**
 * What `render` makes of settings for every API that an agent may have asked for, whether or not the settings were chosen on purpose:
 * the outcome of a call does not tell which. What a rendering leaves out, an agent that goes by it does not name; what RAW sends, is
 * the decision itself.
 */
export function renderedValues(settings: Settings, model: RenderedModel): RenderedValues {
  const { facts, wireModel, contextWindow } = model;
  const byKey = new Map<SettingKey, JsonValue[]>();
  for (const { api, apiVersion } of DIALECTS) {
    for (const deliberate of [new Set<SettingKey>(), EVERY_KEY]) {
      const result = render({
        facts,
        wireModel,
        settings,
        additionalParams: [],
        api,
        mode: "ADJUST",
        deliberate,
        ...(apiVersion === undefined ? {} : { apiVersion }),
        ...(contextWindow === undefined ? {} : { contextWindow }),
      });
      for (const { param, action, rendered } of result.kind === "rendered"
        ? result.adjustments
        : []) {
        const key = SETTING_FIELDS.find(({ parameter }) => parameter === param)?.key;
        // A renamed setting keeps its value: what is said of it is its name.
        if (key === undefined || rendered === undefined || action === "renamed") continue;
        byKey.set(key, [...(byKey.get(key) ?? []), rendered]);
      }
    }
  }
  return { byKey, window: tightestWindow(facts, contextWindow) };
}

interface Dialect {
  readonly api: RenderApi;
  readonly apiVersion?: string;
}

const DIALECTS: readonly Dialect[] = RENDER_APIS.flatMap((api): Dialect[] =>
  api === "anthropic.messages"
    ? ANTHROPIC_VERSIONS.map((apiVersion) => ({ api, apiVersion }))
    : [{ api }],
);

/** Whether an agent that applied a value may have gone by a rendering of the decision. */
export function mayBeRendered(
  { byKey, window }: RenderedValues,
  applied: { readonly key: SettingKey; readonly value: SettingValue },
  call: { readonly told: SettingValue | undefined; readonly inputTokens: number | undefined },
): boolean {
  const { key, value } = applied;
  if (sameSetting(value, call.told)) return true;
  const values = byKey.get(key) ?? [];
  if (values.some((rendered) => JSON.stringify(rendered) === JSON.stringify(value))) return true;
  return key === "maxTokens" && typeof value === "number" && mayBeFitted(value, values);

  /** A prompt that leaves less than was decided lowers max_tokens to what it leaves. */
  function mayBeFitted(tokens: number, rendered: readonly JsonValue[]): boolean {
    const most = [call.told, ...rendered].filter((limit) => typeof limit === "number");
    if (!Number.isFinite(window) || most.length === 0 || tokens > Math.max(...most)) return false;
    const prompt = window - tokens;
    const { inputTokens } = call;
    if (inputTokens === undefined) return true;
    return prompt >= inputTokens / PROMPT_TOKENS_OFF && prompt <= inputTokens * PROMPT_TOKENS_OFF;
  }
}
