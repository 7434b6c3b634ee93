import { create } from "@bufbuild/protobuf";
import {
  DeleteOverrideResponseSchema,
  HistoryService,
  ListOverridesResponseSchema,
  PutOverrideResponseSchema,
} from "../../gen/attuned/v1/history_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { ConfigOverride } from "../../gen/attuned/v1/version_pb.ts";
import { mapOf } from "../arguments.ts";
import type { Command } from "../command.ts";
import { settingsFromPairs } from "../config/settings-fields.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { LIMIT_OPTION, limitOf, noteMore, phaseFilter, readPages } from "../selectors.ts";
import { printChanges } from "../terminal/changes.ts";
import { formatAttributes, formatEnum, formatInstant, formatSettings } from "../terminal/format.ts";
import { answer, noteWarnings, printTable } from "../terminal/output.ts";
import { printable } from "../terminal/text.ts";

export const overrideList: Command = {
  name: "override list",
  summary: "List overrides and pins",
  usage: "[MODEL]",
  example: "attuned override list gpt-4",
  positionals: { names: ["MODEL"], required: 0 },
  options: { ...LIMIT_OPTION },
  async run(context) {
    const { args, terminal } = context;
    const [model = ""] = args.positionals;
    const limit = limitOf(args);
    const service = (await context.connect()).service(HistoryService);
    const { items, nextPageToken } = await readPages(limit, async (pageSize, pageToken) => {
      const page = await service.listOverrides({ model, pageSize, pageToken });
      return { items: page.overrides, nextPageToken: page.nextPageToken };
    });
    const response = create(ListOverridesResponseSchema, { overrides: items, nextPageToken });
    answer(context, ListOverridesResponseSchema, response, () => {
      printTable(
        terminal,
        [
          { title: "ID", keep: true },
          { title: "KIND" },
          { title: "MODEL" },
          { title: "PHASE" },
          { title: "SELECTOR" },
          { title: "SETTINGS" },
          { title: "REVISION", align: "right", drop: 3 },
          { title: "CHANGED", drop: 4 },
          { title: "BY", drop: 2 },
          { title: "REASON", drop: 1 },
        ],
        items.map((item) => [
          item.overrideId,
          item.pin ? "pin" : "override",
          item.model === "" ? "every" : item.model,
          item.phase === 0 ? "every" : formatEnum(PhaseSchema, item.phase),
          formatAttributes(item.selector),
          effectOf(item),
          item.revision.toString(),
          formatInstant(item.changedAt),
          item.changedBy,
          item.reason,
        ]),
        "no overrides",
      );
      noteMore(nextPageToken, terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const overridePut: Command = {
  name: "override put",
  summary: "Write an override or a pin; one with the same selector is replaced",
  usage: "[MODEL] [--phase PHASE] [--select KEY=VALUE …] --set FIELD=VALUE … [--pin]",
  example:
    "attuned override put gpt-4 --phase execution --select agent=planner --set temperature=0.2",
  positionals: { names: ["MODEL"], required: 0 },
  options: {
    phase: { type: "text", value: "PHASE", help: "only this phase; without it every one" },
    select: {
      type: "text",
      value: "KEY=VALUE",
      multiple: true,
      help: "an attribute that requests must have, for example environment=staging",
    },
    set: {
      type: "text",
      value: "FIELD=VALUE",
      multiple: true,
      help: "a setting, for example temperature=0.2",
    },
    disable: { type: "flag", help: "switch the matching requests off" },
    pin: { type: "flag", help: "above the environment; nothing automatic may cross it" },
    reason: { type: "text", value: "TEXT", help: "why, for the history" },
  },
  async run(context) {
    const { args, terminal } = context;
    const [model = ""] = args.positionals;
    const disable = args.flag("disable");
    if (!args.has("set") && !disable)
      throw new UsageError("override put takes --set FIELD=VALUE or --disable");
    const override = {
      model,
      phase: phaseFilter(args),
      selector: mapOf(args.pairs("select")),
      settings: settingsFromPairs(args.pairs("set"), "--set"),
      pin: args.flag("pin"),
      ...(disable ? { enabled: false } : {}),
    };
    const service = (await context.connect()).service(HistoryService);
    const response = await service.putOverride({ override, reason: args.text("reason") ?? "" });
    answer(context, PutOverrideResponseSchema, response, () => {
      const id = response.override?.overrideId ?? "";
      terminal.out(printable(`${id}: revision ${response.revision}`));
      printChanges(terminal, response.changes);
      noteWarnings(terminal, response.warnings);
    });
    return EXIT_CODE.ok;
  },
};

export const overrideDelete: Command = {
  name: "override delete",
  summary: "Remove an override or a pin",
  usage: "ID [--reason TEXT]",
  example: "attuned override delete ovr-1f0c9a",
  positionals: { names: ["ID"], required: 1 },
  options: { reason: { type: "text", value: "TEXT", help: "why, for the history" } },
  async run(context) {
    const { args, terminal } = context;
    const [overrideId = ""] = args.positionals;
    const service = (await context.connect()).service(HistoryService);
    const reason = args.text("reason") ?? "";
    const response = await service.deleteOverride({ overrideId, reason });
    answer(context, DeleteOverrideResponseSchema, response, () => {
      terminal.out(printable(`${overrideId} deleted: revision ${response.revision}`));
      printChanges(terminal, response.changes);
    });
    return EXIT_CODE.ok;
  },
};

function effectOf({ enabled, settings }: ConfigOverride): string {
  if (enabled === false) return "switched off";
  return formatSettings(settings);
}
