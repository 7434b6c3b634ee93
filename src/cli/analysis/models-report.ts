import {
  AnalysisService,
  CompareModelsResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { formatFixed, formatNumber, formatPercent } from "../terminal/format.ts";
import { answer, printTable } from "../terminal/output.ts";
import { printAbsent, printFindings, printRest } from "./findings.ts";
import type { AnalysisQuestion } from "./subjects.ts";

/** Models of a phase against each other. */
export async function printModels(
  context: CommandContext,
  daemon: Daemon,
  { model, ...question }: AnalysisQuestion,
): Promise<void> {
  const { args, terminal } = context;
  const named = [model, ...args.positionals.slice(2)].filter((name) => name !== "");
  const response = await daemon.service(AnalysisService).compareModels({
    ...question,
    models: named.flatMap((name) => name.split(",")),
    metrics: [...args.list("metric")],
  });
  answer(context, CompareModelsResponseSchema, response, () => {
    printFindings(response.insights, terminal);
    printAbsent(response.absentMetrics, terminal);
    terminal.out("");
    printTable(
      terminal,
      [
        { title: "MODEL" },
        { title: "N", align: "right" },
        { title: "QUALITY", align: "right" },
        { title: "SUCCESS", align: "right" },
        { title: "LATENCY MS", align: "right" },
        { title: "USD PER CALL", align: "right" },
        { title: "SHOWN WORSE IN" },
      ],
      response.models.map(({ model: name, metrics, worseIn }) => [
        name,
        (metrics?.sampleSize ?? 0n).toString(),
        formatFixed(metrics?.avgQuality, 1),
        formatPercent(metrics?.successRate),
        formatNumber(metrics?.avgLatency),
        formatNumber(metrics?.costPerRequest),
        worseIn.join(", ") || "-",
      ]),
      "no models with outcomes in this phase",
    );
    printRest(response.evidence, response.impacts[0]?.timeToAnswer, terminal);
  });
}
