import {
  AnalysisService,
  GetOptimalSettingsResponseSchema,
  type SettingsOption,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { formatInterval, formatNumber, formatSettings } from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import { printFindings, printRest } from "./findings.ts";
import type { AnalysisQuestion } from "./subjects.ts";

/** The best evidenced settings that were used. */
export async function printSettings(
  context: CommandContext,
  daemon: Daemon,
  question: AnalysisQuestion,
): Promise<void> {
  const { args, terminal } = context;
  const minSamples = args.number("min-samples", { min: 1, max: 1e6, integer: true });
  const response = await daemon.service(AnalysisService).getOptimalSettings({
    ...question,
    metric: args.list("metric")[0] ?? "",
    ...(minSamples === undefined ? {} : { minSamples }),
  });
  answer(context, GetOptimalSettingsResponseSchema, response, () => {
    printFindings(response.insights, terminal);
    if (response.settings)
      printSentence(
        terminal,
        `best evidenced in ${response.metric}: ${formatSettings(response.settings)}`,
      );
    printSentence(terminal, `served: ${formatSettings(response.served)}`);
    terminal.out("");
    printTable(
      terminal,
      [
        { title: "SETTINGS" },
        { title: "N", align: "right" },
        { title: "MEAN", align: "right" },
        { title: "95% INTERVAL", align: "right" },
        { title: "BELOW BEST BY", align: "right" },
        { title: "VERDICT" },
      ],
      response.options.map((option) => [
        formatSettings(option.settings),
        option.sampleSize.toString(),
        formatNumber(option.mean),
        formatInterval(option.low, option.high, 2),
        formatInterval(option.shortfallAtLeast, option.shortfallAtMost, 2),
        verdictOf(option),
      ]),
      "no outcomes",
    );
    printRest(response.evidence, response.timeToAnswer, terminal);
  });
}

function verdictOf({ optimal, shortfallAtMost }: SettingsOption): string {
  if (optimal !== undefined) return optimal ? "not shown worse" : "worse";
  return shortfallAtMost === undefined ? "too few to judge" : "in doubt";
}
