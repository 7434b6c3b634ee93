import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLOCK_SKEW_NOTED_MS } from "../kernel/limits.ts";
import { possibleTimes } from "./clock-skew.ts";

const NOW = 1_800_000_000_000;
const MINUTE_MS = 60_000;

describe("an outcome's times", () => {
  test("that are possible stay as they are", () => {
    const stated = { decidedAtMs: NOW - 2 * MINUTE_MS, occurredAtMs: NOW - MINUTE_MS };
    expect(possibleTimes(stated, NOW)).toEqual(stated);
    expect(possibleTimes({ occurredAtMs: 5 }, NOW)).toEqual({ occurredAtMs: 5 });
  });

  test("of a producer whose clock is ahead: it occurred now", () => {
    const stated = { decidedAtMs: NOW - MINUTE_MS, occurredAtMs: NOW + 5 * MINUTE_MS };
    expect(possibleTimes(stated, NOW)).toEqual({
      decidedAtMs: NOW - MINUTE_MS,
      occurredAtMs: NOW,
      clockSkew: { kind: "ahead", ms: 5 * MINUTE_MS },
    });
  });

  test("of a producer whose clock is behind: it occurred when it was decided", () => {
    const stated = { decidedAtMs: NOW - MINUTE_MS, occurredAtMs: NOW - 6 * MINUTE_MS };
    expect(possibleTimes(stated, NOW)).toEqual({
      decidedAtMs: NOW - MINUTE_MS,
      occurredAtMs: NOW - MINUTE_MS,
      clockSkew: { kind: "behind", ms: 5 * MINUTE_MS },
    });
  });

  test("of a decision in the future, because the daemon's own clock went back: decided now", () => {
    const stated = { decidedAtMs: NOW + MINUTE_MS, occurredAtMs: NOW - MINUTE_MS };
    expect(possibleTimes(stated, NOW)).toEqual({
      decidedAtMs: NOW,
      occurredAtMs: NOW,
      clockSkew: { kind: "daemon", ms: MINUTE_MS },
    });
  });

  test("that differ by no more than clocks do are put right without a word", () => {
    const stated = { decidedAtMs: NOW, occurredAtMs: NOW + CLOCK_SKEW_NOTED_MS };
    expect(possibleTimes(stated, NOW)).toEqual({ decidedAtMs: NOW, occurredAtMs: NOW });
  });

  test("are in order afterwards, whatever was stated, and are put right once", () => {
    const anyTime = fc.integer({ min: 0, max: 2 * NOW });
    fc.assert(
      fc.property(anyTime, fc.option(anyTime, { nil: undefined }), (occurredAtMs, decidedAtMs) => {
        const { clockSkew: _, ...times } = possibleTimes({ occurredAtMs, decidedAtMs }, NOW);
        expect(times.occurredAtMs).toBeLessThanOrEqual(NOW);
        expect(times.occurredAtMs).toBeGreaterThanOrEqual(times.decidedAtMs ?? 0);
        expect(possibleTimes(times, NOW)).toEqual(times);
      }),
    );
  });
});
