import { assert } from "../kernel/assert.ts";

/**
 * A DDSketch (Masson, Rim and Lee, VLDB 2019): counts of values by logarithmic bins, so that every quantile is known within a relative
 * error of 1 %. As plain counts it merges by addition, exactly, in any order, and is stored as it is. Values are not negative; those
 * below SKETCH_VALUE_MIN count as 0 and those above SKETCH_VALUE_MAX as that, which bounds the bins to some 1,850: none has to be
 * collapsed into another, as it would be in a sketch of a fixed number of bins.
 */
export interface QuantileSketch {
  /** Values that count as 0. */
  readonly zeros: number;
  /** Key of the first bin. */
  readonly from: number;
  /** Counts of the bins from there on; no 0 at either end. */
  readonly counts: readonly number[];
}

export const EMPTY_SKETCH: QuantileSketch = { zeros: 0, from: 0, counts: [] };

export const SKETCH_ACCURACY = 0.01;
/** A microsecond of latency in milliseconds; less than one token or nano-dollar. */
export const SKETCH_VALUE_MIN = 1e-3;
/** A hundred thousand dollars in nano-dollars, and above the largest latency and token count. */
export const SKETCH_VALUE_MAX = 1e14;

const GAMMA = (1 + SKETCH_ACCURACY) / (1 - SKETCH_ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);

/** Collects values into a sketch. */
export class SketchBuilder {
  #zeros = 0;
  readonly #bins = new Map<number, number>();

  /** Bins in use: what its memory grows with. */
  get bins(): number {
    return this.#bins.size;
  }

  add(value: number): void {
    assert(value >= 0, "values of a sketch are not negative");
    if (value < SKETCH_VALUE_MIN) {
      this.#zeros += 1;
      return;
    }
    const key = Math.ceil(Math.log(Math.min(value, SKETCH_VALUE_MAX)) / LOG_GAMMA);
    this.#bins.set(key, (this.#bins.get(key) ?? 0) + 1);
  }

  toSketch(): QuantileSketch {
    return sketchOf(this.#zeros, this.#bins);
  }
}

/** The sketch of both sketches' values. */
export function mergeSketches(a: QuantileSketch, b: QuantileSketch): QuantileSketch {
  if (a.counts.length === 0) return { ...b, zeros: a.zeros + b.zeros };
  if (b.counts.length === 0) return { ...a, zeros: a.zeros + b.zeros };
  const from = Math.min(a.from, b.from);
  const until = Math.max(a.from + a.counts.length, b.from + b.counts.length);
  const counts = new Array<number>(until - from).fill(0);
  for (const { from: start, counts: own } of [a, b])
    for (let at = 0; at < own.length; at++)
      counts[start - from + at] = (counts[start - from + at] ?? 0) + (own[at] ?? 0);
  return { zeros: a.zeros + b.zeros, from, counts };
}

/** Values of a sketch. */
export function sketchSize({ zeros, counts }: QuantileSketch): number {
  return counts.reduce((sum, count) => sum + count, zeros);
}

/**
 * The value that a share of the values does not exceed, within 1 % of the value of that rank (the lower of two, rank
 * floor(share * (n - 1))). Undefined for no values. `share` is 0 to 1.
 */
export function quantileOf(sketch: QuantileSketch, share: number): number | undefined {
  assert(share >= 0 && share <= 1, "a quantile's share is 0 to 1");
  const size = sketchSize(sketch);
  if (size === 0) return undefined;
  const rank = Math.floor(share * (size - 1));
  if (rank < sketch.zeros) return 0;
  let seen = sketch.zeros;
  for (const [at, count] of sketch.counts.entries()) {
    seen += count;
    if (seen > rank) return (2 * GAMMA ** (sketch.from + at)) / (GAMMA + 1);
  }
  return undefined;
}

function sketchOf(zeros: number, bins: ReadonlyMap<number, number>): QuantileSketch {
  if (bins.size === 0) return { zeros, from: 0, counts: [] };
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const key of bins.keys()) {
    from = Math.min(from, key);
    to = Math.max(to, key);
  }
  const counts = new Array<number>(to - from + 1).fill(0);
  for (const [key, count] of bins) counts[key - from] = count;
  return { zeros, from, counts };
}
