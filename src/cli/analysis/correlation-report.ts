import {
  AnalysisService,
  GetImpactMetricsResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { CommandContext, Daemon } from "../command.ts";
import { formatFixed } from "../terminal/format.ts";
import { answer, printTable } from "../terminal/output.ts";
import { printRest } from "./findings.ts";
import type { AnalysisQuestion } from "./subjects.ts";

/** The four correlations, over all phases where none is named. */
export async function printCorrelations(
  context: CommandContext,
  daemon: Daemon,
  question: AnalysisQuestion,
): Promise<void> {
  const { args, terminal } = context;
  const isOfPhase = args.text("phase") !== undefined || args.positionals.length > 2;
  const response = await daemon.service(AnalysisService).getImpactMetrics({
    ...question,
    phase: isOfPhase ? question.phase : 0,
  });
  answer(context, GetImpactMetricsResponseSchema, response, () => {
    printTable(
      terminal,
      [
        { title: "SETTING" },
        { title: "OUTCOME" },
        { title: "CORRELATION", align: "right" },
        { title: "N", align: "right" },
        { title: "MEANING" },
      ],
      response.correlations.map(({ x, y, value, kind, sampleSize, reason }) => [
        x,
        y,
        formatFixed(value, 3),
        sampleSize.toString(),
        value === undefined ? reason : meaningOf(value, kind),
      ]),
      "no correlations",
    );
    printRest(response.evidence, undefined, terminal);
  });
}

function meaningOf(value: number, kind: string): string {
  const size = kind === "PEARSON" ? value * value : value;
  const share = `${formatFixed(100 * size, 0)} % of the variation goes with it`;
  if (kind !== "PEARSON") return share;
  return `${share}, ${value < 0 ? "one up, the other down" : "both up"}`;
}
