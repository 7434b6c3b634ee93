import type { ModelFacts, ReasoningEffort, RenderApi } from "../catalog/model-facts.ts";
import type { SettingKey, Settings } from "../config/settings.ts";

/** A value of a request body. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Why rendering changed or left out a parameter, or warns. The codes are part of the surface. */
export type ReasonCode =
  | "RENAMED"
  | "UNSUPPORTED_BY_MODEL"
  | "UNSUPPORTED_BY_API"
  | "UNSUPPORTED_BY_API_VERSION"
  | "MUTUALLY_EXCLUSIVE"
  | "REQUIRES_EFFORT_NONE"
  | "REQUIRED_BY_API"
  | "FIXED_BY_PROVIDER"
  | "CLAMPED_TO_RANGE"
  | "CLAMPED_TO_OUTPUT_LIMIT"
  | "CONTEXT_TIGHT"
  | "THINKING_HEADROOM_ADDED"
  | "THINKING_WITHOUT_HEADROOM"
  | "EFFORT_LOWERED"
  | "NOT_RECOMMENDED"
  | "TIMEOUT_SHORT"
  | "STREAMING_REQUIRED"
  | "MODEL_DEPRECATED"
  | "MODEL_RETIRED"
  | "UNKNOWN_MODEL";

/** One change that rendering made, so that nothing is dropped in silence. */
export type Adjustment = {
  /** The parameter, as the settings name it. */
  readonly param: string;
  readonly requested?: JsonValue;
  readonly rendered?: JsonValue;
  readonly action: "renamed" | "omitted" | "clamped" | "added";
  readonly reason: ReasonCode;
  readonly message: string;
  /** The rule that decided; see rules.ts for its evidence. */
  readonly ruleId: string;
};

/** Something the caller should know that changes no parameter. */
export type RenderWarning = { readonly reason: ReasonCode; readonly message: string };

/** RAW is the seed's dict, ADJUST what the provider accepts, STRICT refuses what it would not. */
export type RenderMode = "RAW" | "ADJUST" | "STRICT";

/** Tokens that each effort adds to max_tokens, as reasoning counts toward it. */
export type HeadroomTokens = Readonly<Record<ReasoningEffort, number>>;

/** What is rendered. */
export type RenderInput = {
  /** Facts of the model; undefined where the catalog does not know it. */
  readonly facts: ModelFacts | undefined;
  /** The name to send. */
  readonly wireModel: string;
  readonly settings: Settings;
  /** Parameters of the call, in their order; they override and extend the dict. */
  readonly additionalParams: readonly (readonly [string, JsonValue])[];
  readonly api: RenderApi;
  /** Version of Anthropic's API; the one that still has sampling parameters when left out. */
  readonly apiVersion?: string;
  /** Tokens of the prompt, where the caller knows them. */
  readonly promptTokens?: number;
  /** Context window of the config in tokens; the smaller of it and the provider's counts. */
  readonly contextWindow?: number;
  readonly mode: RenderMode;
  /** Settings that a person or the call set on purpose: advice does not remove them. */
  readonly deliberate?: ReadonlySet<SettingKey>;
  readonly headroomTokens?: HeadroomTokens;
};

/** What the client itself has to do; providers know nothing of it. */
export type ClientSettings = { readonly timeoutMs?: number; readonly maxRetries?: number };

/** The request as the provider accepts it. */
export type Rendered = {
  readonly kind: "rendered";
  readonly api: RenderApi;
  readonly apiVersion: string;
  /** Request fields, in the order in which they should be sent. */
  readonly body: Readonly<Record<string, JsonValue>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly client: ClientSettings;
  readonly adjustments: readonly Adjustment[];
  readonly warnings: readonly RenderWarning[];
};

/** STRICT found what the provider would refuse or ignore; all of it at once. */
export type Refused = {
  readonly kind: "refused";
  readonly violations: readonly Adjustment[];
  readonly warnings: readonly RenderWarning[];
};

export type RenderResult = Rendered | Refused;
