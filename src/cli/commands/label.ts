import { HistoryService, SetLabelResponseSchema } from "../../gen/attuned/v1/history_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { printChanges } from "../terminal/changes.ts";
import { answer } from "../terminal/output.ts";
import { printable } from "../terminal/text.ts";

export const label: Command = {
  name: "label",
  summary: "Point a label of a model to a version, or remove it",
  usage: "MODEL LABEL (VERSION | --remove) [--expect VERSION] [--reason TEXT]",
  example: "attuned label gpt-4 production v1.1.0 --expect v1.0.0",
  positionals: { names: ["MODEL", "LABEL", "VERSION"], required: 2 },
  options: {
    expect: {
      type: "text",
      value: "VERSION",
      help: "move only if the label points to this version now",
    },
    remove: { type: "flag", help: "remove the label" },
    reason: { type: "text", value: "TEXT", help: "why, for the history" },
  },
  async run(context) {
    const { args, terminal } = context;
    const [model = "", name = "", version] = args.positionals;
    if (args.flag("remove") === (version !== undefined))
      throw new UsageError("label takes a VERSION to point to, or --remove");
    const service = (await context.connect()).service(HistoryService);
    const response = await service.setLabel({
      model,
      label: name,
      version: version ?? "",
      expectedVersion: args.text("expect") ?? "",
      reason: args.text("reason") ?? "",
    });
    answer(context, SetLabelResponseSchema, response, () => {
      const to = version === undefined ? "removed" : version;
      const from = response.previousVersion === "" ? "" : ` (was ${response.previousVersion})`;
      const served = response.served === true ? ", served now" : "";
      terminal.out(
        printable(`${model} ${name}: ${to}${from}, revision ${response.revision}${served}`),
      );
      printChanges(terminal, response.changes);
    });
    return EXIT_CODE.ok;
  },
};
