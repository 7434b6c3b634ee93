import type { DescMessage, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { toJson } from "@bufbuild/protobuf";
import type { Warning } from "../../gen/attuned/v1/resolution_pb.ts";
import type { CommandContext } from "../command.ts";
import type { Cell, Column } from "./table.ts";
import { tableLayout, tableLines } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { printable, wrap } from "./text.ts";

/** Prints the daemon's answer: as protobuf JSON with `-o json`, else as `render` writes it. */
export function answer<T extends DescMessage>(
  context: CommandContext,
  schema: T,
  message: MessageShape<T>,
  render: () => void,
): void {
  if (context.output === "json") printJson(context, toJson(schema, message));
  else render();
}

/** Prints JSON: indented for a person, on one line for a program. */
export function printJson(context: CommandContext, json: JsonValue): void {
  context.terminal.out(safeJson(json, context.io.isTty ? 2 : 0));
}

/** JSON whose text cannot move a terminal's cursor: control characters beyond ASCII are escaped too. */
export function safeJson(json: JsonValue, indent: number): string {
  return JSON.stringify(json, null, indent).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Prints a table, or `empty` where it has no rows. */
export function printTable(
  terminal: Terminal,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  empty: string,
): void {
  if (rows.length === 0) terminal.out(empty);
  else for (const line of tableLines(columns, rows, tableLayout(terminal))) terminal.out(line);
}

/** Prints a sentence, broken between words where the terminal is narrower. */
export function printSentence(
  terminal: Terminal,
  sentence: string,
  paint: (line: string) => string = (line) => line,
): void {
  for (const line of wrap(printable(sentence), terminal.width)) terminal.out(paint(line));
}

/** Writes the daemon's warnings to stderr. */
export function noteWarnings(terminal: Terminal, warnings: readonly Warning[]): void {
  for (const warning of warnings) {
    terminal.note(`attuned: warning: ${warning.message} (${warning.code})`);
  }
}
