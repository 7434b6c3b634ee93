import { EvidenceSchema } from "../../gen/attuned/v1/analysis_pb.ts";
import type { ExperimentComparison, ExperimentWinner } from "../../gen/attuned/v1/experiment_pb.ts";
import { formatEnum, formatInstant } from "../terminal/format.ts";
import { printSentence, printTable } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { decisionCell, effectTexts } from "./comparison.ts";

/** How challengers stand to control; nothing without challengers. */
export function printComparisons(
  comparisons: readonly ExperimentComparison[],
  terminal: Terminal,
): void {
  if (comparisons.length === 0) return;
  terminal.out("");
  printTable(
    terminal,
    [
      { title: "AGAINST CONTROL", keep: true },
      { title: "METRIC" },
      { title: "UNITS", align: "right" },
      { title: "DIFFERENCE", align: "right" },
      { title: "95% INTERVAL", align: "right" },
      { title: "EXPECT", align: "right", drop: 2 },
      { title: "SHOWS FROM", align: "right", drop: 1 },
      { title: "EVIDENCE", drop: 3 },
      { title: "VERDICT" },
    ],
    comparisons.map((comparison) => {
      const texts = effectTexts(comparison);
      return [
        comparison.name,
        comparison.metric,
        comparison.units.toString(),
        texts.effect,
        texts.interval,
        texts.expected,
        texts.smallest,
        formatEnum(EvidenceSchema, comparison.evidence),
        decisionCell(comparison, terminal.style),
      ];
    }),
    "no challengers",
  );
}

/** The winner, or that there is none. */
export function printWinner(winner: ExperimentWinner | undefined, terminal: Terminal): void {
  if (!winner) {
    printSentence(terminal, "winner: none so far");
    return;
  }
  const { name, units, claimedAt, evidence } = winner;
  printSentence(
    terminal,
    `winner: ${name}, claimed ${formatInstant(claimedAt)}, now on ${units} units; evidence: ${formatEnum(EvidenceSchema, evidence)}`,
    terminal.style.bold,
  );
}
