import type { ParamRule, RuleSubject } from "./param-rule.ts";
import { ANTHROPIC_RULES } from "./rules-anthropic.ts";
import { GOOGLE_RULES } from "./rules-google.ts";
import { LOCAL_RULES } from "./rules-local.ts";
import { MISTRAL_RULES } from "./rules-mistral.ts";
import { OPENAI_RULES } from "./rules-openai.ts";

/** Every rule, by API; renames and ranges stand after what refuses a parameter. */
export const PARAM_RULES: readonly ParamRule[] = [
  ...OPENAI_RULES,
  ...ANTHROPIC_RULES,
  ...GOOGLE_RULES,
  ...MISTRAL_RULES,
  ...LOCAL_RULES,
];

/** The rules of a subject in order; the first that is no rename decides, a rename adds to it. */
export function rulesFor(subject: RuleSubject): readonly ParamRule[] {
  return PARAM_RULES.filter((rule) => matches(rule, subject));
}

function matches(rule: ParamRule, subject: RuleSubject): boolean {
  return (
    rule.param === subject.param &&
    rule.apis.includes(subject.api) &&
    (rule.apiVersions?.includes(subject.apiVersion) ?? true) &&
    (rule.model?.test(subject.modelId) ?? true) &&
    (rule.vendors === undefined ||
      (subject.vendor !== undefined && rule.vendors.includes(subject.vendor))) &&
    (rule.reasoning?.includes(subject.reasoning) ?? true)
  );
}
