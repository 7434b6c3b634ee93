import type { AnalyzeParameterImpactResponse } from "../../gen/attuned/v1/analysis_service_pb.ts";
import {
  AnalysisService,
  AnalyzeParameterImpactResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import { Phase, PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { printAnalysis } from "../analysis/analysis-report.ts";
import { printAbsent } from "../analysis/findings.ts";
import { onlyModelWithOutcomes } from "../analysis/model-with-outcomes.ts";
import { type RelatedAnswers, relatedAnswers } from "../analysis/related-answers.ts";
import { type AnalysisQuestion, SUBJECTS } from "../analysis/subjects.ts";
import type { Command, CommandContext, Daemon } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { ATTRIBUTE_OPTION, attributesOf, phaseOf, WINDOW_OPTIONS, windowOf } from "../selectors.ts";
import { didYouMean } from "../suggest.ts";
import { formatEnum } from "../terminal/format.ts";
import { answer } from "../terminal/output.ts";

const PARAMETERS = ["temperature", "max_tokens", "timeout", "max_retries", "model"] as const;
const WORDS: readonly string[] = [...PARAMETERS, ...SUBJECTS.keys()];

export const analyze: Command = {
  name: "analyze",
  summary: "Show what settings, models, tokens and changes do to quality, cost and the rest",
  usage: `${WORDS.join("|")} [MODEL] [PHASE]`,
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
      multiple: true,
      help: "what to compare: quality (default), success, coherence, creativity, hallucination, latency, cost or tokens",
    },
    "acceptable-quality": {
      type: "text",
      value: "POINTS",
      help: "tokens: quality that is good enough (default: nine tenths of the present mean)",
    },
    "tolerated-loss": {
      type: "text",
      value: "POINTS",
      help: "tokens: quality that a lower limit may cost (default 2)",
    },
    "usd-per-point": {
      type: "text",
      value: "USD",
      help: "cost: what a point of quality of one call is worth to you",
    },
    "min-samples": {
      type: "text",
      value: "N",
      help: "settings: outcomes that settings need to be judged (default 10)",
    },
    ...ATTRIBUTE_OPTION,
    ...WINDOW_OPTIONS,
  },
  async run(context) {
    const { args } = context;
    const word = wordOf(args.positionals[0] ?? "");
    const subject = SUBJECTS.get(word);
    const isOfModels = word === "model" || subject?.needsModel === false;
    const phaseText = oneOf(context, "phase", args.positionals[2]);
    const phase = phaseText === undefined ? Phase.EXECUTION : phaseOf(phaseText);
    const filter = { attributes: attributesOf(args), ...windowOf(args) };
    const given = oneOf(context, "model", word === "change" ? undefined : args.positionals[1]);
    const daemon = await context.connect();
    const model = given ?? (isOfModels ? "" : await pickModel(context, daemon, phase));
    if (subject) await subject.print(context, daemon, { model, phase, ...filter });
    else await printParameter(context, daemon, { model, phase, parameter: word, ...filter });
    return EXIT_CODE.ok;
  },
};

async function printParameter(
  context: CommandContext,
  daemon: Daemon,
  question: AnalysisQuestion & { readonly parameter: string },
): Promise<void> {
  const metrics = context.args.list("metric");
  const [metric = ""] = metrics;
  const request = { ...question, metric, metrics: metrics.length > 1 ? [...metrics] : [] };
  const response = await daemon.service(AnalysisService).analyzeParameterImpact(request);
  const all = response.impacts.length > 0 ? response.impacts : [response];
  const impacts = all.map((impact, index) =>
    named(impact, { ...request, metric: metrics[index] ?? metric }),
  );
  // JSON is the answer of one call; a person is also told what other calls say beside it.
  const told = context.output === "json" ? [] : await withRelated(daemon, question, impacts);
  answer(context, AnalyzeParameterImpactResponseSchema, response, () => {
    for (const [index, { impact, related }] of told.entries()) {
      if (index > 0) context.terminal.out("");
      printAnalysis(impact, related, context.terminal);
    }
    if (impacts.length > 1) printAbsent(response.absentMetrics, context.terminal);
  });
}

async function withRelated(
  daemon: Daemon,
  question: AnalysisQuestion,
  impacts: readonly AnalyzeParameterImpactResponse[],
) {
  const told: { impact: AnalyzeParameterImpactResponse; related: RelatedAnswers }[] = [];
  for (const impact of impacts)
    told.push({ impact, related: await relatedAnswers(daemon, question, impact) });
  return told;
}

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

function wordOf(text: string): string {
  const wanted = text.toLowerCase().replaceAll("-", "_");
  if (WORDS.includes(wanted)) return wanted;
  throw new UsageError(
    `analyze takes one of ${WORDS.join(", ")}, not "${text}"${didYouMean(wanted, WORDS)}`,
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
