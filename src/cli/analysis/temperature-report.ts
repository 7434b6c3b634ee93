import type { FindOptimalTemperatureResponse } from "../../gen/attuned/v1/analysis_service_pb.ts";
import { formatNumber } from "../terminal/format.ts";
import { printSentence } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { formatRanges } from "./ranges.ts";

/** Where to look for the best temperature: the evidence's range and, beside it, what a smoother proposes. Nothing without enough data. */
export function printOptimalTemperature(
  response: FindOptimalTemperatureResponse,
  terminal: Terminal,
): void {
  const { optimalTemperature, optimalRange, proposedRange, distinguishable, groups } = response;
  if (optimalTemperature === undefined) return;
  terminal.out("");
  if (distinguishable === false)
    printSentence(
      terminal,
      "no temperature is shown to be worse than another: the data does not tell them apart",
    );
  if (optimalRange)
    printSentence(
      terminal,
      `by the evidence ${formatRanges([optimalRange])}: none of these temperatures is shown to be worse than the best`,
    );
  const point = groups.find(({ value }) => value === optimalTemperature);
  const mean =
    point?.smoothed === undefined
      ? ""
      : `, ${formatNumber(point.smoothed)} (standard deviation ${formatNumber(point.smoothedDeviation)})`;
  const isRange = proposedRange !== undefined && proposedRange.low !== proposedRange.high;
  const range = isRange ? `${formatRanges([proposedRange])}, of these ` : "";
  printSentence(
    terminal,
    `to look first ${range}${formatNumber(optimalTemperature)}, which has the best mean smoothed over its neighbours${mean}: a proposal, no evidence`,
  );
}
