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
import { tableLayout, tableLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";

const MODES: Readonly<Record<string, RenderMode>> = {
  raw: RenderMode.RAW,
  adjust: RenderMode.ADJUST,
  strict: RenderMode.STRICT,
};
const TOKENS_MAX = 2 ** 31 - 1;

export const params: Command = {
  name: "params",
  summary: "Print the parameter dict of a request, as JSON",
  usage: "MODEL PHASE [--api API] [--mode raw|adjust|strict] [--param KEY=VALUE …]",
  example: "attuned params gpt-6-sol planning --api openai.responses",
  positionals: { names: ["MODEL", "PHASE"], required: 2 },
  options: {
    api: {
      type: "text",
      value: "API",
      help: "the API that the request goes to, for example openai.responses; without it the model's own",
    },
    "api-version": {
      type: "text",
      value: "DATE",
      help: "version of the API, for anthropic.messages",
    },
    mode: {
      type: "text",
      value: "MODE",
      choices: Object.keys(MODES),
      help: "raw: the settings as they are (default); adjust: what the API accepts (default with --api); strict: fail instead",
    },
    "prompt-tokens": {
      type: "text",
      value: "N",
      help: "tokens of the prompt, to hold it against the context window",
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
    const isRendered = args.has("api") || args.has("api-version");
    const promptTokens = args.number("prompt-tokens", { min: 0, max: TOKENS_MAX, integer: true });
    const request = {
      ...modelAndPhase(args),
      mode: MODES[args.text("mode") ?? (isRendered ? "adjust" : "raw")] ?? RenderMode.RAW,
      ...(Object.keys(additional).length === 0 ? {} : { additionalParams: additional }),
      api: args.text("api") ?? "",
      apiVersion: args.text("api-version") ?? "",
      promptTokens: promptTokens ?? 0,
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
  const version = response.apiVersion === "" ? "" : ` ${response.apiVersion}`;
  if (response.api !== "") terminal.note(`for ${response.api}${version}`);
  for (const [name, value] of Object.entries(response.headers)) {
    terminal.note(`header ${name}: ${value}`);
  }
  if (response.scoreRequested) terminal.note("report a score with the outcome of this call");
  noteAdjustments(response, terminal);
  noteWarnings(terminal, response.warnings);
}

/** One row per change, with its reason in words and as a code. */
function noteAdjustments({ adjustments }: GetLLMParamsResponse, terminal: Terminal): void {
  if (adjustments.length === 0) return;
  const rows = adjustments.map(({ param, action, requested, rendered, message, reason }) => [
    param,
    action,
    formatValue(requested),
    formatValue(rendered),
    message,
    reason,
  ]);
  const columns = [
    { title: "PARAMETER", keep: true },
    { title: "CHANGE", keep: true },
    { title: "ASKED", align: "right" },
    { title: "SENT", align: "right" },
    { title: "WHY" },
    { title: "REASON", drop: 1 },
  ] as const;
  // Colours belong to stdout's terminal; stderr may be another place.
  const layout = { ...tableLayout(terminal), titlePaint: (text: string) => text };
  for (const line of tableLines(columns, rows, layout)) terminal.note(line);
}
