import type { ModelFacts } from "../catalog/model-facts.ts";
import type { SettingKey, Settings } from "../config/settings.ts";
import type { ParamRule, RuleSubject } from "./param-rule.ts";
import type { Adjustment, JsonValue, RenderWarning } from "./rendering.ts";
import { rulesFor } from "./rules.ts";
import { parameterOf, WIRE_NAMES, WIRE_SETTINGS, type WireSetting } from "./wire-names.ts";

/** A setting on its way into the request. */
export type WireParam = {
  readonly key: WireSetting;
  /** Path of the request field. */
  readonly name: string;
  readonly value: JsonValue;
};

/** Everything but max_tokens that the rules decide. */
export type AppliedRules = {
  readonly params: readonly WireParam[];
  readonly adjustments: readonly Adjustment[];
  readonly warnings: readonly RenderWarning[];
};

export type RuleContext = Omit<RuleSubject, "param"> & {
  readonly facts: ModelFacts | undefined;
  /** Settings that advice does not remove. */
  readonly deliberate: ReadonlySet<SettingKey>;
  /** STRICT keeps what is merely not advised. */
  readonly keepsDiscouraged: boolean;
};

/** Applies the rules to every setting; what no rule and no fact refuses is kept. */
export function applyRules(settings: Settings, context: RuleContext): AppliedRules {
  const params: WireParam[] = [];
  const adjustments: Adjustment[] = [];
  const warnings: RenderWarning[] = [];
  for (const key of WIRE_SETTINGS) {
    const value = settings[key];
    if (value === undefined) continue;
    const outcome = applyTo(key, value, context);
    adjustments.push(...outcome.adjustments);
    warnings.push(...(outcome.warnings ?? []));
    if (outcome.param !== undefined) params.push(outcome.param);
  }
  return { params, adjustments, warnings };
}

type Outcome = {
  readonly param?: WireParam;
  readonly adjustments: readonly Adjustment[];
  readonly warnings?: readonly RenderWarning[];
};

function applyTo(key: WireSetting, value: JsonValue, context: RuleContext): Outcome {
  const parameter = parameterOf(key);
  const apiName = WIRE_NAMES[context.api][key];
  const omitted = (by: Pick<ParamRule, "id" | "reason" | "message">): Outcome => ({
    adjustments: [
      {
        param: parameter,
        requested: value,
        action: "omitted",
        reason: by.reason,
        message: by.message,
        ruleId: by.id,
      },
    ],
  });
  if (apiName === undefined) {
    const message = `${context.api} has no ${parameter}`;
    return omitted({ id: "wire-names", reason: "UNSUPPORTED_BY_API", message });
  }
  const rules = rulesFor({ ...context, param: key });
  const refusal = rules.find((rule) => rule.effect.kind === "omit");
  if (refusal !== undefined) {
    const keeps =
      refusal.advice === true && (context.keepsDiscouraged || context.deliberate.has(key));
    if (!keeps) return omitted(refusal);
  }
  const fact = refusedByFacts(key, context);
  if (refusal === undefined && fact !== undefined) return omitted(fact);
  const kept = keep(key, value, rules);
  const name = nameOf(rules) ?? apiName;
  const leaf = name.slice(name.lastIndexOf(".") + 1);
  const renamed: readonly Adjustment[] =
    leaf === parameter ? [] : [renaming(parameter, value, { name, rules })];
  const warnings =
    refusal === undefined ? [] : [{ reason: refusal.reason, message: refusal.message }];
  return {
    param: { key, name, value: kept.value },
    adjustments: [...kept.adjustments, ...renamed],
    warnings,
  };
}

/** What the catalog says where no rule speaks; it knows only the vendor's own service. */
function refusedByFacts(
  key: WireSetting,
  { facts, api, reasoning }: RuleContext,
): Pick<ParamRule, "id" | "reason" | "message"> | undefined {
  if (facts === undefined || facts.nativeApi !== api) return undefined;
  const support = key === "temperature" ? facts.sampling.temperature : facts.sampling.topP;
  if (key !== "temperature" && key !== "topP") return undefined;
  const message = `the catalog says that the model takes no ${parameterOf(key)}`;
  if (support === "no") return { id: "facts-sampling", reason: "UNSUPPORTED_BY_MODEL", message };
  if (support === "effort_none" && reasoning !== "off") {
    return { id: "facts-sampling", reason: "REQUIRES_EFFORT_NONE", message };
  }
  return undefined;
}

function nameOf(rules: readonly ParamRule[]): string | undefined {
  for (const { effect } of rules) if (effect.kind === "rename") return effect.to;
  return undefined;
}

function renaming(
  parameter: string,
  value: JsonValue,
  { name, rules }: { readonly name: string; readonly rules: readonly ParamRule[] },
): Adjustment {
  const rule = rules.find((one) => one.effect.kind === "rename");
  return {
    param: parameter,
    requested: value,
    rendered: name,
    action: "renamed",
    reason: "RENAMED",
    message: rule?.message ?? `this API calls it ${name}`,
    ruleId: rule?.id ?? "wire-names",
  };
}

function keep(
  key: WireSetting,
  value: JsonValue,
  rules: readonly ParamRule[],
): { readonly value: JsonValue; readonly adjustments: readonly Adjustment[] } {
  for (const rule of rules) {
    const clamped = clamp(value, rule);
    if (clamped === undefined) continue;
    const adjustment: Adjustment = {
      param: parameterOf(key),
      requested: value,
      rendered: clamped,
      action: "clamped",
      reason: rule.reason,
      message: rule.message,
      ruleId: rule.id,
    };
    return { value: clamped, adjustments: [adjustment] };
  }
  return { value, adjustments: [] };
}

/** The value inside a rule's bounds, or undefined where it is inside already. */
function clamp(value: JsonValue, { effect }: ParamRule): JsonValue | undefined {
  if (effect.kind === "range" && typeof value === "number") {
    const inside = Math.min(Math.max(value, effect.min), effect.max);
    return inside === value ? undefined : inside;
  }
  if (effect.kind === "items" && Array.isArray(value) && value.length > effect.max) {
    return value.slice(0, effect.max);
  }
  return undefined;
}

/** Claude refuses temperature beside top_p; phases differ by temperature, so that one stays. */
export function excludeTogether(
  params: readonly WireParam[],
  context: Pick<RuleContext, "api" | "modelId">,
): { readonly params: readonly WireParam[]; readonly adjustments: readonly Adjustment[] } {
  const topP = params.find((param) => param.key === "topP");
  const hasTemperature = params.some((param) => param.key === "temperature");
  const isClaude = context.api === "anthropic.messages" && context.modelId.includes("claude");
  if (!isClaude || !hasTemperature || topP === undefined) return { params, adjustments: [] };
  return {
    params: params.filter((param) => param !== topP),
    adjustments: [
      {
        param: "top_p",
        requested: topP.value,
        action: "omitted",
        reason: "MUTUALLY_EXCLUSIVE",
        message: "temperature and top_p cannot both be given; temperature is kept",
        ruleId: "anthropic-temperature-or-top-p",
      },
    ],
  };
}
