import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Column } from "./table.ts";
import { tableLines } from "./table.ts";
import { displayWidth } from "./text.ts";

const plain = {
  width: Number.POSITIVE_INFINITY,
  unicode: true,
  titlePaint: (text: string) => text,
};
const columns: readonly Column[] = [
  { title: "MODEL" },
  { title: "N", align: "right" },
  { title: "NOTE" },
];

describe("tableLines", () => {
  test("aligns text to the left and numbers to the right", () => {
    const rows = [
      ["gpt-4", "12", "fine"],
      ["claude", "3,000"],
    ];
    expect(tableLines(columns, rows, plain)).toEqual([
      "MODEL       N  NOTE",
      "gpt-4      12  fine",
      "claude  3,000",
    ]);
  });

  test("shows the titles of an empty table and nothing without columns", () => {
    expect(tableLines(columns, [], plain)).toEqual(["MODEL  N  NOTE"]);
    expect(tableLines([], [["x"]], plain)).toEqual([]);
  });

  test("cuts the widest text first and keeps numbers whole", () => {
    const rows = [["gpt-4", "1234567", "a very long note that does not fit"]];
    expect(tableLines(columns, rows, { ...plain, width: 30 })).toEqual([
      "MODEL        N  NOTE",
      "gpt-4  1234567  a very long n…",
    ]);
    expect(tableLines(columns, rows, { ...plain, width: 30, unicode: false })[1]).toBe(
      "gpt-4  1234567  a very long ..",
    );
  });

  test("leaves out columns before texts become unreadable, and cuts what is kept last", () => {
    const wide: readonly Column[] = [
      { title: "ID", keep: true },
      { title: "MODEL" },
      { title: "KIND", drop: 2 },
      { title: "EVIDENCE", drop: 1 },
    ];
    const rows = [["rec-a0212b72bed8f3", "gpt-3.5-turbo-instruct", "drift", "observational"]];
    const titles = (width: number) => tableLines(wide, rows, { ...plain, width })[0];
    expect(titles(80)).toMatch(/^ID +MODEL +KIND +EVIDENCE$/);
    expect(titles(50)).toMatch(/^ID +MODEL +EVIDENCE$/);
    expect(titles(40)).toMatch(/^ID +MODEL$/);
    expect(tableLines(wide, rows, { ...plain, width: 24 })[1]).toBe("rec-a0212b72bed8f3  gpt…");
  });

  test("paints the text of a cell but neither its padding nor its width", () => {
    const cell = { text: "ok", paint: (text: string) => `<${text}>` };
    expect(tableLines([{ title: "STATE" }, { title: "X" }], [[cell, "y"]], plain)[1]).toBe(
      "<ok>     y",
    );
  });

  test("lets no cell forge another line", () => {
    expect(tableLines([{ title: "A" }], [["x\n\u001b[2Jy"]], plain)[1]).toBe("x  [2Jy");
  });

  test("fits any width that leaves each column two places", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.string(), fc.string()), { maxLength: 8 }),
        fc.integer({ min: 10, max: 60 }),
        (rows, width) => {
          for (const line of tableLines(columns, rows, { ...plain, width })) {
            expect(displayWidth(line)).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });
});
