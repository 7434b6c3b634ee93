import { PHASES, type Phase } from "../../domain/config/phase.ts";
import { isKnownModel, lookupLayers } from "../../domain/config/registry.ts";
import { resolveLayers } from "../../domain/config/resolve.ts";
import { scopeAttributes, scopeKey } from "../../domain/config/scope.ts";
import type { Settings } from "../../domain/config/settings.ts";
import { canonicalSettings } from "../../domain/config/settings.ts";
import { settingsViolations } from "../../domain/config/validate.ts";
import { EXPERIMENTS_MAX, VARIANTS_MAX } from "../../domain/experiment/bounds.ts";
import { fieldWriters, shadowsOf } from "../../domain/experiment/conflict.ts";
import {
  type Experiment,
  type ExperimentState,
  inState,
  isServing,
  type OutcomeHistory,
  variedFields,
} from "../../domain/experiment/experiment.ts";
import {
  type ExperimentPlan,
  experimentNameViolation,
  experimentViolations,
} from "../../domain/experiment/experiment-violation.ts";
import { Fault, type Violation } from "../../domain/kernel/fault.ts";
import { keys, ranges } from "../../store/keys.ts";
import { type Author, checkReason, reasonViolations } from "../author.ts";
import type { Change, ChangeContext, Plan } from "../change.ts";
import type { EngineState } from "../state.ts";
import { experimentOps, withExperiments } from "./abort.ts";

/** A named set of changes to a model config, for arms of experiments. */
export interface Variant {
  readonly model: string;
  readonly name: string;
  readonly phases: Readonly<Partial<Record<Phase, Settings>>>;
  readonly createdAtMs: number;
  readonly createdBy: string;
}

/**
 * Creates a variant; one with the same changes is not written again.
 * Errors: EXPERIMENT_INVALID, MODEL_NOT_FOUND, VARIANT_EXISTS, TOO_MANY_EXPERIMENTS.
 */
export function createVariant(
  content: Pick<Variant, "model" | "name" | "phases">,
  author: Author,
): Change<Variant> {
  return {
    name: "create_variant",
    async plan(state, context) {
      requireValid([...variantViolations(content), ...reasonViolations(author)]);
      requireKnownModel(state, content.model);
      const present = await context.store.json<Variant>(keys.variant(content.model, content.name));
      if (present && contentOf(present) !== contentOf(content)) {
        throw new Fault(
          "VARIANT_EXISTS",
          `variant ${JSON.stringify(content.name)} of ${content.model} has other changes; choose another name`,
          { resource: { type: "variant", name: content.name } },
        );
      }
      if (present) return { ops: [], next: state, touched: new Set(), result: present };
      let count = 0;
      for await (const _ of context.store.scan({ range: ranges.variants, limit: VARIANTS_MAX }))
        count += 1;
      if (count >= VARIANTS_MAX) throw tooMany(`${VARIANTS_MAX} variants`);
      const variant: Variant = {
        ...content,
        createdAtMs: context.nowMs,
        createdBy: author.changedBy,
      };
      return {
        ops: [{ put: keys.variant(variant.model, variant.name), json: variant }],
        next: state,
        touched: new Set(),
        result: variant,
      };
    },
  };
}

/** An experiment as a caller plans it: arms name a variant, or say what they change. */
export type ExperimentDraft = ExperimentPlan;

