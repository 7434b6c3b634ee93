import type { Terminal } from "./terminal.ts";
import { displayWidth, printable, truncate } from "./text.ts";

/** One column. Numbers go to the right and are cut last. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Cut last of all: what is copied into the next command. */
  readonly keep?: boolean;
  /** Left out where the table is too wide, the highest number first. A column without one always stays. */
  readonly drop?: number;
}

/** A cell: text, or text with a colour. */
export type Cell = string | { readonly text: string; paint(text: string): string };

export interface TableLayout {
  /** Columns that the table may take; infinite means that nothing is cut. */
  readonly width: number;
  readonly unicode: boolean;
  /** Paints the titles. */
  titlePaint(text: string): string;
}

const GAP = "  ";
/** A text column keeps at least this much, so that its start can be recognised. */
const TEXT_COLUMN_MIN = 8;
/** Columns are left out before a text column gets narrower than this. */
const TEXT_COLUMN_READABLE = 13;
const COLUMN_MIN = 2;

/** The layout of tables on this terminal. */
export function tableLayout(terminal: Terminal): TableLayout {
  return { width: terminal.width, unicode: terminal.unicode, titlePaint: terminal.style.bold };
}

/**
 * Lines of a table with a title line. Where it is wider than the layout, columns that may be left out are, then the widest text
 * columns are cut, then the others. A missing cell is empty. No lines without columns.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  layout: TableLayout,
): readonly string[] {
  if (columns.length === 0) return [];
  const all = columns.map((column, index): Measured => {
    const texts = rows.map((row) => textOf(row[index]));
    const widest = Math.max(...[column.title, ...texts].map(displayWidth));
    return { column, index, texts, width: widest };
  });
  const shown = leaveOut(all, layout.width);
  const widths = fitWidths(shown, layout.width);
  const ellipsis = layout.unicode ? "…" : "..";
  const line = (textAt: (item: Measured) => string, paint: (item: Measured) => Paint) =>
    shown
      .map((item, at) => {
        const width = widths[at] ?? 0;
        const text = truncate(textAt(item), width, ellipsis);
        const padding = " ".repeat(Math.max(0, width - displayWidth(text)));
        const painted = paint(item)(text);
        return item.column.align === "right" ? padding + painted : painted + padding;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(
      ({ column }) => column.title,
      () => layout.titlePaint,
    ),
    ...rows.map((row, rowIndex) =>
      line(
        ({ texts }) => texts[rowIndex] ?? "",
        ({ index }) => paintOf(row[index]),
      ),
    ),
  ];
}

/** Lines of `name  value` pairs, the names in one column. Pairs without a value are left out. */
export function factLines(
  facts: readonly (readonly [name: string, value: string | undefined])[],
  terminal: Terminal,
): readonly string[] {
  const shown = facts.flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [[name, printable(value)] as const],
  );
  const nameWidth = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
  const ellipsis = terminal.unicode ? "…" : "..";
  return shown.map(([name, value]) => {
    const room = Math.max(TEXT_COLUMN_MIN, terminal.width - nameWidth - GAP.length);
    const label = terminal.style.dim(name) + " ".repeat(nameWidth - displayWidth(name));
    return label + GAP + truncate(value, room, ellipsis);
  });
}

type Paint = (text: string) => string;

/** A column with its texts and the width of the widest. */
interface Measured {
  readonly column: Column;
  readonly index: number;
  readonly texts: readonly string[];
  readonly width: number;
}

/** The columns that fit when long texts are cut to a readable part. */
function leaveOut(all: readonly Measured[], limit: number): readonly Measured[] {
  let shown = all;
  for (;;) {
    const wanted = shown.map(({ column, width }) =>
      isText(column) ? Math.min(width, TEXT_COLUMN_READABLE) : width,
    );
    const needed = wanted.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
    const last = shown.toSorted((a, b) => (b.column.drop ?? 0) - (a.column.drop ?? 0))[0];
    if (needed <= limit || last?.column.drop === undefined) return shown;
    shown = shown.filter((item) => item !== last);
  }
}

function fitWidths(shown: readonly Measured[], limit: number): readonly number[] {
  const widths = shown.map(({ width }) => width);
  const room = limit - GAP.length * (shown.length - 1);
  const columnAt = (at: number) => shown[at]?.column ?? { title: "" };
  shrink(widths, room, (at) => isText(columnAt(at)), TEXT_COLUMN_MIN);
  shrink(widths, room, (at) => columnAt(at).keep !== true, COLUMN_MIN);
  shrink(widths, room, () => true, COLUMN_MIN);
  return widths;
}

function isText(column: Column): boolean {
  return column.align !== "right" && column.keep !== true;
}

/** Takes columns from the widest that may shrink until the sum fits the room or none is left to shrink. */
function shrink(
  widths: number[],
  room: number,
  mayShrink: (index: number) => boolean,
  least: number,
): void {
  let total = widths.reduce((sum, width) => sum + width, 0);
  while (total > room) {
    let widest = -1;
    for (const [index, width] of widths.entries()) {
      if (mayShrink(index) && width > least && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    total -= 1;
  }
}

function textOf(cell: Cell | undefined): string {
  if (cell === undefined) return "";
  return printable(typeof cell === "string" ? cell : cell.text);
}

function paintOf(cell: Cell | undefined): Paint {
  return cell === undefined || typeof cell === "string" ? (text) => text : cell.paint;
}
