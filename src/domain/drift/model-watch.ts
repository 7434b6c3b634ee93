import type { Scope } from "../config/scope.ts";
import type { DriftFinding } from "./drift.ts";

/** Names that count as known of one scope; the oldest goes first. */
const KNOWN_MAX = 8;
/** Calls in a row with a known model after which the other one is gone. */
const BACK_CALLS = 50;
/** After so long with the new model it is a known one, in milliseconds: a week. */
const KNOWN_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

/** Which models answered in a scope. A plain record. */
export interface ModelWatch {
  readonly known: readonly string[];
  readonly other: OtherModel | undefined;
}

interface OtherModel {
  readonly name: string;
  readonly sinceMs: number;
  readonly calls: number;
  /** Calls in a row since then that a known model answered. */
  readonly back: number;
}

export const NEW_MODEL_WATCH: ModelWatch = { known: [], other: undefined };

/** Folds the model that answered one call. The first one seen is known; any other one is a drift until it is gone or a week old. */
export function foldResponseModel(
  watch: ModelWatch,
  seen: { readonly model: string; readonly atMs: number },
): ModelWatch {
  const { known, other } = watch;
  const { model, atMs } = seen;
  if (known.length === 0) return { known: [model], other };
  if (known.includes(model)) {
    if (!other) return watch;
    const back = other.back + 1;
    return { known, other: back >= BACK_CALLS ? undefined : { ...other, back } };
  }
  if (other?.name !== model)
    return { known, other: { name: model, sinceMs: atMs, calls: 1, back: 0 } };
  if (atMs - other.sinceMs >= KNOWN_AFTER_MS)
    return { known: [...known, model].slice(-KNOWN_MAX), other: undefined };
  return { known, other: { ...other, calls: other.calls + 1, back: 0 } };
}

/** The drift that another model means; undefined without one. */
export function modelDrift(scope: Scope, watch: ModelWatch): DriftFinding | undefined {
  const { other, known } = watch;
  if (!other) return undefined;
  return {
    kind: "model",
    scope,
    parameter: "response_model",
    served: other.name,
    optimum: [],
    optimumValues: known,
    magnitude: 1,
    threshold: 0,
    evidence: "deterministic",
    sampleSize: other.calls,
    sinceMs: other.sinceMs,
    message: `the provider answers ${scope.model} with ${other.name}, before it was ${known.join(" or ")}: compare quality and cost, and name the model version where it must not move`,
  };
}
