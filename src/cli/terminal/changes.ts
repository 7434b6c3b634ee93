import type { ConfigurationChange } from "../../gen/attuned/v1/history_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { formatEnum, formatValue } from "./format.ts";
import { printTable } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** Prints what became another, or `empty`; the titles of the two values are the caller's. */
export function printChanges(
  terminal: Terminal,
  changes: readonly ConfigurationChange[],
  {
    before = "OLD",
    after = "NEW",
    empty = "nothing changed",
  }: { readonly before?: string; readonly after?: string; readonly empty?: string } = {},
): void {
  printTable(
    terminal,
    [
      { title: "PHASE" },
      { title: "PARAMETER" },
      { title: before, align: "right" },
      { title: after, align: "right" },
    ],
    changes.map((change) => [
      formatEnum(PhaseSchema, change.phase),
      change.parameter,
      formatValue(change.oldValue),
      formatValue(change.newValue),
    ]),
    empty,
  );
}
