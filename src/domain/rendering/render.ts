import type { SettingKey, Settings } from "../config/settings.ts";
import { buildBody, type Field, responseFormatFor } from "./body.ts";
import { readCallParams } from "./call-params.ts";
import { effortNamed, HEADROOM_TOKENS } from "./effort.ts";
import { lifecycleWarning } from "./model-warnings.ts";
import { fitBudget } from "./reasoning-anthropic.ts";
import type { ReasoningPlan } from "./reasoning-parts.ts";
import { planReasoning } from "./reasoning-plan.ts";
import type {
  Adjustment,
  ClientSettings,
  ReasonCode,
  Rendered,
  RenderInput,
  RenderResult,
  RenderWarning,
} from "./rendering.ts";
import { ANTHROPIC_DEFAULT_VERSION } from "./rules-anthropic.ts";
import { applyRules, excludeTogether, type RuleContext, type WireParam } from "./sampling.ts";
import { fitContext, limitTokens } from "./token-limits.ts";

/** Efforts from which a short timeout ends most calls, and that timeout in seconds. */
const SLOW_EFFORTS = new Set(["high", "xhigh", "max"]);
const SLOW_TIMEOUT_SECONDS_MIN = 120;

/** Changes that alter no meaning, so that STRICT accepts them. */
const HARMLESS: ReadonlySet<ReasonCode> = new Set([
  "RENAMED",
  "THINKING_HEADROOM_ADDED",
  "REQUIRED_BY_API",
  "NOT_RECOMMENDED",
]);

/**
 * Renders settings to the request that an API accepts. RAW is the seed's dict: model,
 * temperature, max_tokens and top_p, then the additional parameters, nothing else and nothing
 * changed. ADJUST leaves out, renames, moves and adds what the model and the API demand and
 * lists each change. STRICT refuses, with every violation at once, where ADJUST would have
 * changed a meaning; advice is no violation there and is not followed.
 */
export function render(input: RenderInput): RenderResult {
  if (input.mode === "RAW") return renderRaw(input);
  const warnings = modelWarnings(input);
  const call = readCallParams(input.settings, input.additionalParams);
  const modelId = input.facts?.canonicalId ?? input.wireModel.trim().toLowerCase();
  const asked = effortNamed(call.settings.reasoningEffort);
  const headroomTokens = input.headroomTokens ?? HEADROOM_TOKENS;
  const { api, facts } = input;
  const wanted = planReasoning({ api, modelId, facts, asked, headroomTokens });
  const context: RuleContext = {
    api,
    apiVersion: versionOf(input),
    modelId,
    vendor: facts?.vendor,
    reasoning: wanted.state,
    facts,
    deliberate: new Set<SettingKey>([...(input.deliberate ?? []), ...call.keys]),
    keepsDiscouraged: input.mode === "STRICT",
  };
  const applied = applyRules(call.settings, context);
  const single = excludeTogether(applied.params, context);
  const limit = limitTokens(input, call.settings.maxTokens, wanted);
  const plan = fitBudget(wanted, limit.maxTokens);
  const adjustments = [
    ...applied.adjustments,
    ...single.adjustments,
    ...plan.adjustments,
    ...limit.adjustments,
  ];
  warnings.push(...applied.warnings, ...limit.warnings, ...effortWarnings(input, call.settings));
  const hasTools = call.rest.some(([name]) => name === "tools");
  if (hasTools && plan.state !== "off") warnings.push(...toolWarnings(api, modelId));
  const violations = [
    ...adjustments.filter((adjustment) => !HARMLESS.has(adjustment.reason)),
    ...limit.violations,
  ];
  if (input.mode === "STRICT" && violations.length > 0) {
    return { kind: "refused", violations, warnings };
  }
  const fields = bodyFields(input, single.params, { plan, maxTokens: limit.maxTokens });
  return {
    ...answer(input, call.settings, adjustments),
    body: buildBody(fields, call.rest),
    warnings,
  };
}

/** Nothing is changed here, so that an unknown model is no news; what does not fit is. */
function renderRaw(input: RenderInput): Rendered {
  const { temperature, maxTokens, topP } = input.settings;
  const fields: Field[] = [["model", input.wireModel]];
  if (temperature !== undefined) fields.push(["temperature", temperature]);
  if (maxTokens !== undefined) fields.push(["max_tokens", maxTokens]);
  if (topP !== undefined) fields.push(["top_p", topP]);
  const body = buildBody(fields, input.additionalParams);
  const warnings = input.facts === undefined ? [] : modelWarnings(input);
  const tokens = readCallParams(input.settings, input.additionalParams).settings.maxTokens;
  if (tokens !== undefined) warnings.push(...rawContextWarnings(input, tokens));
  return { ...answer(input, input.settings, []), body, warnings };
}

