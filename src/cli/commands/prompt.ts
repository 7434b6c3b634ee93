import {
  GetPromptTemplateResponseSchema,
  ModelService,
  PutPromptTemplateResponseSchema,
  RenderPromptResponseSchema,
} from "../../gen/attuned/v1/model_service_pb.ts";
import type { PromptTemplate } from "../../gen/attuned/v1/prompt_pb.ts";
import { mapOf } from "../arguments.ts";
import type { Command, CommandContext } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { CommandFailed, UsageError } from "../failure.ts";
import { readText } from "../replay/source.ts";
import { answer, noteWarnings } from "../terminal/output.ts";
import { printable } from "../terminal/text.ts";

/** Bytes of a template's file: the characters that a template may have, in UTF-8. */
const FILE_BYTES_MAX = 400_000;
const MODEL_HELP = '"" is the template that models without an own one share';

export const promptShow: Command = {
  name: "prompt show",
  summary: "Print a prompt template",
  usage: "MODEL TYPE",
  example: "attuned prompt show llama-2 system",
  positionals: { names: ["MODEL", "TYPE"], required: 2 },
  options: {},
  async run(context) {
    const { args, terminal } = context;
    const [model = "", type = ""] = args.positionals;
    const service = (await context.connect()).service(ModelService);
    const response = await service.getPromptTemplate({ model, type });
    answer(context, GetPromptTemplateResponseSchema, response, () => {
      printText(response.template?.text ?? "", context);
      terminal.note(`${describe(response.template)}; etag ${response.etag}`);
    });
    return EXIT_CODE.ok;
  },
};

export const promptPut: Command = {
  name: "prompt put",
  summary: "Store a prompt template, or remove the stored one",
  usage: "MODEL TYPE FILE|- | MODEL TYPE --remove",
  example: "attuned prompt put gpt-4 system system.txt --reason 'shorter'",
  positionals: { names: ["MODEL", "TYPE", "FILE"], required: 2 },
  options: {
    remove: { type: "flag", help: `serve the template below again; as MODEL, ${MODEL_HELP}` },
    reason: { type: "text", value: "TEXT", help: "why, for the history" },
    etag: { type: "text", value: "ETAG", help: "write only if the stored text is this one" },
  },
  async run(context) {
    const { args, io, terminal } = context;
    const [model = "", type = "", path] = args.positionals;
    if ((path === undefined) !== args.flag("remove")) {
      throw new UsageError("prompt put takes either FILE or --remove");
    }
    const text = path === undefined ? "" : await readText(path, FILE_BYTES_MAX, io);
    if (path !== undefined && text === "") {
      throw new CommandFailed(`${path} is empty; --remove takes the stored template away`);
    }
    const service = (await context.connect()).service(ModelService);
    const response = await service.putPromptTemplate({
      template: { model, type, text },
      etag: args.text("etag") ?? "",
      reason: args.text("reason") ?? "",
    });
    answer(context, PutPromptTemplateResponseSchema, response, () => {
      const changed =
        response.change === undefined ? "nothing changed" : describe(response.template);
      terminal.out(printable(`revision ${response.revision}: ${changed}`));
      noteWarnings(terminal, response.warnings);
    });
    return EXIT_CODE.ok;
  },
};

export const promptRender: Command = {
  name: "prompt render",
  summary: "Fill a prompt template",
  usage: "MODEL TYPE [--var NAME=VALUE …]",
  example: "attuned prompt render gpt-4 few_shot --var input='2+2' --var examples='1+1: 2'",
  positionals: { names: ["MODEL", "TYPE"], required: 2 },
  options: {
    var: { type: "text", value: "NAME=VALUE", multiple: true, help: "the value of a variable" },
  },
  async run(context) {
    const { args, terminal } = context;
    const [model = "", type = ""] = args.positionals;
    const variables = mapOf(args.pairs("var"));
    const service = (await context.connect()).service(ModelService);
    const response = await service.renderPrompt({ model, type, variables });
    answer(context, RenderPromptResponseSchema, response, () => {
      printText(response.text, context);
      if (response.unusedVariables.length > 0) {
        terminal.note(`attuned: warning: not used: ${response.unusedVariables.join(", ")}`);
      }
    });
    return EXIT_CODE.ok;
  },
};

/** The text alone on stdout, as it is where a program reads it; its own line breaks stay. */
function printText(text: string, { io, terminal }: CommandContext): void {
  for (const line of text.replace(/\n$/, "").split("\n")) {
    terminal.out(io.isTty ? printable(line) : line);
  }
}

function describe(template: PromptTemplate | undefined): string {
  if (template === undefined) return "no template is left of this type";
  const { model, type, source, variables, revision } = template;
  const whose = model === "" ? "shared by models" : `of ${model}`;
  const origin = source === "stored" ? `stored at revision ${revision}` : source;
  const names = variables.length === 0 ? "no variables" : `variables ${variables.join(", ")}`;
  return `${type} ${whose}, ${origin}, ${names}`;
}
