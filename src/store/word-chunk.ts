/** Bytes before the words: the time. */
const HEADER_BYTES = 8;

/** 32-bit words of one checkpoint and the time when it was written. */
export interface WordChunk {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly words: Uint32Array;
}

/** Encodes a chunk: a 64-bit float, then the words, all little-endian. */
export function encodeWordChunk({ atMs, words }: WordChunk): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + words.length * 4);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, atMs, true);
  for (let index = 0; index < words.length; index++)
    view.setUint32(HEADER_BYTES + index * 4, words[index] ?? 0, true);
  return bytes;
}

/** Decodes a chunk. Errors: throws on bytes that are too short for one. */
export function decodeWordChunk(bytes: Uint8Array): WordChunk {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array((bytes.byteLength - HEADER_BYTES) / 4);
  for (let index = 0; index < words.length; index++)
    words[index] = view.getUint32(HEADER_BYTES + index * 4, true);
  return { atMs: view.getFloat64(0, true), words };
}
