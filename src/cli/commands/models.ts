import { create } from "@bufbuild/protobuf";
import type { ModelConfig } from "../../gen/attuned/v1/model_config_pb.ts";
import { ModelCapabilitySchema, RetryPolicySchema } from "../../gen/attuned/v1/model_config_pb.ts";
import type { GetModelConfigResponse, ModelFacts } from "../../gen/attuned/v1/model_service_pb.ts";
import {
  GetModelConfigResponseSchema,
  ListModelsResponseSchema,
  ModelService,
} from "../../gen/attuned/v1/model_service_pb.ts";
import { PhaseSchema } from "../../gen/attuned/v1/phase_pb.ts";
import { LayerSchema } from "../../gen/attuned/v1/resolution_pb.ts";
import { LimitsSchema, SettingsSchema } from "../../gen/attuned/v1/settings_pb.ts";
import type { Command, CommandContext } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { readPages } from "../selectors.ts";
import { formatEnum, setFields } from "../terminal/format.ts";
import { modelFactRows } from "../terminal/model-facts.ts";
import { answer, noteWarnings, printSentence, printTable } from "../terminal/output.ts";
import { factLines } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { printable } from "../terminal/text.ts";

const MODELS_MAX = 100_000;

export const models: Command = {
  name: "models",
  summary: "List model configs, or show one",
  usage:
    "[NAME] [--lifecycle current|preview|deprecated|retired] [--group GROUP] [--family FAMILY]",
  example: "attuned models gpt-4",
  positionals: { names: ["NAME"], required: 0 },
  options: {
    group: { type: "text", value: "GROUP", help: 'only this group, for example "GPT Models"' },
    family: { type: "text", value: "FAMILY", help: "only this family, for example claude" },
    lifecycle: {
      type: "text",
      value: "LIFECYCLE",
      choices: ["current", "preview", "deprecated", "retired"],
      help: "the models of the catalog that are in this state, with prices",
    },
  },
  async run(context) {
    const [name] = context.args.positionals;
    if (name === undefined) await list(context);
    else await show(context, name);
    return EXIT_CODE.ok;
  },
};

async function list(context: CommandContext): Promise<void> {
  const { args, terminal } = context;
  const service = (await context.connect()).service(ModelService);
  const filter = {
    group: args.text("group") ?? "",
    family: args.text("family") ?? "",
    lifecycle: args.text("lifecycle") ?? "",
  };
  const facts: Record<string, ModelFacts> = {};
  const { items } = await readPages(MODELS_MAX, async (pageSize, pageToken) => {
    const page = await service.listModels({ ...filter, pageSize, pageToken });
    Object.assign(facts, page.facts);
    return { items: page.models, nextPageToken: page.nextPageToken };
  });
  const response = create(ListModelsResponseSchema, { models: items, facts });
  answer(context, ListModelsResponseSchema, response, () => {
    if (filter.lifecycle === "") printConfigs(items, facts, terminal);
    else printFacts(items, facts, terminal);
  });
}

/** The registry: what operators configured, and where their models stand. */
function printConfigs(
  items: readonly ModelConfig[],
  facts: Readonly<Record<string, ModelFacts>>,
  terminal: Terminal,
): void {
  const hasFacts = Object.keys(facts).length > 0;
  printTable(
    terminal,
    [
      { title: "MODEL" },
      { title: "FAMILY" },
      { title: "GROUP" },
      { title: "CONTEXT", align: "right" },
      { title: "ENABLED" },
      ...(hasFacts ? [{ title: "LIFECYCLE", drop: 1 }] : []),
      { title: "CAPABILITIES" },
    ],
    items.map((model) => [
      model.modelName,
      model.modelFamily,
      model.group,
      contextText(model),
      model.enabled === false ? "no" : "yes",
      ...(hasFacts ? [facts[model.modelName]?.lifecycle ?? "-"] : []),
      capabilitiesText(model),
    ]),
    "no model configs match",
  );
}

