import { EvidenceSchema } from "../../gen/attuned/v1/analysis_pb.ts";
import type { AnalyzeParameterImpactResponse } from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { ExperimentWinner } from "../../gen/attuned/v1/experiment_pb.ts";
import { decisionCell, effectTexts } from "../experiments/comparison.ts";
import { formatEnum, formatInstant, formatNumber } from "../terminal/format.ts";
import { printSentence, printTable } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { RelatedAnswers } from "./related-answers.ts";

/** What experiments say of the same parameter and metric, and who won; nothing without experiments. */
export function printRandomised(
  { randomised, parameter, metric }: AnalyzeParameterImpactResponse,
  winners: RelatedAnswers["winners"],
  terminal: Terminal,
): void {
  if (randomised.length === 0) return;
  terminal.out("");
  printSentence(
    terminal,
    `by experiments, where chance gave each unit its ${parameter}: ${metric} against control`,
  );
  printTable(
    terminal,
    [
      { title: "EXPERIMENT", keep: true },
      { title: "ARM", drop: 1 },
      { title: parameter.toUpperCase(), align: "right" },
      { title: "CONTROL", align: "right" },
      { title: "UNITS", align: "right" },
      { title: "DIFFERENCE", align: "right" },
      { title: "95% INTERVAL", align: "right" },
      { title: "EVIDENCE" },
      { title: "VERDICT" },
    ],
    randomised.map((comparison) => {
      const { effect, interval } = effectTexts(comparison);
      return [
        comparison.experimentId,
        comparison.name,
        formatNumber(comparison.value),
        formatNumber(comparison.controlValue),
        comparison.units.toString(),
        effect,
        interval,
        formatEnum(EvidenceSchema, comparison.evidence),
        decisionCell(comparison, terminal.style),
      ];
    }),
    "no experiments",
  );
  for (const [experimentId, winner] of winners)
    printSentence(terminal, winnerText(experimentId, winner));
}

function winnerText(experimentId: string, winner: ExperimentWinner | undefined): string {
  const results = `attuned experiment results ${experimentId}`;
  return winner
    ? `winner of ${experimentId}: ${winner.name}, claimed ${formatInstant(winner.claimedAt)}; what to do: ${results}`
    : `${experimentId} has a claim and no winner, as a check failed or another metric is worse: ${results}`;
}
