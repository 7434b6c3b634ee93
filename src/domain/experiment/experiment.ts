import type { Scope } from "../config/scope.ts";
import { SETTING_FIELDS, type SettingKey, type Settings } from "../config/settings.ts";
import type { Arm } from "../outcome/outcome.ts";
import type { MetricRule } from "./metric-rule.ts";

/** `draft` assigns nothing; `paused` enrols no further units; `concluded` and `aborted` serve control at once and never run again. */
export const EXPERIMENT_STATES = ["draft", "running", "paused", "concluded", "aborted"] as const;
export type ExperimentState = (typeof EXPERIMENT_STATES)[number];

/** All shares together: weights and fractions are whole millionths, so that every language draws the same. */
export const MILLION = 1_000_000;

/** One arm. Arm 0 is control, and changes nothing. */
export interface ExperimentArm {
  readonly name: string;
  /** The variant that the changes came from; empty where they were given directly. */
  readonly variant: string;
  /** The fixed difference to control. */
  readonly changes: Settings;
  /** Share of the units, in millionths. */
  readonly weightPpm: number;
}

/** A randomised comparison of arms in one scope. What it measures and how is frozen when it is created. */
export interface Experiment {
  readonly experimentId: string;
  readonly name: string;
  readonly scope: Scope;
  readonly arms: readonly ExperimentArm[];
  /** The first one is primary. */
  readonly metrics: readonly MetricRule[];
  /** How long after a unit's first lookup its calls count, in milliseconds. */
  readonly unitWindowMs: number;
  /** How long a unit keeps its arm, in milliseconds. */
  readonly periodMs: number;
  /** Share of the units whose score is requested, in millionths. */
  readonly scoreFractionPpm: number;
  /** The effect on the primary metric that the plan is made for, on its scale of 0 to 1. */
  readonly designedEffect: number;
  /**
   * Variance of each metric in the scope before the first start, on its scale of 0 to 1; null where nothing was known. It sizes the bets:
   * a wrong one costs time, never validity. Absent before the start.
   */
  readonly outcomeVariances?: readonly (number | null)[];
  /**
   * Mean of each metric in the scope before the first start, on its scale of 0 to 1; null where too little was known. Units are centred
   * there until their own outcomes say where, and guards stay near it: a wrong one costs time, never validity. Absent before the start.
   */
  readonly outcomeMeans?: readonly (number | null)[];
  /** Secret key of the draws, 32 bytes in hexadecimal. Never leaves the daemon. */
  readonly salt: string;
  /** Number of the allocation in force; 0 before the start. */
  readonly epoch: number;
  readonly state: ExperimentState;
  readonly reason: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  readonly stateChangedAtMs: number;
  readonly stateChangedBy: string;
  readonly stateReason: string;
  /** When the records of its units were removed; what they add up to stays. */
  readonly unitsRemovedAtMs?: number;
  /** What control served in the varied fields at the start. */
  readonly baseline: Settings;
  /** What every layer said of the varied fields at the start: another say aborts the experiment. */
  readonly fieldWriters: string;
  /** Revision of the last change of state. */
  readonly revision: number;
}

/** How the metrics of an experiment were in its scope before. */
export type OutcomeHistory = Required<Pick<Experiment, "outcomeVariances" | "outcomeMeans">>;

const NEXT: Readonly<Record<ExperimentState, readonly ExperimentState[]>> = {
  draft: ["running", "concluded"],
  running: ["paused", "concluded", "aborted"],
  paused: ["running", "concluded", "aborted"],
  concluded: [],
  aborted: [],
};

export interface StateChange {
  readonly to: ExperimentState;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
  readonly revision: number;
}

/** The experiment in another state; undefined where the lifecycle has no such step. */
export function inState(experiment: Experiment, change: StateChange): Experiment | undefined {
  if (!NEXT[experiment.state].includes(change.to)) return undefined;
  const isEnd = change.to === "concluded" || change.to === "aborted";
  return {
    ...experiment,
    state: change.to,
    stateChangedAtMs: change.atMs,
    stateChangedBy: change.by,
    stateReason: change.reason,
    revision: change.revision,
    ...(isEnd ? { endedAtMs: change.atMs } : {}),
  };
}

/** Whether its arms are served: new units too only while it is running. */
export function isServing({ state }: Pick<Experiment, "state">): boolean {
  return state === "running" || state === "paused";
}

/** The fields in which any arm differs from control, in the order of the settings. */
export function variedFields(arms: readonly Pick<ExperimentArm, "changes">[]): SettingKey[] {
  return SETTING_FIELDS.map(({ key }) => key).filter((key) =>
    arms.some(({ changes }) => changes[key] !== undefined),
  );
}

/** From a unit's assignment to its release, in milliseconds: its window and the longest attribution window. Blind to arm and outcome. */
export function releaseAfterMs(experiment: Pick<Experiment, "unitWindowMs" | "metrics">): number {
  return Math.max(...experiment.metrics.map((rule) => metricReleaseAfterMs(experiment, rule)));
}

/** From a unit's assignment until its value of one metric is final, in milliseconds: its window and the metric's attribution window. */
export function metricReleaseAfterMs(
  { unitWindowMs }: Pick<Experiment, "unitWindowMs">,
  { ttlMs }: Pick<MetricRule, "ttlMs">,
): number {
  return unitWindowMs + ttlMs;
}

/** Whether outcomes are counted for an arm of an experiment, and not for a plain config id. */
export function isExperimentArm({ configId }: Pick<Arm, "configId">): boolean {
  return configId.startsWith("exp-");
}

/** What the outcomes of an arm are counted for: (experiment, index), apart from every plain config id. */
export function cellArmOf(experiment: Experiment, index: number): Arm {
  return {
    scope: experiment.scope,
    configId: `${experiment.experimentId}.${index}`,
    settings: settingsOfArm(experiment, index),
  };
}

/** What an arm serves for the settings that the experiment varies. */
export function settingsOfArm(
  { baseline, arms }: Pick<Experiment, "baseline" | "arms">,
  index: number,
): Settings {
  return { ...baseline, ...arms[index]?.changes };
}
