import { create } from "@bufbuild/protobuf";
import {
  DeleteConfigVersionResponseSchema,
  HistoryService,
  ListConfigVersionsResponseSchema,
  LoadConfigVersionResponseSchema,
  SaveConfigVersionResponseSchema,
} from "../../gen/attuned/v1/history_service_pb.ts";
import type { ModelConfig } from "../../gen/attuned/v1/model_config_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { ConfigVersion } from "../../gen/attuned/v1/version_pb.ts";
import type { Command, CommandContext } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { LIMIT_OPTION, limitOf, noteMore, readPages } from "../selectors.ts";
import { didYouMean } from "../suggest.ts";
import { formatEnum, formatInstant, formatSettings } from "../terminal/format.ts";
import { answer, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

/** Characters of a content hash that tell versions apart at a glance. */
const HASH_SHOWN = 12;

const ACTIONS: Readonly<Record<string, (context: CommandContext) => Promise<void>>> = {
  list,
  save,
  show,
  delete: remove,
};

export const versions: Command = {
  name: "versions",
  summary: "List, save, show or delete the versions of a model's config",
  usage: "MODEL [list | save VERSION | show VERSION | delete VERSION] [--reason TEXT]",
  example: 'attuned versions gpt-4 save v1.0.0 --reason "before the trial"',
  positionals: { names: ["MODEL", "ACTION", "VERSION"], required: 1 },
  options: {
    reason: { type: "text", value: "TEXT", help: "why, with save and delete" },
    ...LIMIT_OPTION,
  },
  async run(context) {
    const [, name = "list", version] = context.args.positionals;
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (action === undefined) {
      const known = Object.keys(ACTIONS);
      throw new UsageError(
        `versions takes ${known.join(", ")} after the model, not "${name}"${didYouMean(name, known)}`,
      );
    }
    if (name === "list" && version !== undefined)
      throw new UsageError("versions MODEL list takes no VERSION; use show");
    if (name !== "list" && version === undefined)
      throw new UsageError(`versions MODEL ${name} takes a VERSION`);
    await action(context);
    return EXIT_CODE.ok;
  },
};

async function list(context: CommandContext): Promise<void> {
  const { args, terminal } = context;
  const [model = ""] = args.positionals;
  const limit = limitOf(args);
  const service = (await context.connect()).service(HistoryService);
  const { items, nextPageToken } = await readPages(limit, async (pageSize, pageToken) => {
    const page = await service.listConfigVersions({ model, pageSize, pageToken });
    return { items: page.versions, nextPageToken: page.nextPageToken };
  });
  const response = create(ListConfigVersionsResponseSchema, { versions: items, nextPageToken });
  answer(context, ListConfigVersionsResponseSchema, response, () => {
    printTable(
      terminal,
      [
        { title: "VERSION", keep: true },
        { title: "LABELS" },
        { title: "REVISION", align: "right", drop: 2 },
        { title: "SAVED", drop: 3 },
        { title: "BY", drop: 4 },
        { title: "CONTENT", drop: 1 },
        { title: "REASON" },
      ],
      items.map((item) => [
        item.version,
        item.labels.join(" "),
        item.revision.toString(),
        formatInstant(item.savedAt),
        item.savedBy,
        item.contentHash.slice(0, HASH_SHOWN),
        item.reason,
      ]),
      "no versions are saved",
    );
    noteMore(nextPageToken, terminal);
  });
}

async function save(context: CommandContext): Promise<void> {
  const { args, terminal } = context;
  const [model = "", , version = ""] = args.positionals;
  const service = (await context.connect()).service(HistoryService);
  const reason = args.text("reason") ?? "";
  const response = await service.saveConfigVersion({ model, version, reason });
  answer(context, SaveConfigVersionResponseSchema, response, () => {
    const state = response.created === false ? "was saved before" : "saved";
    const hash = response.contentHash.slice(0, HASH_SHOWN);
    terminal.out(
      printable(`${response.path} ${state}: revision ${response.revision}, content ${hash}`),
    );
  });
}

async function show(context: CommandContext): Promise<void> {
  const [model = "", , version = ""] = context.args.positionals;
  const service = (await context.connect()).service(HistoryService);
  const response = await service.loadConfigVersion({ model, version });
  answer(context, LoadConfigVersionResponseSchema, response, () => {
    render(response.version, context.terminal);
  });
}

async function remove(context: CommandContext): Promise<void> {
  const { args, terminal } = context;
  const [model = "", , version = ""] = args.positionals;
  const service = (await context.connect()).service(HistoryService);
  const reason = args.text("reason") ?? "";
  const response = await service.deleteConfigVersion({ model, version, reason });
  answer(context, DeleteConfigVersionResponseSchema, response, () => {
    terminal.out(printable(`${model} ${version} deleted: revision ${response.revision}`));
  });
}

function render(item: ConfigVersion | undefined, terminal: Terminal): void {
  if (item === undefined) return;
  terminal.out(terminal.style.bold(printable(`${item.model} ${item.version}`)));
  const facts = [
    ["labels", item.labels.join(" ")],
    ["revision", item.revision.toString()],
    ["saved", formatInstant(item.savedAt)],
    ["by", item.savedBy],
    ["reason", item.reason],
    ["content", item.contentHash],
    ["prompts", item.prompts.map(({ type }) => type).join(" ")],
  ] as const;
  for (const line of factLines(facts, terminal)) terminal.out(line);
  terminal.out("");
  printPhases(item.config, terminal);
}

function printPhases(config: ModelConfig | undefined, terminal: Terminal): void {
  printTable(
    terminal,
    [{ title: "PHASE" }, { title: "SETTINGS" }],
    (config?.phases ?? []).map(({ phase, settings }) => [
      formatEnum(PhaseSchema, phase),
      formatSettings(settings),
    ]),
    "no settings per phase",
  );
}
