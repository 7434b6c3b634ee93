import { timingSafeEqual } from "node:crypto";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { phaseFacts, phaseOfNumber } from "../domain/config/phase.ts";
import { canonicalSettings, type Settings } from "../domain/config/settings.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import { type SharedToken, SharedTokenSchema } from "../gen/attuned/storage/v1/token_pb.ts";
import { hmacSha256Under } from "../platform/digest.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What a shared token says: it stands for every unit that got the same answer in the same minute. */
export interface SharedDecision {
  readonly arm: Arm;
  readonly revision: number;
  readonly decidedMinute: number;
}

/** The kinds of tokens, by the first byte of each. */
export const TOKEN_VERSIONS = { shared: 1, assignment: 2 } as const;
type TokenVersion = (typeof TOKEN_VERSIONS)[keyof typeof TOKEN_VERSIONS];

const HEADER_BYTES = 5;
const MAC_BYTES = 12;
/**
 * Characters of the longest token that is looked at: room for the largest settings there are, 16 stop sequences of 256 characters
 * that JSON escapes with six each, beside the names of a scope.
 */
const TOKEN_LENGTH_MAX = 48 * 1024;

/** Seals a shared decision. */
export function sealToken(decision: SharedDecision, keys: TokenKeys): string {
  const content = toBinary(SharedTokenSchema, create(SharedTokenSchema, sharedToWire(decision)));
  return sealEnvelope(TOKEN_VERSIONS.shared, content, keys);
}

/** Opens a shared token; undefined for one that is damaged, forged, of another store or of another kind. */
export function openToken(token: string, keys: TokenKeys): SharedDecision | undefined {
  const content = openEnvelope(TOKEN_VERSIONS.shared, token, keys);
  return content && sharedFromWire(fromBinary(SharedTokenSchema, content));
}

/**
 * Seals content into a token: version, key id, content and a MAC over all of it, in base64url.
 *
 * The MAC is HMAC-SHA-256 cut to 96 bits: forging one takes 2^95 tries on average, and each costs a call.
 */
export function sealEnvelope(version: TokenVersion, content: Uint8Array, keys: TokenKeys): string {
  const [key] = keys;
  const sealed = Buffer.concat([Uint8Array.of(version), key.id, content]);
  return Buffer.concat([sealed, macOf(sealed, key.secret)]).toString("base64url");
}

/** The content of a token of a kind; undefined for one that is damaged, forged, of another store or of another kind. */
export function openEnvelope(
  version: TokenVersion,
  token: string,
  keys: TokenKeys,
): Uint8Array | undefined {
  if (token.length > TOKEN_LENGTH_MAX) return undefined;
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length < HEADER_BYTES + MAC_BYTES || bytes[0] !== version) return undefined;
  // Decoding forgives stray characters; a token that was not written like this was damaged.
  if (bytes.toString("base64url") !== token) return undefined;
  const sealed = bytes.subarray(0, -MAC_BYTES);
  const id = bytes.subarray(1, HEADER_BYTES);
  const key = keys.find((candidate) => Buffer.compare(candidate.id, id) === 0);
  if (!key || !timingSafeEqual(macOf(sealed, key.secret), bytes.subarray(-MAC_BYTES)))
    return undefined;
  return sealed.subarray(HEADER_BYTES);
}

export function sharedToWire(decision: SharedDecision): MessageInitShape<typeof SharedTokenSchema> {
  const { arm } = decision;
  return {
    model: arm.scope.model,
    phase: phaseFacts(arm.scope.phase).number,
    dimensions: [...arm.scope.dimensions],
    configId: arm.configId,
    settings: canonicalSettings(arm.settings),
    revision: BigInt(decision.revision),
    decidedMinute: decision.decidedMinute,
  };
}

/** Undefined where the phase is none that this version knows. */
export function sharedFromWire(content: SharedToken): SharedDecision | undefined {
  const phase = phaseOfNumber(content.phase);
  if (!phase) return undefined;
  return {
    arm: {
      scope: { model: content.model, phase, dimensions: content.dimensions },
      configId: content.configId,
      settings: JSON.parse(content.settings) as Settings,
    },
    revision: Number(content.revision),
    decidedMinute: content.decidedMinute,
  };
}

const keyed = new WeakMap<Uint8Array, (bytes: Uint8Array) => Uint8Array>();

function macOf(sealed: Uint8Array, secret: Uint8Array): Uint8Array {
  let hmac = keyed.get(secret);
  if (!hmac) {
    hmac = hmacSha256Under(secret);
    keyed.set(secret, hmac);
  }
  return hmac(sealed).subarray(0, MAC_BYTES);
}
