import { canonicalSettings, type Settings } from "./settings.ts";

/** A digest of a text, at least 16 bytes; comes in as a value because the core has no cryptography of its own. */
export type Digest = (text: string) => Uint8Array;

const VERSION = "c1";
const HEX_BYTES = 10;

export interface ConfigIdInput {
  /** Key of the model config, else the canonical name of the model. */
  readonly modelKey: string;
  /** The tunable settings of every layer through `pin`; exactly the named fields for an outcome without a token. */
  readonly settings: Settings;
  /** Digest of the prompt templates in use; empty where there are none. */
  readonly promptDigest?: string;
}

/**
 * The versioned hash that names an observational arm: equal model, settings and prompts give an equal id, in every scope and on
 * every daemon. 80 bits, so that among a million arms two collide with a chance below 1e-12.
 */
export function configIdOf(input: ConfigIdInput, digest: Digest): string {
  const content = JSON.stringify([
    VERSION,
    input.modelKey,
    canonicalSettings(input.settings),
    input.promptDigest ?? "",
  ]);
  let hex = "";
  for (const byte of digest(content).subarray(0, HEX_BYTES))
    hex += byte.toString(16).padStart(2, "0");
  return `${VERSION}-${hex}`;
}
