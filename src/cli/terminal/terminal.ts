import type { CliIo } from "../io.ts";
import { printable } from "./text.ts";

/** Paints text; every function answers its input where colour is off. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Where a command writes, and what the place can show. */
export interface Terminal {
  /** Writes one line to stdout. */
  out(line: string): void;
  /** Writes one line to stderr, for what is not the answer itself. */
  note(line: string): void;
  /** Characters that a line of a table may take; infinite where stdout is not a terminal, so that nothing is cut for programs. */
  readonly width: number;
  /** Characters that a drawing takes, always finite. */
  readonly drawingWidth: number;
  readonly style: Style;
  readonly unicode: boolean;
  /** Whether stderr is a terminal that can redraw a line. */
  readonly canRedraw: boolean;
}

const DEFAULT_COLUMNS = 80;
/** A drawing wider than this gains nothing. */
const DRAWING_COLUMNS_MAX = 110;

/** What the streams and the environment allow: colour only on a terminal and without NO_COLOR. */
export function terminalOf(io: CliIo): Terminal {
  const dumb = io.env["TERM"] === "dumb";
  const columns = io.columns > 0 ? io.columns : DEFAULT_COLUMNS;
  const colour = io.isTty && !dumb && (io.env["NO_COLOR"] ?? "") === "";
  return {
    out: (line) => io.stdout.write(`${line}\n`),
    note: (line) => io.stderr.write(`${printable(line)}\n`),
    width: io.isTty ? columns : Number.POSITIVE_INFINITY,
    drawingWidth: Math.min(columns, DRAWING_COLUMNS_MAX),
    style: styleOf(colour),
    unicode: showsUnicode(io.env),
    canRedraw: io.stderr.isTTY === true && !dumb,
  };
}

/** Painting with SGR codes, or none at all. */
export function styleOf(colour: boolean): Style {
  const paint = (code: number, end: number) => (text: string) =>
    colour && text !== "" ? `\u001b[${code}m${text}\u001b[${end}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
  };
}

/** The locale's character set decides, in the order of POSIX; NO_UNICODE overrides it. */
function showsUnicode(env: CliIo["env"]): boolean {
  if ((env["NO_UNICODE"] ?? "") !== "") return false;
  if ((env["WT_SESSION"] ?? "") !== "") return true;
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find((name) => (name ?? "") !== "");
  return /utf-?8/i.test(locale ?? "");
}