function rawContextWarnings(input: RenderInput, tokens: number): readonly RenderWarning[] {
  const fit = fitContext(input, tokens);
  if (fit.maxTokens === tokens) return fit.warnings;
  const message = `prompt and max_tokens ${tokens} exceed the context window, which leaves ${fit.maxTokens}`;
  return [{ reason: "CONTEXT_TIGHT", message }];
}

function answer(
  input: RenderInput,
  settings: Settings,
  adjustments: readonly Adjustment[],
): Omit<Rendered, "body" | "warnings"> {
  const apiVersion = versionOf(input);
  const { timeoutSeconds, maxRetries } = settings;
  const client: ClientSettings = {
    ...(timeoutSeconds === undefined ? {} : { timeoutMs: Math.round(timeoutSeconds * 1000) }),
    ...(maxRetries === undefined ? {} : { maxRetries }),
  };
  const isAnthropic = input.api === "anthropic.messages";
  const headers: Record<string, string> = isAnthropic ? { "anthropic-version": apiVersion } : {};
  return { kind: "rendered", api: input.api, apiVersion, headers, client, adjustments };
}

function versionOf(input: RenderInput): string {
  if (input.api !== "anthropic.messages") return input.apiVersion ?? "";
  return input.apiVersion ?? ANTHROPIC_DEFAULT_VERSION;
}

/** Gemini takes the model in the address, so its body has none. */
function bodyFields(
  input: RenderInput,
  params: readonly WireParam[],
  { plan, maxTokens }: { readonly plan: ReasoningPlan; readonly maxTokens: number | undefined },
): readonly Field[] {
  const fields: Field[] = input.api === "google.generate" ? [] : [["model", input.wireModel]];
  for (const param of params) {
    if (param.key === "maxTokens") fields.push([param.name, maxTokens ?? param.value]);
    else if (param.key === "responseFormat" && typeof param.value === "string") {
      fields.push([param.name, responseFormatFor(input.api, param.value)]);
    } else fields.push([param.name, param.value]);
  }
  const hasMax = params.some((param) => param.key === "maxTokens");
  if (!hasMax && maxTokens !== undefined) fields.push(["max_tokens", maxTokens]);
  fields.push(...plan.fields);
  return fields;
}

function modelWarnings({ facts, wireModel }: RenderInput): RenderWarning[] {
  if (facts === undefined) {
    const message = `the catalog does not know ${wireModel}; the rules of its API apply`;
    return [{ reason: "UNKNOWN_MODEL", message }];
  }
  const warning = lifecycleWarning(facts);
  return warning === undefined ? [] : [warning];
}

function effortWarnings({ facts }: RenderInput, settings: Settings): readonly RenderWarning[] {
  const effort = effortNamed(settings.reasoningEffort);
  if (effort === undefined) {
    const byDefault = facts?.reasoning.default ?? "none";
    const reasons =
      facts?.reasoning.supported === true && (!facts.reasoning.canDisable || byDefault !== "none");
    if (!reasons || settings.maxTokens === undefined) return [];
    const message =
      "the model reasons unasked and that counts toward max_tokens; set reasoning_effort to add headroom";
    return [{ reason: "THINKING_WITHOUT_HEADROOM", message }];
  }
  const { timeoutSeconds } = settings;
  const short = timeoutSeconds !== undefined && timeoutSeconds < SLOW_TIMEOUT_SECONDS_MIN;
  if (!SLOW_EFFORTS.has(effort) || !short) return [];
  const message = `a timeout of ${timeoutSeconds} s is short for effort ${effort}`;
  return [{ reason: "TIMEOUT_SHORT", message }];
}

/** From gpt-5.4 on, Chat Completions refuses function tools while the model reasons. */
const TOOLS_WITHOUT_REASONING = /^gpt-5\.(?:[4-9]|\d\d)/;

function toolWarnings(api: RenderInput["api"], modelId: string): readonly RenderWarning[] {
  if (api !== "openai.chat" || !TOOLS_WITHOUT_REASONING.test(modelId)) return [];
  const message =
    "Chat Completions refuses tools while this model reasons; use openai.responses or effort none";
  return [{ reason: "UNSUPPORTED_BY_API", message }];
}