/** Creates an experiment. Errors: EXPERIMENT_INVALID, MODEL_NOT_FOUND, VARIANT_NOT_FOUND, TOO_MANY_EXPERIMENTS. */
export function createExperiment(draft: ExperimentDraft, author: Author): Change<Experiment> {
  return {
    name: "create_experiment",
    async plan(state, context) {
      requireKnownModel(state, draft.scope.model);
      const arms = await Promise.all(
        draft.arms.map(async (arm) => {
          if (arm.variant === "") return arm;
          const { model, phase } = draft.scope;
          return {
            ...arm,
            changes: await changesOfVariant(context, { model, phase, name: arm.variant }),
          };
        }),
      );
      const plan = { ...draft, arms };
      requireValid([...experimentViolations(plan), ...reasonViolations(author)]);
      if (state.config.experiments.size >= EXPERIMENTS_MAX)
        throw tooMany(`${EXPERIMENTS_MAX} experiments`);
      const experiment: Experiment = {
        ...plan,
        experimentId: context.createId("exp"),
        salt: context.createSecret(),
        epoch: 0,
        state: "draft",
        reason: author.reason,
        createdAtMs: context.nowMs,
        createdBy: author.changedBy,
        stateChangedAtMs: context.nowMs,
        stateChangedBy: author.changedBy,
        stateReason: author.reason,
        baseline: {},
        fieldWriters: "",
        revision: state.config.revision + 1,
      };
      return planOf(state, experiment);
    },
  };
}

/**
 * Starts an experiment, or goes on with a paused one. What control serves in the varied fields is noted, so that any other say of any
 * layer aborts it. `history` is how its metrics were in the scope before; it is frozen at the first start.
 * Errors: EXPERIMENT_NOT_FOUND, EXPERIMENT_STATE_ILLEGAL, EXPERIMENT_CONFLICT, FIELD_SHADOWED.
 */
export function startExperiment(
  experimentId: string,
  author: Author,
  history: OutcomeHistory = { outcomeVariances: [], outcomeMeans: [] },
): Change<Experiment> {
  return {
    name: "start_experiment",
    plan(state, context) {
      const { config } = state;
      const experiment = requiredExperiment(state, experimentId);
      const running = moved(state, experiment, { to: "running", author, context });
      const { scope } = experiment;
      const other = [...config.experiments.values()].find(
        (candidate) =>
          candidate.experimentId !== experimentId &&
          isServing(candidate) &&
          scopeKey(candidate.scope) === scopeKey(scope),
      );
      if (other) {
        throw new Fault(
          "EXPERIMENT_CONFLICT",
          `experiment ${other.experimentId} is ${other.state} in this scope; conclude it first`,
          { metadata: { experiment_id: other.experimentId } },
        );
      }
      const { dimensions } = context;
      const fields = variedFields(experiment.arms);
      const shadows = shadowsOf(config, { scope, dimensions }, fields);
      if (shadows.length > 0) throw fieldShadowed(shadows);
      const attributes = scopeAttributes(scope, dimensions);
      const subject = { model: scope.model, phase: scope.phase, attributes };
      const merged = resolveLayers(lookupLayers(config, subject, dimensions), scope.phase);
      const baseline: Settings = Object.fromEntries(
        fields.flatMap((key) => {
          const value = merged.armSettings[key];
          return value === undefined ? [] : [[key, value]];
        }),
      );
      return planOf(state, {
        ...running,
        // The split is fixed: a pause does not begin another allocation.
        epoch: Math.max(1, experiment.epoch),
        startedAtMs: experiment.startedAtMs ?? context.nowMs,
        ...(experiment.startedAtMs === undefined ? history : {}),
        baseline,
        fieldWriters: fieldWriters(config, { scope, dimensions }, fields),
      });
    },
  };
}

/** Pauses or ends an experiment. Errors: EXPERIMENT_NOT_FOUND, EXPERIMENT_STATE_ILLEGAL. */
export function moveExperiment(
  experimentId: string,
  to: "paused" | "concluded",
  author: Author,
): Change<Experiment> {
  return {
    name: to === "paused" ? "pause_experiment" : "conclude_experiment",
    plan(state, context) {
      const experiment = requiredExperiment(state, experimentId);
      return planOf(state, moved(state, experiment, { to, author, context }));
    },
  };
}

