import {
  AnalysisService,
  AnalyzeCostResponseSchema,
  type CostOption,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { Interval } from "../../gen/attuned/v1/metrics_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { formatFixed, formatNumber, formatSettings, formatSigned } from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import type { Column } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
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
    const hasWorth = usdPerQualityPoint !== undefined;
    printFindings(response.insights, terminal);
    terminal.out("");
    printOptions(response.options, hasWorth, terminal);
    if (response.costCap !== undefined)
      printSentence(terminal, `each call is counted up to ${formatNumber(response.costCap)} USD`);
    if (!hasWorth)
      printSentence(
        terminal,
        "say what a point of quality is worth with --usd-per-point to see net benefits",
      );
    printRest(response.evidence, response.timeToAnswer, terminal);
  });
}

/** Net benefit has columns only where somebody said what a point of quality is worth. */
function printOptions(options: readonly CostOption[], hasWorth: boolean, terminal: Terminal): void {
  const worthColumns: readonly Column[] = [
    { title: "NET BENEFIT", align: "right", drop: 3 },
    { title: "VS MOST USED", align: "right" },
    { title: "95% INTERVAL", align: "right" },
  ];
  printTable(
    terminal,
    [
      { title: "#", align: "right" },
      { title: "MODEL", drop: 1 },
      { title: "SETTINGS" },
      { title: "N", align: "right" },
      { title: "USD PER CALL", align: "right" },
      { title: "95% INTERVAL", align: "right", drop: 4 },
      { title: "QUALITY", align: "right" },
      { title: "95% INTERVAL", align: "right", drop: 4 },
      { title: "USD A MONTH", align: "right", drop: 2 },
      { title: "SAVES A MONTH", align: "right" },
      { title: "95% INTERVAL", align: "right", drop: 4 },
      ...(hasWorth ? worthColumns : []),
      { title: "STANDING" },
    ],
    options.map((option, index) => [
      String(index + 1),
      option.model,
      formatSettings(option.settings),
      option.sampleSize.toString(),
      formatNumber(option.costPerRequest),
      intervalOf(option.costInterval),
      formatFixed(option.avgQuality, 1),
      intervalOf(option.qualityInterval),
      formatNumber(option.costPerMonth),
      formatNumber(option.savingsPerMonth),
      intervalOf(option.savingsInterval),
      ...(hasWorth ? worthCells(option) : []),
      standingOf(option, options),
    ]),
    "no outcomes with a cost",
  );
}

function worthCells(option: CostOption): readonly string[] {
  return [
    formatFixed(option.netBenefit, 1),
    option.netBenefitGain === undefined ? "-" : formatSigned(option.netBenefitGain, 1),
    intervalOf(option.netBenefitGainInterval),
  ];
}

/** To three digits: of thousandths of a cent and of points alike. */
function intervalOf(interval: Interval | undefined): string {
  const { low, high } = interval ?? {};
  if (low === undefined || high === undefined) return formatNumber(undefined);
  const rounded = (value: number) => formatNumber(Number(value.toPrecision(3)));
  return `${rounded(low)} to ${rounded(high)}`;
}

/** Settings are named by their line: the ids of others would say nothing here. */
function standingOf(option: CostOption, options: readonly CostOption[]): string {
  if (option.onFront === true) return "nothing beats it";
  const line = options.findIndex(({ configId }) => configId === option.dominatedBy);
  return `beaten by #${line + 1}`;
}
