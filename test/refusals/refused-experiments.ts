import {
  badAttributes,
  badNames,
  badPages,
  badPhases,
  EXECUTION,
  LONG_NAME,
  LONG_REASON,
  type RefusedValue,
  refused,
  SCOPE,
  unknownIds,
} from "./refused-parts.ts";

const CHANGES = [{ phase: "PHASE_EXECUTION", settings: { temperature: 0.1 } }];
const VARIANT = { baseConfig: "gpt-4", variantName: "calm", changes: CHANGES };
const EXPERIMENT = {
  ...SCOPE,
  name: "calmer",
  arms: [{ name: "control" }, { name: "calm", changes: { temperature: 0.1 } }],
};

function invalid(what: string, request: object): RefusedValue {
  return refused(what, request, "EXPERIMENT_INVALID");
}

const unknown = unknownIds("experimentId", "EXPERIMENT_NOT_FOUND");

/** Requests that ExperimentService must refuse, of every method. */
export const REFUSED_EXPERIMENTS: Readonly<Record<string, readonly RefusedValue[]>> = {
  "ExperimentService/CreateVariant": [
    ...badNames((baseConfig) => ({ ...VARIANT, baseConfig })),
    invalid("no name", { ...VARIANT, variantName: "" }),
    invalid("a name of 257 characters", { ...VARIANT, variantName: LONG_NAME }),
    invalid("no changes", { ...VARIANT, changes: [] }),
    invalid("a phase twice", { ...VARIANT, changes: [...CHANGES, ...CHANGES] }),
    invalid("a temperature of 3", {
      ...VARIANT,
      changes: [{ ...EXECUTION, settings: { temperature: 3 } }],
    }),
    invalid("a reason of 1025 characters", { ...VARIANT, reason: LONG_REASON }),
  ],
  "ExperimentService/CreateExperiment": [
    ...badNames((model) => ({ ...EXPERIMENT, model })),
    ...badPhases(EXPERIMENT),
    ...badAttributes(EXPERIMENT),
    invalid("no name", { ...EXPERIMENT, name: "" }),
    invalid("no arms", { ...EXPERIMENT, arms: [] }),
    invalid("control alone", { ...EXPERIMENT, arms: [{ name: "control" }] }),
    invalid("eleven arms", {
      ...EXPERIMENT,
      arms: Array.from({ length: 11 }, (_, i) => ({ changes: { maxTokens: 100 + i } })),
    }),
    invalid("a negative weight", {
      ...EXPERIMENT,
      arms: [{ weight: 1 }, { weight: -1, changes: { temperature: 0.1 } }],
    }),
    invalid("a temperature of 3", {
      ...EXPERIMENT,
      arms: [{ name: "control" }, { changes: { temperature: 3 } }],
    }),
    invalid("a share of 2", { ...EXPERIMENT, scoreFraction: 2 }),
    invalid("a window of no number", { ...EXPERIMENT, unitWindowSeconds: "NaN" }),
    refused(
      "a variant that nobody created",
      { ...EXPERIMENT, arms: [{ name: "control" }, { variantName: "nobodys" }] },
      "VARIANT_NOT_FOUND",
    ),
  ],
  "ExperimentService/GetExperiment": unknown,
  "ExperimentService/ListExperiments": badPages({}),
  "ExperimentService/StartExperiment": unknown,
  "ExperimentService/PauseExperiment": unknown,
  "ExperimentService/ConcludeExperiment": unknown,
  "ExperimentService/GetExperimentResults": unknown,
};
