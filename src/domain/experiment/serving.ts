import type { Scope } from "../config/scope.ts";
import { scopeKey } from "../config/scope.ts";
import type { Settings } from "../config/settings.ts";
import { type Experiment, isServing } from "./experiment.ts";

/** The experiment whose arms are served in a scope; at most one is. */
export function servingExperiment(
  experiments: ReadonlyMap<string, Experiment>,
  scope: Scope,
): Experiment | undefined {
  if (experiments.size === 0) return undefined;
  const key = scopeKey(scope);
  for (const experiment of experiments.values())
    if (isServing(experiment) && scopeKey(experiment.scope) === key) return experiment;
  return undefined;
}

/** Whether a call itself sets what the experiment varies, so that no arm could be served to it. */
export function isOverriddenByCall(experiment: Experiment, callSettings: Settings): boolean {
  return Object.keys(callSettings).some((key) =>
    experiment.arms.some(({ changes }) => Object.hasOwn(changes, key)),
  );
}
