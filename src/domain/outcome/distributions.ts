import { tokensOf } from "./cell.ts";
import type { Outcome } from "./outcome.ts";
import {
  EMPTY_SKETCH,
  mergeSketches,
  type QuantileSketch,
  SketchBuilder,
} from "./quantile-sketch.ts";

/** How the unbounded measures of one arm are distributed over one day. Merges by addition, as cells do. */
export interface Distributions {
  readonly latencyMs: QuantileSketch;
  readonly tokens: QuantileSketch;
  readonly costNanoUsd: QuantileSketch;
}

export const NO_DISTRIBUTIONS: Distributions = {
  latencyMs: EMPTY_SKETCH,
  tokens: EMPTY_SKETCH,
  costNanoUsd: EMPTY_SKETCH,
};

/** The distributions of both. */
export function mergeDistributions(a: Distributions, b: Distributions): Distributions {
  return {
    latencyMs: mergeSketches(a.latencyMs, b.latencyMs),
    tokens: mergeSketches(a.tokens, b.tokens),
    costNanoUsd: mergeSketches(a.costNanoUsd, b.costNanoUsd),
  };
}

/** Collects outcomes into distributions. */
export class DistributionsBuilder {
  readonly #latencyMs = new SketchBuilder();
  readonly #tokens = new SketchBuilder();
  readonly #costNanoUsd = new SketchBuilder();

  /** Bins in use: what its memory grows with. */
  get bins(): number {
    return this.#latencyMs.bins + this.#tokens.bins + this.#costNanoUsd.bins;
  }

  add(outcome: Outcome): void {
    const tokens = tokensOf(outcome);
    if (outcome.latencyMs !== undefined) this.#latencyMs.add(outcome.latencyMs);
    if (tokens !== undefined) this.#tokens.add(tokens);
    if (outcome.costNanoUsd !== undefined) this.#costNanoUsd.add(outcome.costNanoUsd);
  }

  toDistributions(): Distributions {
    return {
      latencyMs: this.#latencyMs.toSketch(),
      tokens: this.#tokens.toSketch(),
      costNanoUsd: this.#costNanoUsd.toSketch(),
    };
  }
}
