import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GetLLMParamsResponse } from "../../gen/attuned/v1/config_service_pb.ts";
import {
  ConfigService,
  GetLLMParamsResponseSchema,
  RenderMode,
} from "../../gen/attuned/v1/config_service_pb.ts";
import { jsonOrText } from "../arguments.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { ATTRIBUTE_OPTION, attributesOf, modelAndPhase } from "../selectors.ts";
import { formatValue } from "../terminal/format.ts";
import { answer, noteWarnings, safeJson } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

const MODES: Readonly<Record<string, RenderMode>> = {
  raw: RenderMode.RAW,
  adjust: RenderMode.ADJUST,
  strict: RenderMode.STRICT,
};

export const params: Command = {
  name: "params",
  summary: "Print the parameter dict of a request, as JSON",
  usage: "MODEL PHASE [--mode raw|adjust|strict] [--param KEY=VALUE …]",
  example: "attuned params gpt-4 planning --param seed=7",
  positionals: { names: ["MODEL", "PHASE"], required: 2 },
  options: {
    mode: {
      type: "text",
      value: "MODE",
      choices: Object.keys(MODES),
      help: "raw: the settings as they are (default); adjust: what the model's API accepts; strict: fail instead",
    },
    param: {
      type: "text",
      short: "p",
      value: "KEY=VALUE",
      multiple: true,
      help: "a parameter that overrides or extends the dict; the value is JSON, else text",
    },
    unit: { type: "text", value: "UNIT", help: "what experiments randomise: a session, a task" },
    ...ATTRIBUTE_OPTION,
    peek: { type: "flag", help: "look without enrolling the unit in an experiment" },
    "require-known": { type: "flag", help: "fail for a model without a config" },
  },
  async run(context) {
    const { args, terminal } = context;
    const additional: JsonObject = Object.fromEntries(
      args.pairs("param").map(({ key, value }) => [key, jsonOrText(value) as JsonValue]),
    );
    const request = {
      ...modelAndPhase(args),
      mode: MODES[args.text("mode") ?? "raw"] ?? RenderMode.RAW,
      ...(Object.keys(additional).length === 0 ? {} : { additionalParams: additional }),
      unit: args.text("unit") ?? "",
      attributes: attributesOf(args),
      peek: args.flag("peek"),
      requireKnown: args.flag("require-known"),
    };
    const daemon = await context.connect();
    const response = await daemon.service(ConfigService).getLLMParams(request);
    answer(context, GetLLMParamsResponseSchema, response, () => render(response, terminal));
    return EXIT_CODE.ok;
  },
};

/** The dict alone on stdout, so that it can be piped into a request; the rest on stderr. */
function render(response: GetLLMParamsResponse, terminal: Terminal): void {
  terminal.out(safeJson(response.params ?? {}, 0));
  if (response.enabled === false) {
    terminal.note("attuned: warning: switched off, the agent must not call this model");
  }
  for (const { param, action, requested, rendered, message, reason } of response.adjustments) {
    const change = `${formatValue(requested)} -> ${formatValue(rendered)}`;
    terminal.note(`attuned: ${param} ${action}: ${change}; ${message} (${reason})`);
  }
  noteWarnings(terminal, response.warnings);
}
