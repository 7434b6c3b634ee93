import { decodeWordChunk, encodeWordChunk } from "./word-chunk.ts";

/** What several targets share: the arm that counted them, and of those of an experiment's units the experiment, the start and its arm. */
export type StoredPlace =
  | readonly [scope: string, configId: string]
  | readonly [scope: string, configId: string, experimentId: string, boot: number, arm: number];

/** What feedback can be about, as one checkpoint added it. */
export interface TargetChunk {
  /** When the checkpoint was written, in milliseconds since 1970. */
  readonly atMs: number;
  /** What the entries refer to by its index here. */
  readonly places: readonly StoredPlace[];
  /** Words of an entry. */
  readonly width: number;
  /** The entries, one after the other. */
  readonly words: Uint32Array;
}

/** Words of an entry in chunks of layout 2 and before, whose head was the list of places alone. */
const OLD_WIDTH = 6;

/** Encodes a chunk: the length of its head as JSON in UTF-8, that JSON, then the words. */
export function encodeTargetChunk({ atMs, places, width, words }: TargetChunk): Uint8Array {
  const text = Buffer.from(JSON.stringify({ width, places }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, encodeWordChunk({ atMs, words })]);
}

/** Decodes a chunk. Errors: throws on bytes that are none. */
export function decodeTargetChunk(bytes: Uint8Array): TargetChunk {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + buffer.readUInt32LE(0);
  const head = JSON.parse(buffer.toString("utf8", 4, end)) as
    | readonly StoredPlace[]
    | Pick<TargetChunk, "places" | "width">;
  const known = "places" in head ? head : { places: head, width: OLD_WIDTH };
  return { ...known, ...decodeWordChunk(buffer.subarray(end)) };
}
