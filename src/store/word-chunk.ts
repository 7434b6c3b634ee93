import { endianness } from "node:os";

const IS_BIG_ENDIAN = endianness() === "BE";
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
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + words.byteLength);
  bytes.writeDoubleLE(atMs);
  bytes.set(new Uint8Array(words.buffer, words.byteOffset, words.byteLength), HEADER_BYTES);
  if (IS_BIG_ENDIAN) bytes.subarray(HEADER_BYTES).swap32();
  return bytes;
}

/** Decodes a chunk whose words may be those of `bytes`: they are read, and not changed. Errors: as `decodeWordChunk`. */
export function viewWordChunk(bytes: Uint8Array): WordChunk {
  const offset = bytes.byteOffset + HEADER_BYTES;
  const isAligned = offset % Uint32Array.BYTES_PER_ELEMENT === 0;
  if (!isAligned || IS_BIG_ENDIAN || bytes.byteLength % 4 !== 0) return decodeWordChunk(bytes);
  const { buffer, byteOffset, byteLength } = bytes;
  const atMs = new DataView(buffer, byteOffset, byteLength).getFloat64(0, true);
  return { atMs, words: new Uint32Array(buffer, offset, (byteLength - HEADER_BYTES) / 4) };
}

/** Decodes a chunk. Errors: throws on bytes that are too short for one. */
export function decodeWordChunk(bytes: Uint8Array): WordChunk {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A copy, because words begin at a multiple of their size.
  const words = new Uint8Array(bytes.subarray(HEADER_BYTES));
  if (IS_BIG_ENDIAN) Buffer.from(words.buffer).swap32();
  return { atMs: view.getFloat64(0, true), words: new Uint32Array(words.buffer) };
}