/** Errors: EXPERIMENT_NOT_FOUND. */
export function requiredExperiment(state: EngineState, experimentId: string): Experiment {
  const experiment = state.config.experiments.get(experimentId);
  if (experiment) return experiment;
  throw new Fault(
    "EXPERIMENT_NOT_FOUND",
    `no experiment has the id ${JSON.stringify(experimentId)}; list them with ListExperiments`,
    { resource: { type: "experiment", name: experimentId } },
  );
}

function moved(
  state: EngineState,
  experiment: Experiment,
  move: {
    readonly to: ExperimentState;
    readonly author: Author;
    readonly context: ChangeContext;
  },
): Experiment {
  const { to, author, context } = move;
  checkReason(author);
  const next = inState(experiment, {
    to,
    atMs: context.nowMs,
    by: author.changedBy,
    reason: author.reason,
    revision: state.config.revision + 1,
  });
  if (next) return next;
  throw new Fault(
    "EXPERIMENT_STATE_ILLEGAL",
    `experiment ${experiment.experimentId} is ${experiment.state} and cannot become ${to}`,
    { metadata: { state: experiment.state } },
  );
}

function planOf(state: EngineState, experiment: Experiment): Plan<Experiment> {
  const { revision } = experiment;
  const config = withExperiments({ ...state.config, revision }, [experiment]);
  return {
    ops: [...experimentOps([experiment]), { put: keys.meta("revision"), json: revision }],
    next: { ...state, config },
    touched: new Set([experiment.scope.model]),
    result: experiment,
  };
}

async function changesOfVariant(
  context: ChangeContext,
  wanted: { readonly model: string; readonly phase: Phase; readonly name: string },
): Promise<Settings> {
  const variant = await context.store.json<Variant>(keys.variant(wanted.model, wanted.name));
  if (variant) return variant.phases[wanted.phase] ?? {};
  throw new Fault(
    "VARIANT_NOT_FOUND",
    `${wanted.model} has no variant ${JSON.stringify(wanted.name)}; create it with CreateVariant`,
    { resource: { type: "variant", name: wanted.name } },
  );
}

function variantViolations({ name, phases }: Pick<Variant, "name" | "phases">): Violation[] {
  const violations: Violation[] = [];
  const message = experimentNameViolation(name);
  if (message) violations.push({ field: "variantName", message });
  const entries = Object.entries(phases);
  if (entries.length === 0)
    violations.push({ field: "changes", message: "must change a setting of a phase" });
  for (const [phase, settings] of entries) {
    if (Object.keys(settings).length === 0)
      violations.push({ field: `changes[${phase}]`, message: "must change a setting" });
    violations.push(...settingsViolations(settings, `changes[${phase}].settings`));
  }
  return violations;
}

function contentOf({ phases }: Pick<Variant, "phases">): string {
  return JSON.stringify(PHASES.map(({ phase }) => canonicalSettings(phases[phase] ?? {})));
}

function requireValid(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  throw new Fault(
    "EXPERIMENT_INVALID",
    violations.map(({ field, message }) => `${field} ${message}`).join("; "),
    { violations },
  );
}

function requireKnownModel(state: EngineState, model: string): void {
  if (isKnownModel(state.config, model)) return;
  throw new Fault(
    "MODEL_NOT_FOUND",
    `no config is known for model ${JSON.stringify(model)}; put one with PutModelConfig`,
    { resource: { type: "model", name: model } },
  );
}

function tooMany(what: string): Fault {
  return new Fault("TOO_MANY_EXPERIMENTS", `${what} are stored, as many as may be`);
}

function fieldShadowed(
  shadows: readonly { readonly key: string; readonly layer: string; readonly source: string }[],
): Fault {
  const said = shadows.map(({ key, layer, source }) =>
    layer === "pin" ? `${key} by pin ${source}` : `${key} by the environment`,
  );
  return new Fault(
    "FIELD_SHADOWED",
    `a later layer sets what the experiment varies, so that no arm would be served: ${said.join(", ")}`,
    { metadata: { fields: shadows.map(({ key }) => key).join(",") } },
  );
}