/** Models to choose from: what they take and what they cost. */
function printFacts(
  items: readonly ModelConfig[],
  facts: Readonly<Record<string, ModelFacts>>,
  terminal: Terminal,
): void {
  const right = "right" as const;
  printTable(
    terminal,
    [
      { title: "MODEL", keep: true },
      { title: "FAMILY", drop: 2 },
      { title: "WINDOW", align: right },
      { title: "ANSWER", align: right, drop: 1 },
      { title: "$IN/M", align: right },
      { title: "$OUT/M", align: right },
      { title: "TEMPERATURE", drop: 3 },
      { title: "EFFORTS", drop: 4 },
    ],
    items.map(({ modelName }) => {
      const known = facts[modelName];
      if (known === undefined) return [modelName];
      return [
        modelName,
        known.family,
        String(known.contextWindow),
        known.outputTokensMax === 0 ? "-" : String(known.outputTokensMax),
        known.inputUsdPerMillion?.toString() ?? "-",
        known.outputUsdPerMillion?.toString() ?? "-",
        known.temperature,
        known.reasoningEfforts.join(" "),
      ];
    }),
    "no models match",
  );
}

async function show(context: CommandContext, name: string): Promise<void> {
  if (["group", "family", "lifecycle"].some((option) => context.args.has(option))) {
    throw new UsageError("models takes --group, --family and --lifecycle only without NAME");
  }
  const service = (await context.connect()).service(ModelService);
  const response = await service.getModelConfig({ model: name });
  answer(context, GetModelConfigResponseSchema, response, () => {
    render(response, context.terminal);
  });
}

function render(response: GetModelConfigResponse, terminal: Terminal): void {
  const model = response.config;
  if (model === undefined) return;
  const display = model.displayName === "" ? "" : `  ${model.displayName}`;
  terminal.out(terminal.style.bold(printable(model.modelName)) + printable(display));
  printSentence(terminal, model.description);
  if (model.enabled === false) {
    terminal.out(terminal.style.red("switched off: agents must not call this model"));
  }
  terminal.out("");
  const facts = [
    ["family", model.modelFamily],
    ["group", model.group],
    ["capabilities", capabilitiesText(model)],
    ...setFields(LimitsSchema, model.limits).filter(([field]) => field !== "context_window_text"),
    ...setFields(RetryPolicySchema, model.retryPolicy).map(
      ([field, text]) => [`retry ${field}`, text] as const,
    ),
    ...modelFactRows(response.facts),
    ["layers", response.layers.map((layer) => formatEnum(LayerSchema, layer)).join(" < ")],
    ["revision", response.revision.toString()],
    ["etag", response.etag],
  ] as const;
  for (const line of factLines(facts, terminal)) terminal.out(line);
  terminal.out("");
  printPhases(model, terminal);
  if (model.specialInstructions !== "") {
    terminal.out("");
    printSentence(terminal, `Instructions: ${model.specialInstructions}`);
  }
  for (const tip of model.optimizationTips) printSentence(terminal, `Tip: ${tip}`);
  noteWarnings(terminal, response.warnings);
}

/** One row per phase, one column per setting that any phase has. */
function printPhases(model: ModelConfig, terminal: Terminal): void {
  const rows = model.phases.map(
    ({ phase, settings }) =>
      [formatEnum(PhaseSchema, phase), new Map(setFields(SettingsSchema, settings))] as const,
  );
  const used = SettingsSchema.fields
    .map((field) => field.name)
    .filter((name) => rows.some(([, settings]) => settings.has(name)));
  printTable(
    terminal,
    [
      { title: "PHASE" },
      ...used.map((name) => ({ title: name.toUpperCase(), align: "right" as const })),
    ],
    rows.map(([phase, settings]) => [phase, ...used.map((name) => settings.get(name) ?? "-")]),
    "no settings per phase",
  );
}

function contextText(model: ModelConfig): string {
  const text = model.limits?.contextWindowText ?? "";
  return text === "" ? (model.limits?.contextWindow?.toString() ?? "-") : text;
}

function capabilitiesText(model: ModelConfig): string {
  return model.capabilities.map((item) => formatEnum(ModelCapabilitySchema, item)).join(" ");
}
