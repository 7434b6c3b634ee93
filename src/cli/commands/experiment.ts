import { create } from "@bufbuild/protobuf";
import { ExperimentStateSchema } from "../../gen/attuned/v1/experiment_pb.ts";
import {
  ConcludeExperimentResponseSchema,
  CreateExperimentResponseSchema,
  CreateVariantResponseSchema,
  ExperimentService,
  GetExperimentResponseSchema,
  GetExperimentResultsResponseSchema,
  ListExperimentsResponseSchema,
  PauseExperimentResponseSchema,
  StartExperimentResponseSchema,
} from "../../gen/attuned/v1/experiment_service_pb.ts";
import type { Arguments } from "../arguments.ts";
import type { Command, CommandContext } from "../command.ts";
import { settingsFromPairs } from "../config/settings-fields.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { printList, printOne, printState } from "../experiments/experiment-report.ts";
import { printResults } from "../experiments/results-report.ts";
import { UsageError } from "../failure.ts";
import {
  ATTRIBUTE_OPTION,
  attributesOf,
  enumFilter,
  LIMIT_OPTION,
  limitOf,
  modelAndPhase,
  noteMore,
  phaseFilter,
  phaseOf,
  readPages,
  shortNames,
} from "../selectors.ts";
import { answer } from "../terminal/output.ts";
import { printable } from "../terminal/text.ts";

const REASON_OPTION = {
  reason: { type: "text", value: "TEXT", help: "why, for the record" },
} as const;

const SET_OPTION = {
  set: {
    type: "text",
    value: "FIELD=VALUE",
    multiple: true,
    help: "what is changed, for example temperature=0.2",
  },
} as const;

export const experimentVariant: Command = {
  name: "experiment variant",
  summary: "Create a named set of changes for arms of experiments",
  usage: "MODEL NAME --phase PHASE --set FIELD=VALUE …",
  example: "attuned experiment variant gpt-4 conservative --phase planning --set temperature=0.1",
  positionals: { names: ["MODEL", "NAME"], required: 2 },
  options: {
    phase: { type: "text", value: "PHASE", help: "the phase that is changed" },
    ...SET_OPTION,
    ...REASON_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const [baseConfig = "", variantName = ""] = args.positionals;
    const phase = args.text("phase");
    if (phase === undefined || !args.has("set"))
      throw new UsageError("experiment variant takes --phase PHASE and --set FIELD=VALUE");
    const settings = settingsFromPairs(args.pairs("set"), "--set");
    const changes = [{ phase: phaseOf(phase), settings }];
    const service = (await context.connect()).service(ExperimentService);
    const request = { baseConfig, variantName, changes, reason: args.text("reason") ?? "" };
    const response = await service.createVariant(request);
    answer(context, CreateVariantResponseSchema, response, () => {
      terminal.out(printable(`variant ${variantName} of ${response.variant?.baseConfig ?? ""}`));
    });
    return EXIT_CODE.ok;
  },
};

export const experimentCreate: Command = {
  name: "experiment create",
  summary: "Plan a comparison of settings, with a forecast of how long it takes",
  usage: "MODEL PHASE NAME (--set FIELD=VALUE … | --variant NAME …) [--metric METRIC …]",
  example:
    "attuned experiment create gpt-4 execution cooler --set temperature=0.2 --metric quality",
  positionals: { names: ["MODEL", "PHASE", "NAME"], required: 3 },
  options: {
    ...SET_OPTION,
    variant: { type: "text", value: "NAME", multiple: true, help: "an arm that serves a variant" },
    weight: {
      type: "text",
      value: "SHARE",
      multiple: true,
      help: "shares of the arms, control first; equal where not given",
    },
    metric: {
      type: "text",
      value: "METRIC",
      multiple: true,
      help: "success, quality or another score, primary first (default success)",
    },
    window: { type: "text", value: "SECONDS", help: "how long calls of a unit count" },
    "score-fraction": { type: "text", value: "SHARE", help: "share of units to be scored" },
    effect: { type: "text", value: "EFFECT", help: "effect to plan for, 0 to 1 (default 0.05)" },
    ...ATTRIBUTE_OPTION,
    ...REASON_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const window = args.number("window", { min: 0, max: 86_400 });
    const scoreFraction = args.number("score-fraction", { min: 0, max: 1 });
    const request = {
      ...modelAndPhase(args),
      name: args.positionals[2] ?? "",
      attributes: attributesOf(args),
      arms: armsOf(args),
      metrics: args.list("metric").map((metric) => ({ metric })),
      designedEffect: args.number("effect", { min: 0.001, max: 0.5 }) ?? 0,
      reason: args.text("reason") ?? "",
      ...(window === undefined ? {} : { unitWindowSeconds: window }),
      ...(scoreFraction === undefined ? {} : { scoreFraction }),
    };
    const service = (await context.connect()).service(ExperimentService);
    const response = await service.createExperiment(request);
    answer(context, CreateExperimentResponseSchema, response, () => {
      terminal.out(printable(`${response.experiment?.experimentId ?? ""}: draft`));
      terminal.out(printable(response.forecast?.text ?? ""));
    });
    return EXIT_CODE.ok;
  },
};

