import { levelIn, type Parameter } from "../../domain/analysis/parameter.ts";
import { type Scope, scopeKey } from "../../domain/config/scope.ts";
import { emptyEvidence } from "../../domain/experiment/evidence.ts";
import { type Experiment, settingsOfArm } from "../../domain/experiment/experiment.ts";
import {
  type Comparison,
  type ExperimentVerdict,
  verdictOf,
} from "../../domain/experiment/verdict.ts";
import type { EngineState } from "../state.ts";

/** What is known of an experiment at the last common cut that its evidence was brought to. */
export function verdictIn({ inference }: EngineState, experiment: Experiment): ExperimentVerdict {
  const evidence = inference.evidence.get(experiment.experimentId) ?? emptyEvidence(experiment);
  return verdictOf(experiment, evidence, inference.seasons);
}

/** A challenger that won, with what it serves for a parameter. */
export interface WinningValue {
  readonly experiment: Experiment;
  readonly arm: number;
  readonly value: number;
  readonly claimedAtMs: number;
  readonly units: number;
  readonly confidence: number;
}

/** The newest winner of a scope that varied a numeric parameter. */
export function winningValue(
  state: EngineState,
  scope: Scope,
  parameter: Parameter,
): WinningValue | undefined {
  const key = scopeKey(scope);
  return [...state.config.experiments.values()]
    .filter((experiment) => scopeKey(experiment.scope) === key)
    .flatMap((experiment): WinningValue[] => {
      const { winner } = verdictIn(state, experiment);
      const value = winner && levelIn(experiment.arms[winner.arm]?.changes ?? {}, parameter);
      return winner && value !== undefined ? [{ experiment, ...winner, value }] : [];
    })
    .toSorted((a, b) => b.claimedAtMs - a.claimedAtMs)[0];
}

/** A comparison of an experiment that varied a parameter, with what its arms served for it. */
export interface ParameterComparison extends Comparison {
  readonly scope: Scope;
  readonly value: number;
  readonly controlValue: number | undefined;
}

/** What experiments in some scopes say of a numeric parameter and a metric, the newest first; none before their first unit is released. */
export function parameterComparisons(
  state: EngineState,
  about: {
    readonly scopes: (scope: Scope) => boolean;
    readonly parameter: Parameter;
    readonly metric: string;
  },
): ParameterComparison[] {
  const { scopes, parameter, metric } = about;
  return [...state.config.experiments.values()]
    .filter(({ scope, arms }) => {
      const isVaried = arms.some(({ changes }) => levelIn(changes, parameter) !== undefined);
      return isVaried && scopes(scope);
    })
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs)
    .flatMap((experiment) =>
      verdictIn(state, experiment)
        .comparisons.filter((found) => found.metric === metric && found.units > 0)
        .flatMap((found): ParameterComparison[] => {
          const value = levelIn(settingsOfArm(experiment, found.arm), parameter);
          const controlValue = levelIn(settingsOfArm(experiment, 0), parameter);
          return value === undefined
            ? []
            : [{ ...found, scope: experiment.scope, value, controlValue }];
        }),
    );
}
