import { createHash, hash } from "node:crypto";

/** SHA-256 of a UTF-8 text. */
export function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text, "utf8").digest();
}

/** Bytes that SHA-256 takes in at once, to which HMAC fills up its key. */
const BLOCK_BYTES = 64;

/**
 * HMAC-SHA-256 under a key that is used often: RFC 2104 over plain hashes. Node prepares a key anew for every HMAC, which takes ten times as
 * long as the two hashes.
 */
export function hmacSha256Under(key: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? hash("sha256", key, "buffer") : key);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = block.map((byte) => byte ^ 0x5c);
  return (bytes) => {
    const within = hash("sha256", Buffer.concat([inner, bytes]), "buffer");
    return hash("sha256", Buffer.concat([outer, within]), "buffer");
  };
}
