import type { ParameterBin, ParameterGroup } from "../../gen/attuned/v1/analysis_pb.ts";
import { AnalysisStatus } from "../../gen/attuned/v1/analysis_pb.ts";
import type { AnalyzeParameterImpactResponse } from "../../gen/attuned/v1/analysis_service_pb.ts";
import {
  decimalsFor,
  formatFixed,
  formatInterval,
  formatNumber,
  formatSigned,
} from "../terminal/format.ts";
import { printSentence, printTable } from "../terminal/output.ts";
import type { PlotRow } from "../terminal/plot.ts";
import { plotLines } from "../terminal/plot.ts";
import type { Cell } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printFindings, printRest } from "./findings.ts";
import { printLowerLimit } from "./lower-limit-report.ts";
import { printRandomised } from "./randomised-report.ts";
import { formatRanges } from "./ranges.ts";
import type { RelatedAnswers } from "./related-answers.ts";
import { printOptimalTemperature } from "./temperature-report.ts";

const UNITS: Readonly<Record<string, string>> = {
  quality: "0 to 100",
  success: "share of calls",
  latency: "ms",
  tokens: "per call",
  cost: "USD per call",
};

/**
 * Prints an analysis: what was found, the levels, the seed's ranges, a plot, what experiments and lower limits say, and what it all rests
 * on.
 */
export function printAnalysis(
  response: AnalyzeParameterImpactResponse,
  { optimum, winners }: RelatedAnswers,
  terminal: Terminal,
): void {
  printHeadline(response, terminal);
  const { groups, bins } = response;
  if (groups.length > 0) {
    const decimals = decimalsFor(groups.map((group) => group.mean));
    terminal.out("");
    printGroups(response, decimals, terminal);
    printTails(response, decimals, terminal);
    if (bins.length > 0) {
      terminal.out("");
      printBins(bins, decimals, terminal);
    }
    printPlot(response, terminal);
  }
  if (response.about !== "") {
    terminal.out("");
    printSentence(terminal, `means and intervals are about ${response.about}`);
  }
  if (response.strata > 1) printSentence(terminal, `compared ${response.comparison}`);
  if (optimum) printOptimalTemperature(optimum, terminal);
  printRandomised(response, winners, terminal);
  printLowerLimit(response, terminal);
  printRest(response.evidence, response.timeToAnswer, terminal);
}

function printHeadline(response: AnalyzeParameterImpactResponse, terminal: Terminal): void {
  printFindings(response.insights, terminal);
  if (response.status === AnalysisStatus.INSUFFICIENT_DATA) {
    const { sampleSize, samplesNeeded, parameter, metric, insights } = response;
    if (insights.length > 0) return;
    printSentence(
      terminal,
      `too little data: ${sampleSize} outcomes have ${parameter} and ${metric}` +
        (samplesNeeded > 0n ? `, ${samplesNeeded} more are needed` : ""),
    );
    return;
  }
  const correlation =
    response.correlation === undefined
      ? ""
      : `; correlation ${formatFixed(response.correlation, 2)}`;
  terminal.out(`${response.sampleSize} outcomes with ${response.metric}${correlation}`);
  const optimum = formatRanges(response.optimum) || response.optimumValues.join(", ");
  if (optimum !== "") {
    printSentence(
      terminal,
      `not shown to be worse than the best: ${response.parameter} ${optimum}`,
    );
  }
}

function printGroups(
  { groups, parameter, strata }: AnalyzeParameterImpactResponse,
  decimals: number,
  terminal: Terminal,
): void {
  const texts = levelTexts(groups);
  const isStratified = strata > 1;
  printTable(
    terminal,
    [
      { title: parameter.toUpperCase(), align: "right" },
      { title: "N", align: "right" },
      { title: "MEAN", align: "right" },
      { title: "95% INTERVAL", align: "right" },
      { title: "VS BEST", align: "right" },
      { title: "95% INTERVAL", align: "right" },
      ...(isStratified ? [{ title: "PLAIN", align: "right" } as const] : []),
      { title: "VERDICT" },
    ],
    groups.map((group, index) => {
      const isBest = isBestLevel(group);
      return [
        texts[index] ?? "",
        group.sampleSize.toString(),
        formatFixed(group.mean, decimals),
        formatInterval(group.low, group.high, decimals),
        isBest ? "" : formatSigned(group.difference, decimals),
        formatInterval(group.differenceLow, group.differenceHigh, decimals),
        ...(isStratified ? [isBest ? "" : formatSigned(group.naiveDifference ?? 0, decimals)] : []),
        verdictCell(group, terminal),
      ];
    }),
    "no levels",
  );
}

function printTails(
  { tails, parameter }: AnalyzeParameterImpactResponse,
  decimals: number,
  terminal: Terminal,
): void {
  for (const tail of tails) {
    const values = tail.values.map((value) => formatNumber(value)).join(", ");
    const interval = formatInterval(tail.differenceLow, tail.differenceHigh, decimals);
    printSentence(
      terminal,
      `${parameter} ${values} together (${tail.sampleSize} outcomes) against the rest: ${interval}`,
    );
  }
}

function printBins(bins: readonly ParameterBin[], decimals: number, terminal: Terminal): void {
  printTable(
    terminal,
    [
      { title: "RANGE" },
      { title: "N", align: "right" },
      { title: "MEAN", align: "right" },
      { title: "95% INTERVAL", align: "right" },
    ],
    bins.map(({ name, sampleSize, mean, low, high }) => [
      name,
      sampleSize.toString(),
      formatFixed(mean, decimals),
      formatInterval(low, high, decimals),
    ]),
    "no ranges",
  );
}

function printPlot(
  { groups, parameter, metric }: AnalyzeParameterImpactResponse,
  terminal: Terminal,
): void {
  const unit = UNITS[metric];
  const title = `mean ${metric}${unit === undefined ? "" : ` (${unit})`} by ${parameter}, 95% intervals`;
  const texts = levelTexts(groups);
  const rows = groups.map(
    (group, index): PlotRow => ({
      label: texts[index] ?? "",
      mean: group.mean,
      low: group.low,
      high: group.high,
      verdict: group.optimal === undefined ? "plain" : group.optimal ? ("good" as const) : "worse",
    }),
  );
  const layout = {
    width: terminal.drawingWidth,
    unicode: terminal.unicode,
    style: terminal.style,
  };
  const lines = plotLines(title, rows, layout);
  if (lines.length > 0) terminal.out("");
  for (const line of lines) terminal.out(line);
}

function isBestLevel(group: ParameterGroup): boolean {
  return group.optimal === true && group.difference === 0;
}

/** The levels as text, numbers with the same decimals, so that they line up. */
function levelTexts(groups: readonly ParameterGroup[]): readonly string[] {
  const texts = groups.map(({ value, name }) => (value === undefined ? name : formatNumber(value)));
  const isPlain = texts.every((text) => /^-?\d+(\.\d+)?$/.test(text));
  const decimals = Math.max(...texts.map((text) => text.split(".")[1]?.length ?? 0));
  return isPlain ? groups.map(({ value }) => formatFixed(value, decimals)) : texts;
}

function verdictCell(group: ParameterGroup, { style }: Terminal): Cell {
  if (group.inDoubt === true) return "in doubt";
  if (group.optimal === undefined) return "too few to judge";
  if (group.optimal) {
    return { text: isBestLevel(group) ? "best" : "not shown worse", paint: style.green };
  }
  return { text: "worse", paint: style.red };
}
