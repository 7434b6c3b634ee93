import { timingSafeEqual } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { phaseFacts, phaseOfNumber } from "../domain/config/phase.ts";
import { canonicalSettings, type Settings } from "../domain/config/settings.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import { SharedTokenSchema } from "../gen/attuned/storage/v1/token_pb.ts";
import { hmacSha256 } from "../platform/digest.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What a shared token says: it stands for every unit that got the same answer in the same minute. */
export interface SharedDecision {
  readonly arm: Arm;
  readonly revision: number;
  readonly decidedMinute: number;
}

const VERSION_SHARED = 1;
const HEADER_BYTES = 5;
const MAC_BYTES = 12;
/**
 * Characters of the longest token that is looked at: room for the largest settings there are, 16 stop sequences of 256 characters
 * that JSON escapes with six each, beside the names of a scope.
 */
const TOKEN_LENGTH_MAX = 48 * 1024;

/**
 * Seals a decision into a token: version, key id, content and a MAC over all of it, in base64url.
 *
 * The MAC is HMAC-SHA-256 cut to 96 bits: forging one takes 2^95 tries on average, and each costs a call.
 */
export function sealToken(decision: SharedDecision, keys: TokenKeys): string {
  const { arm } = decision;
  const content = toBinary(
    SharedTokenSchema,
    create(SharedTokenSchema, {
      model: arm.scope.model,
      phase: phaseFacts(arm.scope.phase).number,
      dimensions: [...arm.scope.dimensions],
      configId: arm.configId,
      settings: canonicalSettings(arm.settings),
      revision: BigInt(decision.revision),
      decidedMinute: decision.decidedMinute,
    }),
  );
  const [key] = keys;
  const sealed = Buffer.concat([Uint8Array.of(VERSION_SHARED), key.id, content]);
  return Buffer.concat([sealed, macOf(sealed, key.secret)]).toString("base64url");
}

/** Opens a token; undefined for one that is damaged, forged, of another store or of an unknown version. */
export function openToken(token: string, keys: TokenKeys): SharedDecision | undefined {
  if (token.length > TOKEN_LENGTH_MAX) return undefined;
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length < HEADER_BYTES + MAC_BYTES || bytes[0] !== VERSION_SHARED) return undefined;
  // Decoding forgives stray characters; a token that was not written like this was damaged.
  if (bytes.toString("base64url") !== token) return undefined;
  const sealed = bytes.subarray(0, -MAC_BYTES);
  const id = bytes.subarray(1, HEADER_BYTES);
  const key = keys.find((candidate) => Buffer.compare(candidate.id, id) === 0);
  if (!key || !timingSafeEqual(macOf(sealed, key.secret), bytes.subarray(-MAC_BYTES)))
    return undefined;
  const content = fromBinary(SharedTokenSchema, sealed.subarray(HEADER_BYTES));
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

function macOf(sealed: Uint8Array, secret: Uint8Array): Uint8Array {
  return hmacSha256(secret, sealed).subarray(0, MAC_BYTES);
}
