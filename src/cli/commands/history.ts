import { create } from "@bufbuild/protobuf";
import {
  GetHistoryResponseSchema,
  HistoryService,
} from "../../gen/attuned/v1/history_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import {
  LIMIT_OPTION,
  limitOf,
  noteMore,
  phaseFilter,
  readPages,
  timeRange,
  WINDOW_OPTIONS,
} from "../selectors.ts";
import { formatEnum, formatInstant, formatValue } from "../terminal/format.ts";
import { answer, printTable } from "../terminal/output.ts";

export const history: Command = {
  name: "history",
  summary: "List changes of settings, newest first",
  usage: "[MODEL] [--phase PHASE] [--parameter NAME] [--since TIME] [--until TIME]",
  example: "attuned history gpt-4 --phase execution --since 7d",
  positionals: { names: ["MODEL"], required: 0 },
  options: {
    phase: { type: "text", value: "PHASE", help: "only this phase" },
    parameter: {
      type: "text",
      value: "NAME",
      help: "only this parameter, for example temperature",
    },
    ...WINDOW_OPTIONS,
    ...LIMIT_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const filter = {
      model: args.positionals[0] ?? "",
      phase: phaseFilter(args),
      parameter: args.text("parameter") ?? "",
      ...timeRange(args),
    };
    const limit = limitOf(args);
    const service = (await context.connect()).service(HistoryService);
    const { items, nextPageToken } = await readPages(limit, async (pageSize, pageToken) => {
      const page = await service.getHistory({ ...filter, pageSize, pageToken });
      return { items: page.changes, nextPageToken: page.nextPageToken };
    });
    const response = create(GetHistoryResponseSchema, { changes: items, nextPageToken });
    answer(context, GetHistoryResponseSchema, response, () => {
      printTable(
        terminal,
        [
          { title: "TIME", keep: true },
          { title: "REVISION", align: "right", drop: 2 },
          { title: "MODEL" },
          { title: "PHASE" },
          { title: "PARAMETER" },
          { title: "OLD", align: "right" },
          { title: "NEW", align: "right" },
          { title: "BY", drop: 1 },
          { title: "REASON" },
        ],
        items.map((change) => [
          formatInstant(change.timestamp),
          change.revision.toString(),
          change.model,
          formatEnum(PhaseSchema, change.phase),
          change.parameter,
          formatValue(change.oldValue),
          formatValue(change.newValue),
          change.changedBy,
          change.reason,
        ]),
        "no changes",
      );
      noteMore(nextPageToken, terminal);
    });
    return EXIT_CODE.ok;
  },
};
