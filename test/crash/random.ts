/** Seeded random numbers, so that a campaign can be run again. Mulberry32: 32 bits of state, good enough to choose by. */
export interface SeededRandom {
  /** From 0, included, to 1, excluded. */
  unit(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True with a probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Takes up to `count` items out of an array: a stretch of it from anywhere. */
  take<T>(from: T[], count: number): T[];
}

export function createRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(unit() * (high - low + 1));
  return {
    unit,
    between,
    chance: (probability) => unit() < probability,
    pick: (items) => items[between(0, items.length - 1)] ?? items[0],
    take(from, count) {
      const start = between(0, Math.max(0, from.length - count));
      return from.splice(start, count);
    },
  };
}
