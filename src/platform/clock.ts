/** Wall-clock time. The one way to ask for it, so that tests and simulations can set it. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. May jump; never used to measure durations. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
