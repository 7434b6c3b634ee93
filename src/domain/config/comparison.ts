import { diffModelConfigs, diffSettings, type ParameterChange } from "./change.ts";
import type { ModelConfig } from "./model-config.ts";
import { PHASES, type Phase } from "./phase.ts";
import type { Settings } from "./settings.ts";

/** What a scope answers in one phase. */
export interface PhaseState {
  readonly settings: Settings;
  /** False means switched off. */
  readonly enabled: boolean;
}

/** One side of a comparison. */
export interface Comparable {
  /** Key of the model config. */
  readonly model: string;
  /** All six phases, or the one that a snapshot holds. */
  readonly phases: ReadonlyMap<Phase, PhaseState>;
  /** For the parameters of the whole config; undefined for a snapshot, which has none. */
  readonly config: ModelConfig | undefined;
}

/** A merged config as a side of a comparison. */
export function comparableOf(merged: ModelConfig): Comparable {
  const enabled = merged.enabled !== false;
  const phases = PHASES.map(
    ({ phase }) => [phase, { settings: merged.phases?.[phase] ?? {}, enabled }] as const,
  );
  return { model: merged.modelName, phases: new Map(phases), config: merged };
}

/**
 * What turns the left side into the right one, phases first: nothing where they are equal. Only what both sides hold is compared;
 * two snapshots of different phases are compared as they are, and their differences name no phase.
 */
export function compareStates(left: Comparable, right: Comparable): ParameterChange[] {
  const shared = PHASES.map(({ phase }) => phase).flatMap((phase) => {
    const before = left.phases.get(phase);
    const after = right.phases.get(phase);
    return before && after ? [{ phase, before, after }] : [];
  });
  if (shared.length === 0) return compareFlat(left, right);
  const changes = shared.flatMap(({ phase, before, after }) =>
    diffSettings(before.settings, after.settings, phase),
  );
  const switched = shared.filter(({ before, after }) => before.enabled !== after.enabled);
  const [first] = switched;
  const directions = new Set(switched.map(({ after }) => after.enabled));
  if (first && switched.length === PHASES.length && directions.size === 1) {
    changes.push(enabledChange(first.before, first.after));
  } else {
    for (const { phase, before, after } of switched)
      changes.push({ ...enabledChange(before, after), phase });
  }
  if (left.config && right.config)
    changes.push(...diffModelConfigs(wholeConfig(left.config), wholeConfig(right.config)));
  return changes;
}

function compareFlat(left: Comparable, right: Comparable): ParameterChange[] {
  const [before] = left.phases.values();
  const [after] = right.phases.values();
  if (!before || !after) return [];
  const changes = diffSettings(before.settings, after.settings);
  return before.enabled === after.enabled ? changes : [...changes, enabledChange(before, after)];
}

function enabledChange(before: PhaseState, after: PhaseState): ParameterChange {
  return { parameter: "enabled", oldValue: before.enabled, newValue: after.enabled };
}

/** The parameters that belong to no phase; `enabled` is compared by phase. */
function wholeConfig(config: ModelConfig): ModelConfig {
  const { phases: _, enabled: __, ...whole } = config;
  return whole;
}
