import { decodeWordChunk, encodeWordChunk } from "./word-chunk.ts";

/** What feedback can be about, as one checkpoint added it. */
export interface TargetChunk {
  /** When the checkpoint was written, in milliseconds since 1970. */
  readonly atMs: number;
  /** Scope and config id of the arms that the entries refer to by their place. */
  readonly arms: readonly (readonly [scope: string, configId: string])[];
  /** The entries, one after the other. */
  readonly words: Uint32Array;
}

/** Encodes a chunk: the length of the arms as JSON in UTF-8, that JSON, then the words. */
export function encodeTargetChunk({ atMs, arms, words }: TargetChunk): Uint8Array {
  const text = Buffer.from(JSON.stringify(arms), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, encodeWordChunk({ atMs, words })]);
}

/** Decodes a chunk. Errors: throws on bytes that are none. */
export function decodeTargetChunk(bytes: Uint8Array): TargetChunk {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + buffer.readUInt32LE(0);
  const arms = JSON.parse(buffer.toString("utf8", 4, end)) as TargetChunk["arms"];
  return { arms, ...decodeWordChunk(buffer.subarray(end)) };
}
