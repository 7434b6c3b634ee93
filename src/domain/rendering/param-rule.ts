import type { RenderApi } from "../catalog/model-facts.ts";
import type { ReasonCode } from "./rendering.ts";
import type { WireSetting } from "./wire-names.ts";

/** Whether the model reasons in this request: asked for, switched off, or left to the provider. */
export type ReasoningState = "on" | "off" | "default";

/** What a rule does to the parameter that it matches. */
export type RuleEffect =
  | { readonly kind: "accept" }
  | { readonly kind: "omit" }
  | { readonly kind: "rename"; readonly to: string }
  | { readonly kind: "items"; readonly max: number }
  | { readonly kind: "range"; readonly min: number; readonly max: number };

/** One fact about one parameter, as data. Rules are read in order; the first match decides. */
export type ParamRule = {
  readonly id: string;
  readonly param: WireSetting;
  readonly apis: readonly RenderApi[];
  readonly apiVersions?: readonly string[];
  /** Matches the canonical id in lower case, or the name for the wire of an unknown model. */
  readonly model?: RegExp;
  /** Vendors whose models it holds for; unknown models have none. */
  readonly vendors?: readonly string[];
  readonly reasoning?: readonly ReasoningState[];
  /** Effect of advice; a deliberate setting is sent all the same. */
  readonly advice?: true;
  readonly effect: RuleEffect;
  readonly reason: ReasonCode;
  readonly message: string;
  /** Where the fact is from. */
  readonly evidence: string;
  /** Day on which it was looked up, YYYY-MM-DD. */
  readonly asOf: string;
};

/** What a rule is matched against. */
export type RuleSubject = {
  readonly param: WireSetting;
  readonly api: RenderApi;
  readonly apiVersion: string;
  readonly modelId: string;
  readonly vendor: string | undefined;
  readonly reasoning: ReasoningState;
};
