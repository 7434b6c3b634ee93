import type { ValidateConfigResponse } from "../../gen/attuned/v1/model_service_pb.ts";
import {
  ModelService,
  ValidateConfigResponseSchema,
} from "../../gen/attuned/v1/model_service_pb.ts";
import type { Arguments, NumberBounds } from "../arguments.ts";
import type { Command } from "../command.ts";
import { configFromText } from "../config/config-file.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { readText } from "../replay/source.ts";
import { answer, noteWarnings, printTable } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

const FILE_BYTES_MAX = 4_194_304;
const WHOLE_MAX = 2 ** 31 - 1;

export const validate: Command = {
  name: "validate",
  summary: "Check a model config as a write would, and write nothing",
  usage: "FILE [--max-temperature N] [--max-tokens N] [--allow MODEL …]",
  example: "attuned validate my-model.yaml --max-temperature 1",
  positionals: { names: ["FILE"], required: 1 },
  options: {
    "max-temperature": { type: "text", value: "N", help: "no phase may have a higher one" },
    "min-temperature": { type: "text", value: "N", help: "no phase may have a lower one" },
    "max-tokens": { type: "text", value: "N", help: "no phase may have more output tokens" },
    "max-timeout": { type: "text", value: "SECONDS", help: "no phase may wait longer" },
    "max-retries": { type: "text", value: "N", help: "no phase may retry more often" },
    allow: { type: "text", value: "MODEL", multiple: true, help: "a model that is allowed" },
  },
  async run(context) {
    const { args, io } = context;
    const [path = ""] = args.positionals;
    const constraints = constraintsOf(args);
    const { config } = await configFromText(await readText(path, FILE_BYTES_MAX, io), path);
    const service = (await context.connect()).service(ModelService);
    const response = await service.validateConfig({ config, constraints });
    answer(context, ValidateConfigResponseSchema, response, () => {
      render(response, path, context.terminal);
    });
    return response.valid === true ? EXIT_CODE.ok : EXIT_CODE.failed;
  },
};

function constraintsOf(args: Arguments) {
  const number = (option: string, field: string, bounds: Omit<NumberBounds, "min">) => {
    const value = args.number(option, { min: 0, ...bounds });
    return value === undefined ? {} : { [field]: value };
  };
  const whole = { max: WHOLE_MAX, integer: true };
  return {
    ...number("max-temperature", "maxTemperature", { max: 2 }),
    ...number("min-temperature", "minTemperature", { max: 2 }),
    ...number("max-tokens", "maxTokens", whole),
    ...number("max-timeout", "maxTimeoutSeconds", { max: WHOLE_MAX }),
    ...number("max-retries", "maxRetries", whole),
    allowedModels: [...args.list("allow")],
  };
}

function render(response: ValidateConfigResponse, path: string, terminal: Terminal): void {
  const { violations, warnings } = response;
  if (violations.length > 0) {
    const count = `${violations.length} violation${violations.length === 1 ? "" : "s"}`;
    terminal.out(terminal.style.red(printable(`${path}: ${count}`)));
    printTable(
      terminal,
      [{ title: "FIELD", keep: true }, { title: "PROBLEM" }],
      violations.map(({ field, message }) => [field, message]),
      "",
    );
  } else {
    const name = response.merged?.modelName ?? "";
    terminal.out(terminal.style.green(printable(`${path}: ${name} is valid; nothing was written`)));
  }
  noteWarnings(terminal, warnings);
}