export const experimentList: Command = {
  name: "experiment list",
  summary: "List experiments",
  usage: "[MODEL] [--phase PHASE] [--state STATE …]",
  example: "attuned experiment list --state running",
  positionals: { names: ["MODEL"], required: 0 },
  options: {
    phase: { type: "text", value: "PHASE", help: "only this phase" },
    state: {
      type: "text",
      value: "STATE",
      multiple: true,
      help: `only this state: ${shortNames(ExperimentStateSchema).join(", ")}`,
    },
    ...LIMIT_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const [model = ""] = args.positionals;
    const filter = {
      model,
      phase: phaseFilter(args),
      states: enumFilter(args, "state", ExperimentStateSchema),
    };
    const service = (await context.connect()).service(ExperimentService);
    const { items, nextPageToken } = await readPages(limitOf(args), async (pageSize, pageToken) => {
      const page = await service.listExperiments({ ...filter, pageSize, pageToken });
      return { items: page.experiments, nextPageToken: page.nextPageToken };
    });
    const response = create(ListExperimentsResponseSchema, { experiments: items, nextPageToken });
    answer(context, ListExperimentsResponseSchema, response, () => {
      printList(items, terminal);
      noteMore(nextPageToken, terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const experimentGet: Command = {
  name: "experiment get",
  summary: "Show one experiment and how its arms stand",
  usage: "ID",
  example: "attuned experiment get exp-81",
  positionals: { names: ["ID"], required: 1 },
  options: {},
  async run(context) {
    const [experimentId = ""] = context.args.positionals;
    const service = (await context.connect()).service(ExperimentService);
    const response = await service.getExperiment({ experimentId });
    answer(context, GetExperimentResponseSchema, response, () => {
      printOne(response, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const experimentStart: Command = {
  name: "experiment start",
  summary: "Start an experiment, or go on with a paused one",
  usage: "ID [--reason TEXT]",
  example: "attuned experiment start exp-81",
  positionals: { names: ["ID"], required: 1 },
  options: REASON_OPTION,
  async run(context) {
    const response = await (await serviceOf(context)).startExperiment(requestOf(context.args));
    answer(context, StartExperimentResponseSchema, response, () => {
      printState(response.experiment, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const experimentPause: Command = {
  name: "experiment pause",
  summary: "Stop enrolling; enrolled units keep their arm",
  usage: "ID [--reason TEXT]",
  example: "attuned experiment pause exp-81",
  positionals: { names: ["ID"], required: 1 },
  options: REASON_OPTION,
  async run(context) {
    const response = await (await serviceOf(context)).pauseExperiment(requestOf(context.args));
    answer(context, PauseExperimentResponseSchema, response, () => {
      printState(response.experiment, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const experimentConclude: Command = {
  name: "experiment conclude",
  summary: "End an experiment: everyone is served control again",
  usage: "ID [--reason TEXT]",
  example: 'attuned experiment conclude exp-81 --reason "enough seen"',
  positionals: { names: ["ID"], required: 1 },
  options: REASON_OPTION,
  async run(context) {
    const response = await (await serviceOf(context)).concludeExperiment(requestOf(context.args));
    answer(context, ConcludeExperimentResponseSchema, response, () => {
      printState(response.experiment, context.terminal);
    });
    return EXIT_CODE.ok;
  },
};

export const experimentResults: Command = {
  name: "experiment results",
  summary: "Show how the arms of an experiment do, and what to do about it",
  usage: "ID",
  example: "attuned experiment results exp-81",
  positionals: { names: ["ID"], required: 1 },
  options: {},
  async run(context) {
    const [experimentId = ""] = context.args.positionals;
    const response = await (await serviceOf(context)).getExperimentResults({ experimentId });
    const { terminal } = context;
    answer(context, GetExperimentResultsResponseSchema, response, () => {
      printResults(response, terminal);
    });
    return EXIT_CODE.ok;
  },
};

async function serviceOf(context: CommandContext) {
  return (await context.connect()).service(ExperimentService);
}

function requestOf(args: Arguments) {
  const [experimentId = ""] = args.positionals;
  return { experimentId, reason: args.text("reason") ?? "" };
}

/** Control, and one arm for `--set` or for each `--variant`. */
function armsOf(args: Arguments) {
  const variants = args.list("variant");
  if (args.has("set") === variants.length > 0)
    throw new UsageError("experiment create takes either --set FIELD=VALUE or --variant NAME");
  const challengers = args.has("set")
    ? [{ changes: settingsFromPairs(args.pairs("set"), "--set") }]
    : variants.map((variantName) => ({ name: variantName, variantName }));
  const weights = args.list("weight");
  if (weights.length > 0 && weights.length !== challengers.length + 1)
    throw new UsageError(
      `--weight is given for each of the ${challengers.length + 1} arms or none`,
    );
  return [{}, ...challengers].map((arm, index) => ({
    ...arm,
    weight: Number(weights[index] ?? 0),
  }));
}
