import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellsOf } from "./csv-cells.ts";
import { csvRecords, type RecordBounds } from "./csv-records.ts";
import { readLines } from "./lines.ts";

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

async function recordsOf(text: string, bounds?: RecordBounds): Promise<[number, string][]> {
  const records: [number, string][] = [];
  for await (const { number, text: record } of csvRecords(readLines(bytesOf(text)), bounds))
    records.push([number, record]);
  return records;
}

/** As RFC 4180 writes it. */
function written(cells: readonly string[], lineBreak: string): string {
  return (
    cells
      .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
      .join(",") + lineBreak
  );
}

describe("the records of a CSV file", () => {
  test("are what was written, whatever their fields hold", async () => {
    const anyCell = fc.string({
      unit: fc.constantFrom("a", ",", '"', "\n", " ", "😀"),
      maxLength: 8,
    });
    const anyRows = fc
      .integer({ min: 2, max: 4 })
      .chain((columns) =>
        fc.array(fc.array(anyCell, { minLength: columns, maxLength: columns }), { maxLength: 8 }),
      );
    await fc.assert(
      fc.asyncProperty(anyRows, fc.constantFrom("\n", "\r\n"), async (rows, lineBreak) => {
        const header = rows[0]?.map((_, i) => `c${i}`) ?? ["c0"];
        const text = [header, ...rows].map((row) => written(row, lineBreak)).join("");
        const records = await recordsOf(text);
        expect(records.map(([, record]) => cellsOf(record))).toEqual([header, ...rows]);
        // Each has the number of the line that it begins on.
        const lines = text.split("\n");
        for (const [number, record] of records)
          expect(lines[number - 1]?.replace("\r", "")).toBe(record.split("\n")[0]);
      }),
      { numRuns: 300 },
    );
  });

  test("begin anew after a quote that nobody closed: it costs its own line", async () => {
    expect(await recordsOf('a,b\n"x,1\ny,2\nz,3\n')).toEqual([
      [1, "a,b"],
      [2, '"x,1'],
      [3, "y,2"],
      [4, "z,3"],
    ]);
    // Another one further down closes it, and the columns tell that this is no record.
    expect(await recordsOf('a,b\n"x,1\ny,2\n"z\nz",3\nw,4\n')).toEqual([
      [1, "a,b"],
      [2, '"x,1'],
      [3, "y,2"],
      [4, '"z\nz",3'],
      [6, "w,4"],
    ]);
  });

  test("are bounded in lines and in length", async () => {
    const text = 'a,b\n"x\nx\nx",1\ny,2\n';
    expect(await recordsOf(text, { lines: 3, length: 100 })).toHaveLength(3);
    expect(await recordsOf(text, { lines: 2, length: 100 })).toEqual([
      [1, "a,b"],
      [2, '"x'],
      [3, "x"],
      [4, 'x",1'],
      [5, "y,2"],
    ]);
    expect(await recordsOf(text, { lines: 100, length: 3 })).toHaveLength(5);
  });
});
