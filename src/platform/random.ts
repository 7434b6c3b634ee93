import { randomBytes } from "node:crypto";

/** Unpredictable bytes for ids and keys. */
export interface Random {
  bytes(count: number): Uint8Array;
}

export const systemRandom: Random = { bytes: (count) => randomBytes(count) };

/** An id such as `rec-1f0c…`: the prefix and 12 random bytes in hexadecimal, safe in URLs and label values. */
export function createId(random: Random, prefix: string): string {
  return `${prefix}-${Buffer.from(random.bytes(12)).toString("hex")}`;
}
