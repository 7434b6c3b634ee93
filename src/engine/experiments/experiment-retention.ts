import type { Experiment } from "../../domain/experiment/experiment.ts";
import {
  EXPERIMENT_BOUNDS,
  type ExperimentBounds,
  toForget,
  withoutUnitRecords,
} from "../../domain/experiment/experiment-retention.ts";
import { isWhole } from "../../domain/experiment/season.ts";
import { keys, ranges } from "../../store/keys.ts";
import type { Change } from "../change.ts";
import type { Engine } from "../engine.ts";
import { experimentOps, withExperiments } from "./abort.ts";

/**
 * Removes what is kept of experiments no longer: the records of the units first, and of the oldest everything. Each is said in the
 * experiment before it is done, so that what a crash left over is found again: by `isFirst`, which looks at all of them.
 */
export async function trimExperiments(
  engine: Engine,
  at: { readonly nowMs: number; readonly isFirst: boolean },
  bounds: ExperimentBounds = EXPERIMENT_BOUNDS,
): Promise<void> {
  const { nowMs } = at;
  const experiments = () => [...engine.state.config.experiments.values()];
  const { evidence } = engine.state.inference;
  const known = {
    nowMs,
    isWeighed: (experiment: Experiment) => {
      const { pending } = engine.experiments.results(experiment);
      return pending === 0 && isWhole(experiment, evidence.get(experiment.experimentId));
    },
    unitsOf: (experiment: Experiment) =>
      engine.experiments.results(experiment).tally.arms.reduce((n, arm) => n + arm.assigned, 0),
  };
  const trimmed = withoutUnitRecords(experiments(), known, bounds);
  if (trimmed.length > 0) await engine.commit(removeUnits(trimmed));
  const emptied = at.isFirst
    ? experiments().filter(({ unitsRemovedAtMs }) => unitsRemovedAtMs !== undefined)
    : trimmed;
  for (const { experimentId } of emptied)
    await engine.store.clear(ranges.releasedUnits(experimentId));
  const forgotten = toForget(experiments(), bounds);
  if (forgotten.length === 0) return;
  await engine.commit(forgetExperiments(forgotten));
  for (const experiment of forgotten) engine.experiments.forget(experiment);
}

function removeUnits(experiments: readonly Experiment[]): Change<void> {
  return {
    name: "remove_units_of_experiments",
    plan(state, { nowMs }) {
      const changed = experiments.flatMap(({ experimentId }) => {
        const now = state.config.experiments.get(experimentId);
        return now ? [{ ...now, unitsRemovedAtMs: nowMs }] : [];
      });
      return {
        ops: experimentOps(changed),
        next: { ...state, config: withExperiments(state.config, changed) },
        touched: new Set(),
        result: undefined,
      };
    },
  };
}

function forgetExperiments(forgotten: readonly Experiment[]): Change<void> {
  const ids = forgotten.map(({ experimentId }) => experimentId);
  return {
    name: "forget_experiments",
    plan(state) {
      const experiments = new Map(state.config.experiments);
      const evidence = new Map(state.inference.evidence);
      for (const id of ids) {
        experiments.delete(id);
        evidence.delete(id);
      }
      return {
        ops: ids.flatMap((id) => [
          { delete: keys.experiment(id) },
          { delete: keys.tally(id) },
          { delete: keys.evidence(id) },
        ]),
        next: {
          ...state,
          config: { ...state.config, experiments },
          inference: { ...state.inference, evidence },
        },
        touched: new Set(),
        result: undefined,
      };
    },
  };
}
