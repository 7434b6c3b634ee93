import type { Terminal } from "./terminal.ts";
import { displayWidth, printable, truncate } from "./text.ts";

/** One column. Numbers go to the right and are cut last. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
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
const COLUMN_MIN = 2;

/** The layout of tables on this terminal. */
export function tableLayout(terminal: Terminal): TableLayout {
  return { width: terminal.width, unicode: terminal.unicode, titlePaint: terminal.style.bold };
}

/**
 * Lines of a table with a title line. Where it is wider than the layout, the widest text columns are cut first, then the others.
 * A missing cell is empty. No lines without columns.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  layout: TableLayout,
): readonly string[] {
  if (columns.length === 0) return [];
  const texts = rows.map((row) => columns.map((_, index) => textOf(row[index])));
  const natural = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...texts.map((row) => displayWidth(row[index] ?? ""))),
  );
  const widths = fitWidths(columns, natural, layout.width);
  const ellipsis = layout.unicode ? "…" : "..";
  const line = (cells: readonly string[], paint: (index: number, text: string) => string) =>
    columns
      .map((column, index) => {
        const width = widths[index] ?? 0;
        const text = truncate(cells[index] ?? "", width, ellipsis);
        const padding = " ".repeat(Math.max(0, width - displayWidth(text)));
        const painted = paint(index, text);
        return column.align === "right" ? padding + painted : painted + padding;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(
      columns.map((column) => column.title),
      (_, text) => layout.titlePaint(text),
    ),
    ...rows.map((row, rowIndex) =>
      line(texts[rowIndex] ?? [], (index, text) => paintOf(row[index])(text)),
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

function fitWidths(
  columns: readonly Column[],
  natural: readonly number[],
  limit: number,
): readonly number[] {
  const widths = [...natural];
  const room = limit - GAP.length * (columns.length - 1);
  const isText = columns.map((column) => column.align !== "right");
  shrink(widths, room, (index) => isText[index] === true, TEXT_COLUMN_MIN);
  shrink(widths, room, () => true, COLUMN_MIN);
  return widths;
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

function paintOf(cell: Cell | undefined): (text: string) => string {
  return cell === undefined || typeof cell === "string" ? (text) => text : cell.paint;
}
