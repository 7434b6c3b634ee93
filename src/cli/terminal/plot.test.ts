import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { axisOf, plotLines } from "./plot.ts";
import { styleOf } from "./terminal.ts";
import { displayWidth } from "./text.ts";

const layout = { width: 60, unicode: true, style: styleOf(false) };

function row(label: string, mean: number, low: number, high: number) {
  return { label, mean, low, high, verdict: "plain" as const };
}

describe("plotLines", () => {
  const rows = [row("0.7", 56, 50, 62), row("1.4", 45, 38, 52), row("1.6", 5.5, 3, 8)];

  test("draws means as dots, intervals as whiskers, and an axis", () => {
    expect(plotLines("mean quality", rows, layout)).toEqual([
      "mean quality",
      "0.7                                             ├────●────┤",
      "1.4                                  ├─────●─────┤",
      "1.6     ├─●─┤",
      "     └────────────────┴────────────────┴────────────────┴──",
      "     0               20               40               60",
    ]);
  });

  test("has an ASCII form of the same shape", () => {
    const unicode = plotLines("q", rows, layout);
    const ascii = plotLines("q", rows, { ...layout, unicode: false });
    expect(ascii.join("")).toMatch(/^[ -~]*$/);
    expect(ascii.map(displayWidth)).toEqual(unicode.map(displayWidth));
  });

  test("paints worse levels red and good ones green", () => {
    const style = styleOf(true);
    const painted = plotLines(
      "q",
      [
        { ...row("a", 1, 0, 2), verdict: "good" },
        { ...row("b", 9, 8, 10), verdict: "worse" },
      ],
      { ...layout, style },
    );
    expect(painted[1]).toContain("\u001b[32m");
    expect(painted[2]).toContain("\u001b[31m");
  });

  test("runs an open interval to the edge and leaves a level without a mean empty", () => {
    const lines = plotLines(
      "q",
      [row("a", 5, Number.NEGATIVE_INFINITY, 6), row("b", Number.NaN, 0, 1), row("c", 1, 0, 10)],
      layout,
    );
    expect(lines[1]?.startsWith("a  ├")).toBe(true);
    expect(lines[2]).toBe("b");
  });

  test("draws nothing without a finite mean", () => {
    expect(plotLines("q", [], layout)).toEqual([]);
    expect(plotLines("q", [row("a", Number.NaN, 0, 1)], layout)).toEqual([]);
  });

  test("fits its width whatever the values", () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 24, max: 110 }),
        (triples, width) => {
          const drawn = triples.map((triple, index) => {
            const [low = 0, mean = 0, high = 0] = triple.toSorted((a, b) => a - b);
            return row(`${index}`, mean, low, high);
          });
          for (const line of plotLines("q", drawn, { ...layout, width })) {
            expect(displayWidth(line)).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });
});

describe("axisOf", () => {
  test("starts at a round tick below the range and has round ticks in it", () => {
    expect(axisOf(3, 62, 60)).toEqual({ low: 0, high: 62, ticks: [0, 20, 40, 60], decimals: 0 });
    expect(axisOf(0.61, 0.92, 60).ticks).toEqual([0.6, 0.7, 0.8, 0.9]);
  });

  test("encloses a single value", () => {
    const axis = axisOf(5, 5, 60);
    expect(axis.low).toBeLessThanOrEqual(5);
    expect(axis.high).toBeGreaterThanOrEqual(5);
    expect(axis.high).toBeGreaterThan(axis.low);
  });
});
