import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unpacked } from "./bytes.ts";
import { readLines } from "./lines.ts";

async function* chunked(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

function source(text: string, sizes: readonly number[] = []): AsyncGenerator<Uint8Array> {
  return chunked(new TextEncoder().encode(text), sizes);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe("readLines", () => {
  test("numbers lines from 1 and takes LF and CR LF, with or without a last one", async () => {
    expect(await collect(readLines(source("a\r\n\nb")))).toEqual([
      { number: 1, text: "a" },
      { number: 2, text: "" },
      { number: 3, text: "b" },
    ]);
    expect(await collect(readLines(source("a\n")))).toEqual([{ number: 1, text: "a" }]);
    expect(await collect(readLines(source("")))).toEqual([]);
  });

  test("answers the same lines however the bytes are cut, packed or not", async () => {
    const line = fc
      .string({ unit: "grapheme", maxLength: 20 })
      .map((s) => s.replace(/[\r\n\ufeff]/g, ""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 10 }),
        fc.array(fc.nat(30), { maxLength: 20 }),
        fc.boolean(),
        async (lines, sizes, packed) => {
          const plain = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(""));
          const bytes = packed ? gzipSync(plain) : plain;
          const read = await collect(readLines(unpacked(chunked(bytes, sizes))));
          expect(read.map(({ text }) => text)).toEqual(lines);
          expect(read.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("skips a line that is too long and goes on after it", async () => {
    const lines = await collect(readLines(source("short\nmuch too long\nx", [8, 3]), 6));
    expect(lines).toEqual([
      { number: 1, text: "short" },
      { number: 2, text: "", problem: "the line is longer than 6 bytes" },
      { number: 3, text: "x" },
    ]);
  });

  test("names a line that is not UTF-8", async () => {
    const bytes = new Uint8Array([0x61, 0x0a, 0xff, 0x0a, 0x62]);
    expect(await collect(readLines(chunked(bytes, [])))).toEqual([
      { number: 1, text: "a" },
      { number: 2, text: "", problem: "the line is not UTF-8" },
      { number: 3, text: "b" },
    ]);
  });
});

describe("unpacked", () => {
  test("throws after the lines that could be read when the file breaks off", async () => {
    const text = Array.from({ length: 5000 }, (_, index) => `line ${index * 7919}\n`).join("");
    const packed = gzipSync(text);
    const read: string[] = [];
    const reading = (async () => {
      const cut = chunked(packed.subarray(0, packed.length - 100), []);
      for await (const line of readLines(unpacked(cut))) read.push(line.text);
    })();
    await expect(reading).rejects.toThrow("unexpected end of file");
    expect(read.length).toBeGreaterThan(1000);
  });

  test("reads several packed parts one after the other", async () => {
    const bytes = Buffer.concat([gzipSync("a\n"), gzipSync("b\n")]);
    const lines = await collect(readLines(unpacked(chunked(bytes, []))));
    expect(lines.map(({ text }) => text)).toEqual(["a", "b"]);
  });

  test("passes on what the source throws", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield gzipSync("a\n").subarray(0, 12);
      throw new Error("disk gone");
    }
    await expect(collect(unpacked(broken()))).rejects.toThrow("disk gone");
  });
});
