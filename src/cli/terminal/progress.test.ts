import { describe, expect, test } from "vitest";
import { barGlyphs, progressLine, showProgress } from "./progress.ts";

const state = {
  items: 8_650,
  rejected: 0,
  doneBytes: 500,
  totalBytes: 1000,
  elapsedMs: 2_000,
  waiting: undefined,
};
const glyphs = barGlyphs(false);

describe("progressLine", () => {
  test("shows the share, the rate and the time left", () => {
    expect(progressLine(state, 79, glyphs)).toBe(
      "[###############...............]  50.0%  8650 outcomes  4325/s  2 s left",
    );
  });

  test("drops the bar where the line is short", () => {
    expect(progressLine(state, 45, glyphs)).toBe(" 50.0%  8650 outcomes  4325/s  2 s left");
    expect(progressLine(state, 20, glyphs)).toHaveLength(20);
  });

  test("shows neither share nor time left where the end is not known", () => {
    expect(progressLine({ ...state, totalBytes: undefined }, 79, glyphs)).toBe(
      "8650 outcomes  4325/s",
    );
  });

  test("shows rejected lines and what it waits for instead of the time left", () => {
    const waiting = "waiting for the daemon, next try in 2 s";
    expect(progressLine({ ...state, rejected: 3, waiting }, 120, glyphs)).toBe(
      `[###############...............]  50.0%  8650 outcomes  4325/s  3 rejected  ${waiting}`,
    );
  });

  test("has no rate before the first moment and no time left at either end", () => {
    expect(progressLine({ ...state, elapsedMs: 0, doneBytes: 0 }, 79, glyphs)).toBe(
      "[..............................]   0.0%  8650 outcomes",
    );
    expect(progressLine({ ...state, doneBytes: 1000 }, 79, glyphs)).not.toContain("left");
  });
});

describe("showProgress", () => {
  test("clears its line on a terminal and leaves a log alone", () => {
    const written: string[] = [];
    const sink = { write: (text: string) => written.push(text) };
    showProgress(() => state, { sink, redraw: true, columns: 80, glyphs })();
    expect(written).toEqual(["\r\u001b[K"]);
    showProgress(() => state, { sink, redraw: false, columns: 80, glyphs })();
    expect(written).toHaveLength(1);
  });
});
