import type { LowerLimit } from "../../gen/attuned/v1/analysis_pb.ts";
import type { AnalyzeParameterImpactResponse } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { formatNumber, formatPercent } from "../terminal/format.ts";
import { printSentence, printTable } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { evidenceText } from "./findings.ts";

/** Parameters that limit a call, with the unit of their values. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ["timeout", " S"],
  ["max_retries", ""],
]);
/** Losses are held against a tolerance of whole percents: hundredths tell which side they are on. */
const LOSS_DECIMALS = 2;

/** What lower values of a limit would cost at most, or how to ask for it; nothing for other parameters. */
export function printLowerLimit(
  { parameter, metric, lowerLimit }: AnalyzeParameterImpactResponse,
  terminal: Terminal,
): void {
  if (!UNITS.has(parameter)) return;
  if (lowerLimit) printLimit(parameter, lowerLimit, terminal);
  else if (metric !== "success") {
    terminal.out("");
    printSentence(
      terminal,
      `with --metric success it also says what a lower ${parameter} would cost at most`,
    );
  }
}

function printLimit(parameter: string, limit: LowerLimit, terminal: Terminal): void {
  terminal.out("");
  const { sampleSize, samplesNeeded, lowestTolerable, toleratedLoss } = limit;
  if (samplesNeeded > 0n) {
    printSentence(
      terminal,
      `too little data for what a lower ${parameter} would cost: ${sampleSize} calls say how they ended, ${samplesNeeded} more are needed`,
    );
    return;
  }
  printSentence(
    terminal,
    `what a lower ${parameter} would cost at most, if each of the ${sampleSize} calls that needed more had failed:`,
  );
  printValues(parameter, limit, terminal);
  const tolerated = formatPercent(toleratedLoss);
  printSentence(
    terminal,
    lowestTolerable === undefined
      ? `no lower ${parameter} is shown to cost ${tolerated} of all calls or less: leave it`
      : `lowest ${parameter} shown to cost ${tolerated} of all calls or less: ${formatNumber(lowestTolerable)}`,
  );
  for (const condition of limit.conditions) printSentence(terminal, `provided that ${condition}`);
  printSentence(terminal, `evidence of the bound: ${evidenceText(limit.evidence)}`);
}

function printValues(parameter: string, { values }: LowerLimit, terminal: Terminal): void {
  printTable(
    terminal,
    [
      { title: `${parameter.toUpperCase()}${UNITS.get(parameter) ?? ""}`, align: "right" },
      { title: "CALLS WITHIN", align: "right" },
      { title: "LOSS AT MOST", align: "right" },
      { title: "UP TO", align: "right" },
      { title: "SUCCESS LEFT AT LEAST", align: "right" },
      { title: "DOWN TO", align: "right", drop: 1 },
    ],
    values.map((bound) => [
      formatNumber(bound.value),
      formatPercent(bound.shareWithin),
      formatPercent(bound.lossAtMost, LOSS_DECIMALS),
      formatPercent(bound.lossHigh, LOSS_DECIMALS),
      formatPercent(bound.successAtLeast, LOSS_DECIMALS),
      formatPercent(bound.successLow, LOSS_DECIMALS),
    ]),
    "no calls say what they needed",
  );
}
