import { CLOCK_SKEW_NOTED_MS } from "../kernel/limits.ts";

/**
 * Which clock is wrong. `ahead`: the call happened later than now, so that the producer's clock is ahead. `behind`: it happened before
 * its settings were decided, so that the producer's clock is behind. `daemon`: it was decided later than now, so that the daemon's own
 * clock went back.
 */
export const CLOCK_SKEW_KINDS = ["ahead", "behind", "daemon"] as const;
export type ClockSkewKind = (typeof CLOCK_SKEW_KINDS)[number];

export interface ClockSkew {
  readonly kind: ClockSkewKind;
  /** By how much at least, in milliseconds. */
  readonly ms: number;
}

/** The times of an outcome, in milliseconds since 1970. */
export interface OutcomeTimes {
  readonly occurredAtMs: number;
  readonly decidedAtMs?: number | undefined;
}

/**
 * The times of an outcome as they can have been: decided no later than now, and occurred between the two. What was stated otherwise is
 * moved to the nearest end, and said, where it is more than clocks that are kept by NTP differ.
 */
export function possibleTimes(
  stated: OutcomeTimes,
  nowMs: number,
): OutcomeTimes & { readonly clockSkew?: ClockSkew } {
  const { decidedAtMs } = stated;
  const decided = decidedAtMs === undefined ? undefined : Math.min(decidedAtMs, nowMs);
  const occurredAtMs = Math.min(Math.max(stated.occurredAtMs, decided ?? 0), nowMs);
  const clockSkew = skewOf(stated, nowMs);
  return {
    occurredAtMs,
    ...(decided === undefined ? {} : { decidedAtMs: decided }),
    ...(clockSkew ? { clockSkew } : {}),
  };
}

function skewOf({ occurredAtMs, decidedAtMs }: OutcomeTimes, nowMs: number): ClockSkew | undefined {
  const decided = decidedAtMs ?? occurredAtMs;
  const byKind: readonly ClockSkew[] = [
    { kind: "daemon", ms: decidedAtMs === undefined ? 0 : decidedAtMs - nowMs },
    { kind: "ahead", ms: occurredAtMs - nowMs },
    { kind: "behind", ms: Math.min(decided, nowMs) - occurredAtMs },
  ];
  return byKind.find(({ ms }) => ms > CLOCK_SKEW_NOTED_MS);
}
