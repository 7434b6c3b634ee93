import {
  AnalysisService,
  AnalyzeChangeImpactResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { UsageError } from "../failure.ts";
import { formatInterval, formatNumber, formatSigned, formatValue } from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import { printAbsent, printFindings, printRest } from "./findings.ts";
import type { AnalysisQuestion } from "./subjects.ts";

const DECIMALS = 3;

/** Outcomes before and after a change, which is named by its id or its revision. */
export async function printChange(
  context: CommandContext,
  daemon: Daemon,
  { attributes }: AnalysisQuestion,
): Promise<void> {
  const { args, terminal } = context;
  const named = args.positionals[1] ?? "";
  if (named === "")
    throw new UsageError(
      "analyze change needs the id or the revision of a change; history lists them",
    );
  const isRevision = /^\d+$/.test(named);
  const response = await daemon.service(AnalysisService).analyzeChangeImpact({
    ...(isRevision ? { revision: BigInt(named) } : { changeId: named }),
    attributes,
    metrics: [...args.list("metric")],
  });
  answer(context, AnalyzeChangeImpactResponseSchema, response, () => {
    for (const { model, parameter, oldValue, newValue } of response.changes) {
      printSentence(
        terminal,
        `${model} ${parameter}: ${formatValue(oldValue)} became ${formatValue(newValue)}`,
      );
    }
    printFindings(response.insights, terminal);
    printAbsent(response.absentMetrics, terminal);
    terminal.out("");
    printTable(
      terminal,
      [
        { title: "METRIC" },
        { title: "N BEFORE", align: "right" },
        { title: "BEFORE", align: "right" },
        { title: "N AFTER", align: "right" },
        { title: "AFTER", align: "right" },
        { title: "DIFFERENCE", align: "right" },
        { title: "95% INTERVAL", align: "right" },
        { title: "PLAIN", align: "right", drop: 1 },
        { title: "VERDICT" },
      ],
      response.metrics.map((metric) => [
        metric.metric,
        (metric.before?.sampleSize ?? 0n).toString(),
        formatNumber(metric.before?.mean),
        (metric.after?.sampleSize ?? 0n).toString(),
        formatNumber(metric.after?.mean),
        metric.difference === undefined ? "-" : formatSigned(metric.difference, DECIMALS),
        formatInterval(metric.differenceLow, metric.differenceHigh, DECIMALS),
        metric.naiveDifference === undefined ? "-" : formatSigned(metric.naiveDifference, DECIMALS),
        metric.verdict.toLowerCase().replaceAll("_", " "),
      ]),
      "no outcomes around this change",
    );
    printRest(response.evidence, undefined, terminal);
  });
}
