import { PHASES, type Phase } from "../domain/config/phase.ts";
import { hasConfig, modelNames } from "../domain/config/registry.ts";
import type { Attributes } from "../domain/config/scope.ts";
import type { Clock } from "../platform/clock.ts";
import type { Lookups, Resolution } from "./lookups.ts";

/** States that are kept for watches that share them, about 5 KB each. Beyond it the oldest are made again when asked for. */
const STATES_KEPT_MAX = 4_096;
/**
 * Age at which a state is made again though nothing changed, in milliseconds: half an hour. Its token says when the decision was
 * made, and outcomes go into cohorts by that.
 */
const STATE_AGE_MAX_MS = 30 * 60 * 1000;

/** One thing to watch. */
export interface WatchedKey {
  readonly model: string;
  readonly phase: Phase;
  readonly attributes: Attributes;
}

/** The answer of a key. Watches of the same key share the very object while the answer stays the same. */
export interface WatchedState {
  readonly key: WatchedKey;
  /** Undefined where the config was removed and the model is no longer registered. */
  readonly resolution: Resolution | undefined;
}

/** A state, with the revision at which it became what it is, as far as is known. */
export interface DatedState {
  readonly state: WatchedState;
  readonly changedRevision: number;
}

interface Kept {
  readonly dated: DatedState;
  readonly resolution: Resolution;
  readonly madeAtMs: number;
  /** Revision up to which the state is known to hold. */
  checkedRevision: number;
}

/**
 * The present answers of keys, each with the revision that made it what it is. Computed when somebody asks, once for all who do.
 */
export class WatchedStates {
  readonly #lookups: Lookups;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  #models: readonly string[] = [];
  #modelsRevision = -1;

  constructor(lookups: Lookups, clock: Clock) {
    this.#lookups = lookups;
    this.#clock = clock;
  }

  get revision(): number {
    return this.#lookups.state.revision;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** What layers go by of a name. Errors: MODEL_NAME_INVALID. */
  modelKey(name: string): string {
    return this.#lookups.modelKey(name);
  }

  /** Names of the registered models. */
  models(): readonly string[] {
    const { state } = this.#lookups;
    if (this.#modelsRevision !== state.revision) {
      this.#models = modelNames(state);
      this.#modelsRevision = state.revision;
    }
    return this.#models;
  }

  /** The states of a registered model in every phase, or those of one that is not registered any more. */
  ofModel(model: string): readonly DatedState[] {
    const isRegistered = hasConfig(this.#lookups.state, model);
    return PHASES.map(({ phase }) => {
      const key = { model, phase, attributes: {} };
      if (isRegistered) return this.ofKey(key);
      return { state: { key, resolution: undefined }, changedRevision: this.revision };
    });
  }

  /** Errors: MODEL_NAME_INVALID, ATTRIBUTES_INVALID. */
  ofKey(key: WatchedKey): DatedState {
    const id = JSON.stringify([key.model, key.phase, ...sortedEntries(key.attributes)]);
    const { revision } = this;
    const nowMs = this.nowMs();
    const kept = this.#kept.get(id);
    const isYoung = kept !== undefined && nowMs - kept.madeAtMs < STATE_AGE_MAX_MS;
    if (isYoung && kept.checkedRevision === revision) return kept.dated;
    const resolution = this.#lookups.resolve({
      ...key,
      unit: "",
      requireKnown: false,
      callSettings: {},
    });
    const isSame = kept !== undefined && saysTheSame(kept.resolution, resolution);
    if (isSame && isYoung) {
      kept.checkedRevision = revision;
      return kept.dated;
    }
    const changedRevision = isSame ? kept.dated.changedRevision : revision;
    const dated = { state: { key, resolution }, changedRevision };
    this.#keep(id, { dated, resolution, madeAtMs: nowMs, checkedRevision: revision });
    return dated;
  }

  #keep(id: string, kept: Kept): void {
    this.#kept.delete(id);
    const oldest = this.#kept.size >= STATES_KEPT_MAX ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(id, kept);
  }
}

function sortedEntries(attributes: Attributes): string[] {
  return Object.keys(attributes)
    .sort()
    .flatMap((name) => [name, attributes[name] ?? ""]);
}

/** Whether two answers say the same to a caller, whatever token and revision of the store they carry. */
function saysTheSame(a: Resolution, b: Resolution): boolean {
  // The lookups keep what they computed while nothing touches its model.
  if (a.provenance === b.provenance && a.layers === b.layers) return true;
  return contentOf(a) === contentOf(b);
}

function contentOf(resolution: Resolution): string {
  const { wireModel, configKey, enabled, settings, limits, arm } = resolution;
  const { reason, provenance, warnings } = resolution;
  return JSON.stringify([
    [wireModel, configKey, enabled, settings, limits, arm.configId],
    [reason, provenance, warnings],
  ]);
}
