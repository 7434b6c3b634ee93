import { HistoryService, RollbackResponseSchema } from "../../gen/attuned/v1/history_service_pb.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { printChanges } from "../terminal/changes.ts";
import { answer, noteWarnings } from "../terminal/output.ts";
import { printable } from "../terminal/text.ts";

export const rollback: Command = {
  name: "rollback",
  summary: "Bring an earlier content of a model's config back, as a new revision",
  usage: "MODEL (--to VERSION | --revision N) [--etag ETAG] [--reason TEXT]",
  example: 'attuned rollback gpt-4 --to v1.0.0 --reason "quality fell"',
  positionals: { names: ["MODEL"], required: 1 },
  options: {
    to: { type: "text", value: "VERSION", help: "a version or a label; its prompts come back too" },
    revision: { type: "text", value: "N", help: "what the model was at this revision" },
    etag: { type: "text", value: "ETAG", help: "only if the stored content is this one" },
    reason: { type: "text", value: "TEXT", help: "why, for the history" },
  },
  async run(context) {
    const { args, terminal } = context;
    const [model = ""] = args.positionals;
    const target = targetOf(args);
    const service = (await context.connect()).service(HistoryService);
    const response = await service.rollback({
      model,
      target,
      etag: args.text("etag") ?? "",
      reason: args.text("reason") ?? "",
    });
    answer(context, RollbackResponseSchema, response, () => {
      const served = response.served === false ? ", not served: another label is in use" : "";
      terminal.out(printable(`${model}: revision ${response.revision}${served}`));
      printChanges(terminal, response.changes);
      noteWarnings(terminal, response.warnings);
    });
    return EXIT_CODE.ok;
  },
};

function targetOf(args: Arguments) {
  const version = args.text("to");
  const revision = args.number("revision", {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    integer: true,
  });
  if ((version === undefined) === (revision === undefined))
    throw new UsageError("rollback takes either --to VERSION or --revision N");
  return revision === undefined
    ? { case: "version" as const, value: version ?? "" }
    : { case: "revision" as const, value: BigInt(revision) };
}
