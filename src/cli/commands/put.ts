import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ModelConfigSchema } from "../../gen/attuned/v1/model_config_pb.ts";
import type {
  GetModelConfigResponse,
  PutModelConfigResponse,
} from "../../gen/attuned/v1/model_service_pb.ts";
import {
  ModelService,
  PutModelConfigResponseSchema,
} from "../../gen/attuned/v1/model_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import type { Command, CommandContext } from "../command.ts";
import { editConfig, readEdits } from "../config/config-edits.ts";
import { configFromText } from "../config/config-file.ts";
import { readCallFailure } from "../daemon/errors.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import { readText } from "../replay/source.ts";
import { formatEnum, formatValue } from "../terminal/format.ts";
import { answer, noteWarnings, printTable } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

const FILE_BYTES_MAX = 4_194_304;
/** Others may write in between; each try reads the newest state. */
const WRITE_TRIES = 5;

export const put: Command = {
  name: "put",
  summary: "Write the stored settings of a model, from a file or field by field",
  usage: "FILE | MODEL --set PHASE.FIELD=VALUE … [--unset PHASE.FIELD …] [--reason TEXT]",
  example: "attuned put gpt-3.5-turbo --set execution.temperature=1.5 --reason trial",
  positionals: { names: ["FILE|MODEL"], required: 1 },
  options: {
    set: {
      type: "text",
      value: "FIELD=VALUE",
      multiple: true,
      help: "one field: execution.temperature=0.7, limits.max_iterations=10, enabled=false",
    },
    unset: {
      type: "text",
      value: "FIELD",
      multiple: true,
      help: "a field that falls through to the layers below again",
    },
    reason: { type: "text", value: "TEXT", help: "why, for the history" },
    etag: { type: "text", value: "ETAG", help: "write only if the stored content is this one" },
    create: { type: "flag", help: "with --set: register a model that is not known yet" },
  },
  async run(context) {
    const { args } = context;
    const edits = args.has("set") || args.has("unset");
    if (!edits && args.flag("create")) throw new UsageError("put takes --create only with --set");
    const response = edits ? await writeEdits(context) : await writeFile(context);
    answer(context, PutModelConfigResponseSchema, response, () => {
      render(response, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

/** Replaces the stored layer by the file's content. */
async function writeFile(context: CommandContext): Promise<PutModelConfigResponse> {
  const { args, io } = context;
  const [path = ""] = args.positionals;
  const text = await readText(path, FILE_BYTES_MAX, io);
  const file = await configFromText(text, path);
  const service = (await context.connect()).service(ModelService);
  return service.putModelConfig({
    config: file.config,
    etag: args.text("etag") ?? file.etag,
    reason: args.text("reason") ?? file.reason,
  });
}

/** Reads the stored layer, changes the named fields and writes it back, unless someone else wrote in between: then once more. */
async function writeEdits(context: CommandContext): Promise<PutModelConfigResponse> {
  const { args } = context;
  const [model = ""] = args.positionals;
  const edits = readEdits(args.pairs("set"), args.list("unset"));
  const reason = args.text("reason") ?? "";
  const wantedEtag = args.text("etag");
  const service = (await context.connect()).service(ModelService);
  for (let attempt = 1; ; attempt += 1) {
    const current = await service.getModelConfig({ model }).catch((error: unknown) => {
      if (!isCode(error, Code.NotFound)) throw error;
      if (args.flag("create")) return undefined;
      const failure = readCallFailure(error, { address: "", timeoutSeconds: 0 });
      throw new CommandFailed(
        `${failure?.message}; --create registers "${model}" as a new model (${failure?.reason})`,
        EXIT_CODE.refused,
      );
    });
    const stored =
      current?.stored ?? create(ModelConfigSchema, { modelName: nameOf(current, model) });
    const config = editConfig(stored, edits);
    try {
      return await service.putModelConfig({
        config,
        etag: wantedEtag ?? current?.etag ?? "",
        reason,
      });
    } catch (error) {
      const lost = isCode(error, Code.Aborted) && wantedEtag === undefined;
      if (!lost || attempt >= WRITE_TRIES) throw error;
    }
  }
}

/** The registry's name, which an alias such as "gpt-35-turbo" leads to. */
function nameOf(current: GetModelConfigResponse | undefined, model: string): string {
  return current?.config?.modelName ?? model;
}

function render(response: PutModelConfigResponse, terminal: Terminal): void {
  const name = response.config?.modelName ?? "";
  const served = response.served === false ? ", not served: another label is in use" : "";
  terminal.out(printable(`${name}: revision ${response.revision}${served}`));
  printTable(
    terminal,
    [
      { title: "PHASE" },
      { title: "PARAMETER" },
      { title: "OLD", align: "right" },
      { title: "NEW", align: "right" },
    ],
    response.changes.map((change) => [
      formatEnum(PhaseSchema, change.phase),
      change.parameter,
      formatValue(change.oldValue),
      formatValue(change.newValue),
    ]),
    "nothing changed",
  );
  noteWarnings(terminal, response.warnings);
}

function isCode(error: unknown, code: Code): boolean {
  return error instanceof ConnectError && error.code === code;
}
