import {
  AnalysisService,
  AnalyzeTokenEfficiencyResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { formatFixed, formatInterval, formatNumber, formatPercent } from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import { printFindings, printRest } from "./findings.ts";
import type { AnalysisQuestion } from "./subjects.ts";

/** Quality against tokens, and what lower limits would cost at most. */
export async function printTokens(
  context: CommandContext,
  daemon: Daemon,
  question: AnalysisQuestion,
): Promise<void> {
  const { args, terminal } = context;
  const acceptableQuality = args.number("acceptable-quality", { min: 0, max: 100 });
  const toleratedLoss = args.number("tolerated-loss", { min: 0, max: 100 });
  const response = await daemon.service(AnalysisService).analyzeTokenEfficiency({
    ...question,
    ...(acceptableQuality === undefined ? {} : { acceptableQuality }),
    ...(toleratedLoss === undefined ? {} : { toleratedLoss }),
  });
  answer(context, AnalyzeTokenEfficiencyResponseSchema, response, () => {
    printFindings(response.insights, terminal);
    terminal.out("");
    printTable(
      terminal,
      [
        { title: "OUTPUT TOKENS" },
        { title: "N", align: "right" },
        { title: "QUALITY", align: "right" },
        { title: "95% INTERVAL", align: "right" },
        { title: "TOKENS", align: "right" },
        { title: "QUALITY PER TOKEN", align: "right" },
      ],
      response.groups.map((group) => [
        `${formatNumber(group.lowTokens)} to ${formatNumber(group.highTokens)}`,
        group.sampleSize.toString(),
        formatFixed(group.avgQuality, 1),
        formatInterval(group.qualityLow, group.qualityHigh, 1),
        formatNumber(group.avgTokens),
        formatNumber(group.qualityPerToken),
      ]),
      "no calls with quality and output tokens",
    );
    if (response.limits.length > 0) {
      terminal.out("");
      printTable(
        terminal,
        [
          { title: "MAX_TOKENS", align: "right" },
          { title: "CALLS WITHIN", align: "right" },
          { title: "LOSS AT MOST", align: "right" },
          { title: "UP TO", align: "right" },
          { title: "QUALITY LEFT AT LEAST", align: "right" },
        ],
        response.limits.map((limit) => [
          String(limit.maxTokens),
          formatPercent(limit.shareWithin),
          formatFixed(limit.lossAtMost, 1),
          formatFixed(limit.lossHigh, 1),
          formatFixed(limit.qualityLow, 1),
        ]),
        "no limits",
      );
      terminal.out("");
      const { minAcceptableTokens, acceptableQuality: good, diminishingReturnsAt } = response;
      printSentence(
        terminal,
        `lowest limit that keeps quality at ${formatFixed(good, 1)} or more: ${minAcceptableTokens ?? "none is shown"}; returns diminish above: ${diminishingReturnsAt ?? "none is shown"}`,
      );
    }
    for (const condition of response.conditions)
      printSentence(terminal, `provided that ${condition}`);
    // With enough data the bound needs no test: the time of one would only mislead.
    const lacks = response.samplesNeeded > 0n;
    printRest(response.evidence, lacks ? response.timeToAnswer : undefined, terminal);
  });
}
