import type { ResolveConfigResponse } from "../../gen/attuned/v1/config_service_pb.ts";
import {
  ConfigService,
  ResolveConfigResponseSchema,
} from "../../gen/attuned/v1/config_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { LayerSchema, ResolutionReasonSchema } from "../../gen/attuned/v1/resolution_pb.ts";
import { LimitsSchema, SettingsSchema } from "../../gen/attuned/v1/settings_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { ATTRIBUTE_OPTION, attributesOf, modelAndPhase } from "../selectors.ts";
import { formatEnum, setFields, snakeCase } from "../terminal/format.ts";
import { answer, noteWarnings, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

export const resolve: Command = {
  name: "resolve",
  summary: "Show the settings that an agent gets for a model and a phase",
  usage: "MODEL PHASE [--unit UNIT] [--attribute KEY=VALUE …] [--peek] [--explain]",
  example: "attuned resolve gpt-4 planning --attribute environment=production --explain",
  positionals: { names: ["MODEL", "PHASE"], required: 2 },
  options: {
    unit: { type: "text", value: "UNIT", help: "what experiments randomise: a session, a task" },
    ...ATTRIBUTE_OPTION,
    peek: { type: "flag", help: "look without enrolling the unit in an experiment" },
    "require-known": { type: "flag", help: "fail for a model without a config" },
    explain: { type: "flag", help: "show which layer and revision set each field" },
  },
  async run(context) {
    const { args, terminal } = context;
    const request = {
      ...modelAndPhase(args),
      unit: args.text("unit") ?? "",
      attributes: attributesOf(args),
      peek: args.flag("peek"),
      requireKnown: args.flag("require-known"),
    };
    const daemon = await context.connect();
    const response = await daemon.service(ConfigService).resolveConfig(request);
    answer(context, ResolveConfigResponseSchema, response, () => {
      render(response, args.flag("explain"), terminal);
    });
    return EXIT_CODE.ok;
  },
};

function render(response: ResolveConfigResponse, explain: boolean, terminal: Terminal): void {
  const phase = formatEnum(PhaseSchema, response.phase);
  terminal.out(terminal.style.bold(printable(`${response.model} ${phase}`)));
  if (response.enabled === false) {
    terminal.out(terminal.style.red("switched off: the agent must not call this model"));
  }
  const fields = [
    ...setFields(SettingsSchema, response.settings),
    ...setFields(LimitsSchema, response.limits)
      .filter(([name]) => name !== "context_window_text")
      .map(([name, text]) => [`limits.${name}`, text] as const),
  ];
  const origins = new Map(response.provenance.map((item) => [snakeCase(item.field), item]));
  printTable(
    terminal,
    [
      { title: "FIELD" },
      { title: "VALUE", align: "right" },
      ...(explain
        ? [{ title: "LAYER" }, { title: "REVISION", align: "right" as const }, { title: "SOURCE" }]
        : []),
    ],
    fields.map(([name, text]) => {
      const origin = origins.get(name);
      if (origin === undefined) return [name, text];
      const layer = formatEnum(LayerSchema, origin.layer);
      return [name, text, layer, origin.revision.toString(), origin.source];
    }),
    "no settings",
  );
  terminal.out("");
  const facts = [
    ["config", response.configKey],
    ["config id", response.configId],
    ["revision", response.revision.toString()],
    ["reason", formatEnum(ResolutionReasonSchema, response.reason)],
    ["cacheable", response.cacheable === true ? `for ${response.maxAgeSeconds} s` : "no"],
    ...(response.scoreRequested ? [["score", "requested"] as const] : []),
    ["token", response.decisionToken],
  ] as const;
  for (const line of factLines(facts, terminal)) terminal.out(line);
  noteWarnings(terminal, response.warnings);
}
