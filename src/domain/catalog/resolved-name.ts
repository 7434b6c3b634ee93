/** How a name was understood. */
export const MODEL_NAME_KINDS = [
  "EXACT",
  "ALIAS",
  "SNAPSHOT",
  "FLOATING_ALIAS",
  "FINE_TUNE",
  "LOCAL_TAG",
  "VARIANT",
  "FAMILY",
  "OPAQUE",
  "UNKNOWN",
  "INVALID",
] as const;

export type ModelNameKind = (typeof MODEL_NAME_KINDS)[number];

/** What a model name stands for. Empty strings stand for "not known". */
export type ResolvedName = {
  /** The name exactly as it was given. */
  readonly input: string;
  /** The name to send to the provider: the input without surrounding space, never rewritten. */
  readonly wireModel: string;
  /** Who serves the model, where the name says so. */
  readonly route: string;
  /** Who made the model. */
  readonly vendor: string;
  /** Key of the catalog; the trimmed name itself where the model is not known. */
  readonly canonicalId: string;
  readonly family: string;
  /** Key of the model config that answers for this name; empty where there is none. */
  readonly configKey: string;
  /** Release, build, variant or fine-tune that the name pins. */
  readonly snapshotOrTag: string;
  readonly kind: ModelNameKind;
  /** Whether the provider may change the model behind the name. */
  readonly floating: boolean;
  /** What each rule did, in order, for people. */
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
};

/** What the resolution of a name may ask about the world. */
export type NameContext = {
  /** Whether a model config has this key; asked in the spelling of the name, then lower case. */
  readonly isConfigKey: (name: string) => boolean;
  /** Operator aliases: a whole name in lower case, and the name that it stands for. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Known models. */
  readonly catalog: {
    readonly has: (canonicalId: string) => boolean;
    readonly get: (
      canonicalId: string,
    ) => { readonly vendor: string; readonly family: string } | undefined;
  };
};
