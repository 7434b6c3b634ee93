import type { CommandContext } from "../command.ts";
import { printJson, printTable } from "../terminal/output.ts";
import type { RejectedLine } from "./outcome-line.ts";
import type { ReplayUnit } from "./run.ts";
import type { BatchResult } from "./sender.ts";

/** More rejected lines than this are counted but not kept, so that memory stays bounded. */
const REJECTED_KEPT_MAX = 1000;
const REJECTED_SHOWN_MAX = 20;

/** Counts what became of the lines of a file. */
export class Tally {
  accepted = 0;
  duplicate = 0;
  rejected = 0;
  readonly #kept: RejectedLine[] = [];

  add(result: BatchResult): void {
    this.accepted += result.accepted;
    this.duplicate += result.duplicate;
    for (const line of result.rejected) this.reject(line);
  }

  reject(line: RejectedLine): void {
    this.rejected += 1;
    if (this.#kept.length < REJECTED_KEPT_MAX) this.#kept.push(line);
  }

  /** Lines that an answer is known for. */
  get items(): number {
    return this.accepted + this.duplicate + this.rejected;
  }

  /** The rejected lines that were kept, in the order of the file. */
  get rejectedLines(): readonly RejectedLine[] {
    return this.#kept.toSorted((one, other) => one.line - other.line);
  }
}

/** Prints the counts and the first rejected lines or records. */
export function printTally(tally: Tally, context: CommandContext, unit: ReplayUnit = "line"): void {
  const { terminal } = context;
  const { accepted, duplicate, rejected, rejectedLines } = tally;
  if (context.output === "json") {
    printJson(context, {
      accepted,
      duplicate,
      rejected,
      [unit === "line" ? "rejectedLines" : "rejectedRecords"]: rejectedLines.map(
        ({ line, reason, message }) => ({ [unit]: line, reason, message }),
      ),
    });
    return;
  }
  terminal.out(`accepted ${accepted}, duplicate ${duplicate}, rejected ${rejected}`);
  if (rejected === 0) return;
  terminal.out("");
  printTable(
    terminal,
    [{ title: unit.toUpperCase(), align: "right" }, { title: "REASON" }, { title: "MESSAGE" }],
    rejectedLines
      .slice(0, REJECTED_SHOWN_MAX)
      .map(({ line, reason, message }) => [line.toString(), reason, message]),
    "",
  );
  const more = rejected - Math.min(rejected, REJECTED_SHOWN_MAX);
  if (more > 0) terminal.out(`and ${more} more`);
}
