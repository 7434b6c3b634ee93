import type { Phase } from "../domain/config/phase.ts";
import { METRIC_PAIRS_MAX } from "../domain/kernel/limits.ts";

export type PairLabels = { readonly model: string; readonly phase: string };

/** What a model is called in labels when it is not registered, or when the bound is reached. */
const OTHER = "other";

/**
 * The (model, phase) pairs that have series of their own: those of registered models that were resolved or reported, at most
 * METRIC_PAIRS_MAX. Everything else folds into the model "other", and each fold beyond the bound is counted.
 */
export class Pairs {
  readonly #isRegistered: (model: string) => boolean;
  readonly #onOverflow: () => void;
  readonly #known = new Map<string, PairLabels>();

  constructor(isRegistered: (model: string) => boolean, onOverflow: () => void) {
    this.#isRegistered = isRegistered;
    this.#onOverflow = onOverflow;
  }

  labels(model: string, phase: Phase): PairLabels {
    const key = `${phase} ${model}`;
    const known = this.#known.get(key);
    if (known) return known;
    if (!this.#isRegistered(model)) return this.#other(phase);
    if (this.#known.size >= METRIC_PAIRS_MAX) {
      this.#onOverflow();
      return this.#other(phase);
    }
    const labels = { model, phase };
    this.#known.set(key, labels);
    return labels;
  }

  /** Pairs with series of their own. */
  *all(): Generator<{
    readonly model: string;
    readonly phase: Phase;
    readonly labels: PairLabels;
  }> {
    for (const labels of this.#known.values()) {
      yield { model: labels.model, phase: labels.phase as Phase, labels };
    }
  }

  #other(phase: Phase): PairLabels {
    return { model: OTHER, phase };
  }
}
