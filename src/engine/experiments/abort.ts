import type { ConfigState } from "../../domain/config/registry.ts";
import { fieldWriters } from "../../domain/experiment/conflict.ts";
import {
  type Experiment,
  inState,
  isServing,
  variedFields,
} from "../../domain/experiment/experiment.ts";
import { keys } from "../../store/keys.ts";
import type { StoreOp } from "../../store/store.ts";
import type { Plan } from "../change.ts";

interface AbortContext {
  readonly nowMs: number;
  readonly dimensions: readonly string[];
}

/** The experiments whose varied fields some layer now says something else of than at their start, aborted. */
export function abortedBy(config: ConfigState, context: AbortContext): Experiment[] {
  const { nowMs, dimensions } = context;
  return [...config.experiments.values()].filter(isServing).flatMap((experiment) => {
    const { scope, arms } = experiment;
    const now = fieldWriters(config, { scope, dimensions }, variedFields(arms));
    if (now === experiment.fieldWriters) return [];
    const aborted = inState(experiment, {
      to: "aborted",
      atMs: nowMs,
      by: "system",
      reason: "a write changed what a layer says of a field that the experiment varies",
      revision: config.revision,
    });
    return aborted ? [aborted] : [];
  });
}

/** A change together with the experiments that it aborts: one batch, one revision. */
export function withAborts<R>(before: ConfigState, plan: Plan<R>, context: AbortContext): Plan<R> {
  const { config } = plan.next;
  if (config === before || config.experiments.size === 0) return plan;
  const aborted = abortedBy(config, context);
  if (aborted.length === 0) return plan;
  return {
    ...plan,
    ops: [...plan.ops, ...experimentOps(aborted)],
    next: { ...plan.next, config: withExperiments(config, aborted) },
    touched:
      plan.touched === "all"
        ? "all"
        : new Set([...plan.touched, ...aborted.map(({ scope }) => scope.model)]),
  };
}

export function withExperiments(config: ConfigState, changed: readonly Experiment[]): ConfigState {
  const experiments = new Map(config.experiments);
  for (const experiment of changed) experiments.set(experiment.experimentId, experiment);
  return { ...config, experiments };
}

export function experimentOps(changed: readonly Experiment[]): StoreOp[] {
  return changed.map((experiment) => ({
    put: keys.experiment(experiment.experimentId),
    json: experiment,
  }));
}
