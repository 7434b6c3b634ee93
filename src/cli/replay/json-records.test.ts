import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyLayout, anyRecords, chunked, laidOut } from "../../../test/support/log-layouts.ts";
import { jsonRecords } from "./json-records.ts";
import type { Line } from "./lines.ts";

async function recordsOf(
  text: string | Uint8Array,
  { sizes = [], maxBytes }: { sizes?: readonly number[]; maxBytes?: number } = {},
): Promise<Line[]> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const records: Line[] = [];
  for await (const record of jsonRecords(chunked(bytes, sizes), maxBytes)) records.push(record);
  return records;
}

/** What could be read as an object. */
function objectsOf(records: readonly Line[]): JsonValue[] {
  return records.flatMap(({ text, problem }) => {
    if (problem !== undefined) return [];
    try {
      const json = JSON.parse(text) as JsonValue;
      return typeof json === "object" && json !== null ? [json] : [];
    } catch {
      return [];
    }
  });
}

function expectCounted(records: readonly Line[]): void {
  expect(records.map(({ number }) => number)).toEqual(records.map((_, index) => index + 1));
}

const anySizes = fc.array(fc.nat(12), { maxLength: 60 });
const line = (row: JsonObject) => JSON.stringify(row);

describe("the records of a log", () => {
  test("are the same however they are laid out and however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(anyRecords, anyLayout, anySizes, async (rows, layout, sizes) => {
        const records = await recordsOf(laidOut(rows, layout), { sizes });
        expect(objectsOf(records)).toEqual(rows);
        expect(records).toHaveLength(rows.length);
        expectCounted(records);
      }),
      { numRuns: 400 },
    );
  });

  test("are those of all parts of a file, whatever the layout of each", async () => {
    const anyParts = fc.array(fc.tuple(anyRecords, anyLayout), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(anyParts, anySizes, async (parts, sizes) => {
        const text = parts.map(([rows, layout]) => laidOut(rows, layout)).join("\n");
        const records = await recordsOf(text, { sizes });
        expect(objectsOf(records)).toEqual(parts.flatMap(([rows]) => rows));
        expectCounted(records);
      }),
      { numRuns: 200 },
    );
  });

  test("cost no other where one is cut off, wherever that is", async () => {
    const anyEnd = fc.constantFrom("\n", "\r\n", "\n\n", "\n\ufeff");
    await fc.assert(
      fc.asyncProperty(
        anyRecords,
        fc.nat(),
        fc.nat(),
        anyEnd,
        anySizes,
        async (rows, which, cut, end, sizes) => {
          fc.pre(rows.length > 0);
          const victim = which % rows.length;
          const bytes = rows.map((row, index) => {
            const whole = Buffer.from(line(row));
            const kept = index === victim ? 1 + (cut % (whole.length - 1)) : whole.length;
            return Buffer.concat([whole.subarray(0, kept), Buffer.from(end)]);
          });
          const records = await recordsOf(Buffer.concat(bytes), { sizes });
          expect(objectsOf(records)).toEqual(rows.filter((_, index) => index !== victim));
          expect(records).toHaveLength(rows.length);
          expect(records[victim]?.problem).toContain("cut off");
        },
      ),
      { numRuns: 400 },
    );
  });

  test("cost no other where one that is indented, or a page in a line, is cut off", async () => {
    const rows = [1, 2, 3].map((n) => ({ id: `${n}`, messages: [{ role: "user" }], n }));
    const pretty = JSON.stringify(rows, null, 2);
    const second = JSON.stringify(rows[1], null, 2).replaceAll("\n", "\n  ");
    for (let kept = 1; kept < second.length; kept += 1) {
      const records = await recordsOf(pretty.replace(second, second.slice(0, kept)));
      expect(objectsOf(records)).toEqual([rows[0], rows[2]]);
    }
    const page = JSON.stringify({ data: rows, meta: { page: 1, text: "x" } });
    for (let kept = 1; kept < page.length; kept += 1) {
      const records = await recordsOf(`${page.slice(0, kept)}\n${page}\n`);
      expect(objectsOf(records).slice(-3)).toEqual(rows);
      // A page that breaks off before its list is one record; none of its own was whole.
      expect(records.filter(({ problem }) => problem).length).toBeLessThanOrEqual(1);
    }
  });

  test.each<[string, string, (string | undefined)[]]>([
    ["nothing", "", []],
    ["empty lists and pages", '[]\n{"data":[]}\n[ ]', []],
    [
      "a page's other members",
      '{"meta":{"data":[{"x":1}]},"data":[{"a":1}],"n":[{"y":2}]}',
      ['{"a":1}'],
    ],
    ["data that is no list", '{"data":{"a":[1]}}', ['{"data":{"a":[1]}}']],
    ["data that is deeper", '{"x":{"data":[{"a":1}]}}', ['{"x":{"data":[{"a":1}]}}']],
    ["pages in a list", '[{"data":[{"a":1}]},{"data":[{"b":1}]}]', ['{"a":1}', '{"b":1}']],
    [
      "what is no object in a line of its own",
      'not, json\n{"a":1}\n12',
      ["not, json", '{"a":1}', "12"],
    ],
    ["what is no object in a list", '[1,"x",{"a":1},null]', ["1", '"x"', '{"a":1}', "null"]],
    ["a line break in a text", '[{"a":"x\ny"},{"b":1}]', ['{"a":"x\ny"}', '{"b":1}']],
    ["an escaped quote and brace", '{"a":"\\"}{\\\\"}{"b":1}', ['{"a":"\\"}{\\\\"}', '{"b":1}']],
    ["a brace that is missing", '[{"a":{"b":1},{"c":1}]', [undefined, '{"c":1}']],
    ["a brace that is missing at last", '{"data":[{"a":1],"m":1}{"c":1}', [undefined, '{"c":1}']],
    ["a bracket that is missing", '{"a":[1,{}}{"c":1}', ['{"a":[1,{}}', '{"c":1}']],
    ["a brace too many", '{"a":1}}\n{"c":1}', ['{"a":1}', "}", '{"c":1}']],
    ["a comma that is missing", '{"a":{} "b":{}}{"c":1}', ['{"a":{} "b":{}}', '{"c":1}']],
    ["a list that breaks off", '[{"a":1},', ['{"a":1}', undefined]],
    ["a page that breaks off", '{"data":[{"a":1}],"meta":{', ['{"a":1}', undefined]],
    ["a list of pages that breaks off", '[{"data":[{"a":1}]},', ['{"a":1}', undefined]],
    [
      "a list that goes with its record",
      '[{"a":1},{"b":\n[{"c":1}]',
      ['{"a":1}', undefined, '{"c":1}'],
    ],
    ["a page that goes with its record", '{"data":[{"b":\n{"c":1}\n', [undefined, '{"c":1}']],
    ["a record that breaks off", '[{"a":1},{"b', ['{"a":1}', undefined]],
  ])("are found in %s", async (_, text, texts) => {
    const records = await recordsOf(text);
    expect(records.map((each) => (each.problem === undefined ? each.text : undefined))).toEqual(
      texts,
    );
    expectCounted(records);
    const bytewise = await recordsOf(text, { sizes: Array.from({ length: text.length }, () => 1) });
    expect(bytewise).toEqual(records);
  });

  test("may be nested deeper than is told apart", async () => {
    const deep = `{"a":${"[".repeat(3000)}{"b":1}${"]".repeat(3000)}}`;
    expect((await recordsOf(`[${deep},${deep}]`)).map(({ text }) => text)).toEqual([deep, deep]);
  });

  test("are bounded each, in a list and in a page too, and no longer when they are not UTF-8", async () => {
    const long = `{"x":"${"y".repeat(100)}"}`;
    const problem = "the record is longer than 40 bytes";
    for (const text of [
      `{"a":1}\n${long}\n{"b":1}`,
      `[{"a":1},${long},{"b":1}]`,
      `{"meta":${long},"data":[{"a":1},${long},{"b":1}],"more":${long}}`,
    ]) {
      expect(await recordsOf(text, { maxBytes: 40, sizes: [3, 20, 30] })).toEqual([
        { number: 1, text: '{"a":1}' },
        { number: 2, text: "", problem },
        { number: 3, text: '{"b":1}' },
      ]);
    }
    const latin = Buffer.from('[{"a":"é"},{"b":1}]', "latin1");
    expect(await recordsOf(latin)).toEqual([
      { number: 1, text: "", problem: "the record is not UTF-8" },
      { number: 2, text: '{"b":1}' },
    ]);
  });
});
