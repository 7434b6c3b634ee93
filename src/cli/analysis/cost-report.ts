import {
  AnalysisService,
  AnalyzeCostResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { formatFixed, formatNumber, formatSettings } from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import { printFindings, printRest } from "./findings.ts";
import type { AnalysisQuestion } from "./subjects.ts";

/** Cost against quality. */
export async function printCost(
  context: CommandContext,
  daemon: Daemon,
  question: AnalysisQuestion,
): Promise<void> {
  const { args, terminal } = context;
  const usdPerQualityPoint = args.number("usd-per-point", { min: 0, max: 1e9 });
  const response = await daemon.service(AnalysisService).analyzeCost({
    ...question,
    ...(usdPerQualityPoint === undefined ? {} : { usdPerQualityPoint }),
  });
  answer(context, AnalyzeCostResponseSchema, response, () => {
    printFindings(response.insights, terminal);
    terminal.out("");
    printTable(
      terminal,
      [
        { title: "MODEL", drop: 1 },
        { title: "SETTINGS" },
        { title: "N", align: "right" },
        { title: "USD PER CALL", align: "right" },
        { title: "QUALITY", align: "right" },
        { title: "USD A MONTH", align: "right", drop: 2 },
        { title: "SAVES A MONTH", align: "right" },
        { title: "NET BENEFIT", align: "right", drop: 3 },
        { title: "STANDING" },
      ],
      response.options.map((option) => [
        option.model,
        formatSettings(option.settings),
        option.sampleSize.toString(),
        formatNumber(option.costPerRequest),
        formatFixed(option.avgQuality, 1),
        formatNumber(option.costPerMonth),
        formatNumber(option.savingsPerMonth),
        formatFixed(option.netBenefit, 1),
        option.onFront === true ? "nothing beats it" : `beaten by ${option.dominatedBy}`,
      ]),
      "no outcomes with a cost",
    );
    if (response.costCap !== undefined)
      printSentence(terminal, `each call is counted up to ${formatNumber(response.costCap)} USD`);
    if (usdPerQualityPoint === undefined)
      printSentence(
        terminal,
        "say what a point of quality is worth with --usd-per-point to see net benefits",
      );
    printRest(response.evidence, response.timeToAnswer, terminal);
  });
}
