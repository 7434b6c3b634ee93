import type { AnalyzeParameterImpactResponse } from "../../gen/attuned/v1/analysis_service_pb.ts";
import {
  AnalysisService,
  AnalyzeParameterImpactResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import { Phase, PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { printAnalysis } from "../analysis/analysis-report.ts";
import { onlyModelWithOutcomes } from "../analysis/model-with-outcomes.ts";
import type { Command, CommandContext, Daemon } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { ATTRIBUTE_OPTION, attributesOf, phaseOf, WINDOW_OPTIONS, windowOf } from "../selectors.ts";
import { didYouMean } from "../suggest.ts";
import { formatEnum } from "../terminal/format.ts";
import { answer } from "../terminal/output.ts";

const PARAMETERS = ["temperature", "max_tokens", "timeout", "max_retries"] as const;
export const analyze: Command = {
  name: "analyze",
  summary: "Show what a setting does to a metric, with a plot",
  usage: `${PARAMETERS.join("|")} [MODEL] [PHASE] [--metric METRIC]`,
  example: "attuned analyze temperature gpt-3.5-turbo execution --metric quality",
  positionals: { names: ["PARAMETER", "MODEL", "PHASE"], required: 1 },
  options: {
    model: {
      type: "text",
      value: "MODEL",
      help: "the model (default: the only one with outcomes)",
    },
    phase: { type: "text", value: "PHASE", help: "the phase (default: execution)" },
    metric: {
      type: "text",
      value: "METRIC",
      help: "what to compare: quality (default), success, coherence, creativity or hallucination",
    },
    ...ATTRIBUTE_OPTION,
    ...WINDOW_OPTIONS,
  },
  async run(context) {
    const { args } = context;
    const parameter = parameterOf(args.positionals[0] ?? "");
    const phaseText = oneOf(context, "phase", args.positionals[2]);
    const phase = phaseText === undefined ? Phase.EXECUTION : phaseOf(phaseText);
    const filter = { attributes: attributesOf(args), ...windowOf(args) };
    const given = oneOf(context, "model", args.positionals[1]);
    const daemon = await context.connect();
    const model = given ?? (await pickModel(context, daemon, phase));
    const request = { model, phase, parameter, metric: args.text("metric") ?? "", ...filter };
    const response = await daemon.service(AnalysisService).analyzeParameterImpact(request);
    answer(context, AnalyzeParameterImpactResponseSchema, response, () => {
      printAnalysis(named(response, request), context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

/** The response with the names that were asked for, where the daemon leaves them to the caller. */
function named(
  response: AnalyzeParameterImpactResponse,
  asked: { readonly parameter: string; readonly metric: string },
): AnalyzeParameterImpactResponse {
  const metric = asked.metric === "" ? "quality" : asked.metric;
  return {
    ...response,
    parameter: response.parameter === "" ? asked.parameter : response.parameter,
    metric: response.metric === "" ? metric : response.metric,
  };
}

function parameterOf(text: string): string {
  const wanted = text.toLowerCase().replaceAll("-", "_");
  if (PARAMETERS.some((name) => name === wanted)) return wanted;
  throw new UsageError(
    `analyze takes one of ${PARAMETERS.join(", ")}, not "${text}"${didYouMean(wanted, PARAMETERS)}`,
  );
}

/** An argument that may also be given as an option, but not as both with different values. */
function oneOf(
  { args }: CommandContext,
  option: string,
  positional: string | undefined,
): string | undefined {
  const named = args.text(option);
  if (named !== undefined && positional !== undefined && named !== positional) {
    throw new UsageError(`analyze is given two of --${option}: "${positional}" and "${named}"`);
  }
  return positional ?? named;
}

async function pickModel(
  { terminal }: CommandContext,
  daemon: Daemon,
  phase: Phase,
): Promise<string> {
  const model = await onlyModelWithOutcomes(daemon, phase);
  const name = formatEnum(PhaseSchema, phase);
  terminal.note(`attuned: analysing ${model} ${name}, the only model with outcomes there`);
  return model;
}
