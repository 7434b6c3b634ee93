import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeWordChunk, encodeWordChunk, viewWordChunk } from "./word-chunk.ts";

test("a chunk is what it was, wherever its bytes lie", () => {
  fc.assert(
    fc.property(
      fc.uint32Array({ maxLength: 20 }),
      fc.double({ noNaN: true }),
      fc.nat({ max: 8 }),
      (words, atMs, offset) => {
        const encoded = encodeWordChunk({ atMs, words });
        const within = new Uint8Array(offset + encoded.length + 3);
        within.set(encoded, offset);
        const bytes = within.subarray(offset, offset + encoded.length);
        for (const decode of [decodeWordChunk, viewWordChunk]) {
          const chunk = decode(bytes);
          expect([chunk.atMs, Array.from(chunk.words)]).toEqual([atMs, Array.from(words)]);
        }
      },
    ),
  );
});

test("bytes that are no chunk are refused", () => {
  for (const length of [0, 7, 9, 14]) {
    expect(() => decodeWordChunk(new Uint8Array(length))).toThrow(RangeError);
    expect(() => viewWordChunk(new Uint8Array(length))).toThrow(RangeError);
  }
});

test("the words of a decoded chunk can be changed without the bytes", () => {
  const bytes = encodeWordChunk({ atMs: 1, words: Uint32Array.of(2, 3) });
  decodeWordChunk(bytes).words[0] = 9;
  expect(Array.from(viewWordChunk(bytes).words)).toEqual([2, 3]);
});
