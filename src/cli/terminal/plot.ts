import type { Style } from "./terminal.ts";
import { displayWidth } from "./text.ts";

/** One level: its mean and its interval, in the unit of the axis. */
export interface PlotRow {
  readonly label: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly verdict: "good" | "worse" | "plain";
}

export interface PlotLayout {
  /** Columns of the whole drawing; at least 24 are used. */
  readonly width: number;
  readonly unicode: boolean;
  readonly style: Style;
}

interface Glyphs {
  readonly dot: string;
  readonly left: string;
  readonly right: string;
  readonly bar: string;
  readonly axis: string;
  readonly tick: string;
  readonly origin: string;
}

const UNICODE: Glyphs = {
  dot: "●",
  left: "├",
  right: "┤",
  bar: "─",
  axis: "─",
  tick: "┴",
  origin: "└",
};
const ASCII: Glyphs = {
  dot: "o",
  left: "|",
  right: "|",
  bar: "-",
  axis: "-",
  tick: "+",
  origin: "+",
};
const WIDTH_MIN = 24;
/** About one tick for so many columns. */
const COLUMNS_PER_TICK = 12;

/**
 * Lines of a dot plot: one row per level with its mean as a dot and its interval as whiskers, and an axis below. An interval that
 * is not finite runs to the edge; a level without a finite mean has no dot. Without a finite mean there are no lines.
 */
export function plotLines(
  title: string,
  rows: readonly PlotRow[],
  layout: PlotLayout,
): readonly string[] {
  const glyphs = layout.unicode ? UNICODE : ASCII;
  const finite = rows
    .filter((row) => Number.isFinite(row.mean))
    .flatMap((row) => [row.mean, row.low, row.high])
    .filter((value) => Number.isFinite(value));
  if (finite.length === 0) return [];
  const labelWidth = Math.max(...rows.map((row) => displayWidth(row.label)));
  const plotWidth = Math.max(layout.width, WIDTH_MIN) - labelWidth - 3;
  const axis = axisOf(Math.min(...finite), Math.max(...finite), plotWidth);
  const column = (value: number) => {
    const share = (value - axis.low) / (axis.high - axis.low);
    return Math.min(plotWidth - 1, Math.max(0, Math.round(share * (plotWidth - 1))));
  };
  const indent = " ".repeat(labelWidth + 2);
  return [
    layout.style.bold(title),
    ...rows.map((row) => {
      const label = " ".repeat(labelWidth - displayWidth(row.label)) + row.label;
      return `${label}  ${rowText(row, plotWidth, column, glyphs, layout.style)}`.trimEnd();
    }),
    indent + axisText(axis.ticks.map(column), plotWidth, glyphs),
    indent + tickText(axis, column, plotWidth),
  ];
}

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  readonly decimals: number;
}

/**
 * An axis that starts at a tick below the range and ends with the range, or at its second tick. Ticks are multiples of 1, 2 or 5
 * times a power of ten.
 */
export function axisOf(low: number, high: number, width: number): Axis {
  const span = high > low ? high - low : Math.max(Math.abs(high), 1);
  const wanted = Math.max(2, Math.floor(width / COLUMNS_PER_TICK));
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const decimals = Math.min(20, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.floor(high / step + 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toFixed(decimals)),
  );
  return { low: first * step, high: Math.max(high, last * step), ticks, decimals };
}

function rowText(
  row: PlotRow,
  width: number,
  column: (value: number) => number,
  glyphs: Glyphs,
  style: Style,
): string {
  if (!Number.isFinite(row.mean)) return "";
  const left = Number.isFinite(row.low) ? column(row.low) : 0;
  const right = Number.isFinite(row.high) ? column(row.high) : width - 1;
  const dot = column(row.mean);
  let text = "";
  for (let at = Math.min(left, dot); at <= Math.max(right, dot); at += 1) {
    if (at === dot) text += glyphs.dot;
    else if (at === left) text += glyphs.left;
    else if (at === right) text += glyphs.right;
    else text += glyphs.bar;
  }
  const paint = { good: style.green, worse: style.red, plain: (plain: string) => plain };
  return " ".repeat(Math.min(left, dot)) + paint[row.verdict](text);
}

function axisText(ticks: readonly number[], width: number, glyphs: Glyphs): string {
  const marks = new Set(ticks);
  return Array.from({ length: width }, (_, at) => {
    if (at === 0) return glyphs.origin;
    return marks.has(at) ? glyphs.tick : glyphs.axis;
  }).join("");
}

/** Labels below their ticks; one that would touch the one before is left out. */
function tickText(axis: Axis, column: (value: number) => number, width: number): string {
  let text = "";
  for (const tick of axis.ticks) {
    const label = (Object.is(tick, -0) ? 0 : tick).toFixed(axis.decimals);
    const centred = Math.max(0, column(tick) - Math.floor(label.length / 2));
    const start = Math.min(width - label.length, centred);
    if (start < (text === "" ? 0 : text.length + 1)) continue;
    text = text.padEnd(start) + label;
  }
  return text;
}
