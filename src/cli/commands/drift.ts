import { create } from "@bufbuild/protobuf";
import { AnalysisStatus, EvidenceSchema } from "../../gen/attuned/v1/analysis_pb.ts";
import {
  AnalysisService,
  DetectDriftResponseSchema,
  ListDriftsResponseSchema,
} from "../../gen/attuned/v1/analysis_service_pb.ts";
import type { Drift } from "../../gen/attuned/v1/drift_pb.ts";
import { DriftKindSchema, DriftState, DriftStateSchema } from "../../gen/attuned/v1/drift_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { formatRanges } from "../analysis/ranges.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import {
  ATTRIBUTE_OPTION,
  attributesOf,
  enumFilter,
  LIMIT_OPTION,
  limitOf,
  modelAndPhase,
  noteMore,
  readPages,
  shortNames,
} from "../selectors.ts";
import { formatEnum, formatInstant, formatNumber, formatValue } from "../terminal/format.ts";
import { answer, printSentence, printTable } from "../terminal/output.ts";
import type { Cell, Column } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

export const driftList: Command = {
  name: "drift list",
  summary: "List recorded drifts",
  usage: "[--state STATE …] [--kind KIND …] [--model MODEL]",
  example: "attuned drift list --state open",
  positionals: { names: [], required: 0 },
  options: {
    state: {
      type: "text",
      value: "STATE",
      multiple: true,
      help: `only this state: ${shortNames(DriftStateSchema).join(", ")}`,
    },
    kind: {
      type: "text",
      value: "KIND",
      multiple: true,
      help: `only this kind: ${shortNames(DriftKindSchema).join(", ")}`,
    },
    model: { type: "text", value: "MODEL", help: "only this model config" },
    ...LIMIT_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const filter = {
      states: enumFilter(args, "state", DriftStateSchema),
      kinds: enumFilter(args, "kind", DriftKindSchema),
      model: args.text("model") ?? "",
    };
    const limit = limitOf(args);
    const service = (await context.connect()).service(AnalysisService);
    const { items, nextPageToken } = await readPages(limit, async (pageSize, pageToken) => {
      const page = await service.listDrifts({ ...filter, pageSize, pageToken });
      return { items: page.drifts, nextPageToken: page.nextPageToken };
    });
    const response = create(ListDriftsResponseSchema, { drifts: items, nextPageToken });
    answer(context, ListDriftsResponseSchema, response, () => {
      printTable(
        terminal,
        [
          { title: "STATE" },
          ...COLUMNS,
          { title: "SINCE", drop: 2 },
          { title: "UNTIL", drop: 5 },
          { title: "ID", drop: 6 },
        ],
        items.map((drift) => [
          stateCell(drift, terminal),
          ...row(drift),
          formatInstant(drift.openedAt),
          formatInstant(drift.resolvedAt),
          drift.driftId,
        ]),
        "no drifts",
      );
      printAdvice(items, terminal);
      noteMore(nextPageToken, terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const driftDetect: Command = {
  name: "drift detect",
  summary: "Compare what is served with the known optimum, now",
  usage: "MODEL PHASE [--threshold T] [--attribute KEY=VALUE …]",
  example: "attuned drift detect gpt-3.5-turbo execution --threshold 0.1",
  positionals: { names: ["MODEL", "PHASE"], required: 2 },
  options: {
    threshold: {
      type: "text",
      value: "T",
      help: "a distance greater than this is a drift, 0 to 1 (default 0.1)",
    },
    ...ATTRIBUTE_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const threshold = args.number("threshold", { min: 0, max: 1 });
    const request = {
      ...modelAndPhase(args),
      attributes: attributesOf(args),
      ...(threshold === undefined ? {} : { threshold }),
    };
    const service = (await context.connect()).service(AnalysisService);
    const response = await service.detectDrift(request);
    answer(context, DetectDriftResponseSchema, response, () => {
      if (response.drifts.length === 0) {
        const little = response.status === AnalysisStatus.INSUFFICIENT_DATA;
        const title = little ? "too little data" : "no drift";
        const { reason } = response;
        const saysIt = reason.toLowerCase().startsWith(title);
        printSentence(terminal, reason === "" || saysIt ? reason || title : `${title}: ${reason}`);
        return;
      }
      for (const { message } of response.drifts) {
        printSentence(terminal, message);
      }
      terminal.out("");
      printTable(terminal, COLUMNS, response.drifts.map(row), "no drift");
    });
    return EXIT_CODE.ok;
  },
};

/** What each open drift means and what to do about it, once where several say the same. */
function printAdvice(drifts: readonly Drift[], terminal: Terminal): void {
  const open = drifts.filter(({ state, message }) => state === DriftState.OPEN && message !== "");
  const told = new Set(
    open.map(
      ({ model, phase, message }) => `${model} ${formatEnum(PhaseSchema, phase)}: ${message}`,
    ),
  );
  if (told.size > 0) terminal.out("");
  for (const line of told) printSentence(terminal, line);
}

const COLUMNS: readonly Column[] = [
  { title: "KIND", drop: 3 },
  { title: "MODEL" },
  { title: "PHASE" },
  { title: "PARAMETER" },
  { title: "SERVED", align: "right" },
  { title: "OPTIMUM" },
  { title: "MAGNITUDE", align: "right", drop: 4 },
  { title: "EVIDENCE", drop: 1 },
];

function row(drift: Drift): readonly string[] {
  const ranges = formatRanges(drift.optimum);
  return [
    formatEnum(DriftKindSchema, drift.kind),
    drift.model,
    formatEnum(PhaseSchema, drift.phase),
    drift.parameter,
    formatValue(drift.served),
    ranges === "" ? drift.optimumValues.join(", ") : ranges,
    formatNumber(drift.magnitude),
    formatEnum(EvidenceSchema, drift.evidence),
  ];
}

function stateCell(drift: Drift, { style }: Terminal): Cell {
  const text = formatEnum(DriftStateSchema, drift.state);
  return text === "open" ? { text, paint: style.yellow } : text;
}
