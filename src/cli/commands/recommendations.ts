import { create } from "@bufbuild/protobuf";
import { EvidenceSchema } from "../../gen/attuned/v1/analysis_pb.ts";
import {
  DismissRecommendationResponseSchema,
  GetRecommendationResponseSchema,
  ListRecommendationsResponseSchema,
  OptimizerService,
} from "../../gen/attuned/v1/optimizer_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Improvement, Recommendation } from "../../gen/attuned/v1/recommendation_pb.ts";
import {
  PrioritySchema,
  RecommendationKindSchema,
  RecommendationState,
  RecommendationStateSchema,
  StrategySchema,
} from "../../gen/attuned/v1/recommendation_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import {
  enumFilter,
  LIMIT_OPTION,
  limitOf,
  noteMore,
  phaseFilter,
  readPages,
  shortNames,
} from "../selectors.ts";
import {
  formatAttributes,
  formatEnum,
  formatFixed,
  formatInstant,
  formatPercent,
  formatValue,
} from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import type { Cell } from "../terminal/table.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

export const recommendationsList: Command = {
  name: "recommendations list",
  summary: "List recommendations",
  usage: "[--state STATE …] [--kind KIND …] [--model MODEL] [--phase PHASE]",
  example: "attuned recommendations list --state proposed",
  positionals: { names: [], required: 0 },
  options: {
    state: {
      type: "text",
      value: "STATE",
      multiple: true,
      help: `only this state: ${shortNames(RecommendationStateSchema).join(", ")}`,
    },
    kind: {
      type: "text",
      value: "KIND",
      multiple: true,
      help: `only this kind: ${shortNames(RecommendationKindSchema).join(", ")}`,
    },
    model: { type: "text", value: "MODEL", help: "only this model config" },
    phase: { type: "text", value: "PHASE", help: "only this phase" },
    ...LIMIT_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const filter = {
      states: enumFilter(args, "state", RecommendationStateSchema),
      kinds: enumFilter(args, "kind", RecommendationKindSchema),
      model: args.text("model") ?? "",
      phase: phaseFilter(args),
    };
    const limit = limitOf(args);
    const service = (await context.connect()).service(OptimizerService);
    const { items, nextPageToken } = await readPages(limit, async (pageSize, pageToken) => {
      const page = await service.listRecommendations({ ...filter, pageSize, pageToken });
      return { items: page.recommendations, nextPageToken: page.nextPageToken };
    });
    const response = create(ListRecommendationsResponseSchema, {
      recommendations: items,
      nextPageToken,
    });
    answer(context, ListRecommendationsResponseSchema, response, () => {
      printList(items, terminal);
      noteMore(nextPageToken, terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const recommendationsGet: Command = {
  name: "recommendations get",
  summary: "Show one recommendation with its reasons",
  usage: "ID",
  example: "attuned recommendations get rec-789",
  positionals: { names: ["ID"], required: 1 },
  options: {},
  async run(context) {
    const [recommendationId = ""] = context.args.positionals;
    const service = (await context.connect()).service(OptimizerService);
    const response = await service.getRecommendation({ recommendationId });
    answer(context, GetRecommendationResponseSchema, response, () => {
      printOne(response.recommendation, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const recommendationsDismiss: Command = {
  name: "recommendations dismiss",
  summary: "Decline a recommendation",
  usage: "ID [--reason TEXT]",
  example: 'attuned recommendations dismiss rec-789 --reason "a trial is under way"',
  positionals: { names: ["ID"], required: 1 },
  options: { reason: { type: "text", value: "TEXT", help: "why, for the record" } },
  async run(context) {
    const { args, terminal } = context;
    const [recommendationId = ""] = args.positionals;
    const service = (await context.connect()).service(OptimizerService);
    const response = await service.dismissRecommendation({
      recommendationId,
      reason: args.text("reason") ?? "",
    });
    answer(context, DismissRecommendationResponseSchema, response, () => {
      terminal.out(`dismissed ${recommendationId}`);
    });
    return EXIT_CODE.ok;
  },
};

function printList(items: readonly Recommendation[], terminal: Terminal): void {
  printTable(
    terminal,
    [
      { title: "ID", keep: true },
      { title: "STATE" },
      { title: "KIND", drop: 5 },
      { title: "MODEL" },
      { title: "PHASE" },
      { title: "PARAMETER" },
      { title: "FROM", align: "right" },
      { title: "TO", align: "right" },
      { title: "QUALITY", align: "right", drop: 2 },
      { title: "CONFIDENCE", align: "right", drop: 3 },
      { title: "EVIDENCE", drop: 1 },
      { title: "CREATED", drop: 4 },
    ],
    items.map((item) => [
      item.recommendationId,
      stateCell(item, terminal),
      formatEnum(RecommendationKindSchema, item.kind),
      item.model,
      formatEnum(PhaseSchema, item.phase),
      item.parameter,
      formatValue(item.currentValue),
      formatValue(item.recommendedValue),
      item.expectedImprovement?.quality?.text ?? "-",
      confidenceText(item),
      formatEnum(EvidenceSchema, item.evidence),
      formatInstant(item.createdAt),
    ]),
    "no recommendations",
  );
}

function printOne(item: Recommendation | undefined, terminal: Terminal): void {
  if (item === undefined) return;
  const change = `${formatValue(item.currentValue)} -> ${formatValue(item.recommendedValue)}`;
  terminal.out(terminal.style.bold(printable(`${item.parameter}: ${change}`)));
  printSentence(terminal, item.reason);
  terminal.out("");
  const expected = item.expectedImprovement;
  const facts = [
    ["id", item.recommendationId],
    ["state", formatEnum(RecommendationStateSchema, item.state)],
    ["state since", formatInstant(item.stateChangedAt)],
    ["state reason", item.stateReason],
    ["state by", item.stateChangedBy],
    ["kind", formatEnum(RecommendationKindSchema, item.kind)],
    ["scope", `${item.model} ${formatEnum(PhaseSchema, item.phase)}`],
    ["attributes", formatAttributes(item.attributes)],
    ["quality", improvementText(expected?.quality)],
    ["cost", improvementText(expected?.cost)],
    ["latency", improvementText(expected?.latency)],
    ["confidence", confidenceText(item)],
    ["evidence", formatEnum(EvidenceSchema, item.evidence)],
    ["sample size", item.sampleSize.toString()],
    ["strategy", formatEnum(StrategySchema, item.strategy)],
    ["priority", formatEnum(PrioritySchema, item.priority)],
    ["parent", `${item.parentConfigId} at revision ${item.parentRevision}`],
    ["created", formatInstant(item.createdAt)],
    ["expires", formatInstant(item.expiresAt)],
    ["drift", item.driftId],
  ] as const;
  for (const line of factLines(facts, terminal)) terminal.out(line);
}

/** Rounded down: what is shown must not claim more than what was found. */
function confidenceText({ confidence }: Recommendation): string {
  return formatFixed(Math.floor(confidence * 1000) / 1000, 3);
}

function improvementText(improvement: Improvement | undefined): string | undefined {
  if (improvement === undefined) return undefined;
  const { text, low, high } = improvement;
  return `${text} (${formatPercent(low)} to ${formatPercent(high)})`;
}

function stateCell(item: Recommendation, { style }: Terminal): Cell {
  const text = formatEnum(RecommendationStateSchema, item.state);
  return item.state === RecommendationState.PROPOSED ? { text, paint: style.yellow } : text;
}
