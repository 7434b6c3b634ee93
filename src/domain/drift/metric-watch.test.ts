import { describe, expect, test } from "vitest";
import { outcomeOf } from "../outcome/outcome-fixtures.ts";
import { foldMetric, type MetricWatch, NEW_METRIC_WATCH, watchedValue } from "./metric-watch.ts";
import { outcomeDrift } from "./outcome-drift.ts";

const MINUTE_MS = 60_000;

/** Numbers in 0..1 that look random and are the same in every run. */
function createNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function fold(
  watch: MetricWatch,
  values: readonly number[],
  from: number,
  isHeavy = false,
): MetricWatch {
  return values.reduce(
    (next, value, index) =>
      foldMetric(next, { value, atMs: (from + index) * MINUTE_MS }, { isHeavy, detectors: 4 }),
    watch,
  );
}

function calls(count: number, rate: number, seed = 1): number[] {
  const next = createNumbers(seed);
  return Array.from({ length: count }, () => (next() < rate ? 1 : 0));
}

describe("a watched metric", () => {
  test("has no detector before its reference of 500 is whole", () => {
    const before = fold(NEW_METRIC_WATCH, calls(499, 0.9), 1);
    expect(before.design).toBeUndefined();
    expect(fold(before, [1], 500).design).toBeDefined();
  });

  test("does not alarm while nothing changes, and a longer reference takes over", () => {
    const watch = fold(NEW_METRIC_WATCH, calls(10_000, 0.9), 1);
    expect(watch.alarm).toBeUndefined();
    expect(watch.reference[0]?.n).toBeGreaterThanOrEqual(4_000);
    expect(watch.design?.tolerance).toBeLessThan(0.02);
  });

  test("alarms when it falls, and dates the change near where it was", () => {
    const before = fold(NEW_METRIC_WATCH, calls(2_000, 0.9), 1);
    const after = fold(before, calls(600, 0.6, 2), 2_001);
    expect(after.alarm?.direction).toBe("down");
    expect(Math.abs((after.alarm?.sinceMs ?? 0) / MINUTE_MS - 2_001)).toBeLessThan(60);
    expect(after.alarm?.now).toBeCloseTo(0.6, 0);
  });

  test("is resolved once a block lies within the tolerance again", () => {
    const fallen = fold(fold(NEW_METRIC_WATCH, calls(1_000, 0.9), 1), calls(400, 0.5, 2), 1_001);
    expect(fallen.alarm).toBeDefined();
    expect(fold(fallen, calls(500, 0.9, 3), 1_401).alarm).toBeUndefined();
  });

  test("takes a level that stays for its reference", () => {
    const fallen = fold(fold(NEW_METRIC_WATCH, calls(1_000, 0.9), 1), calls(400, 0.5, 2), 1_001);
    const settled = fold(fallen, calls(4_000, 0.5, 4), 1_401);
    expect(settled.alarm).toBeUndefined();
    expect(settled.design?.reference).toBeCloseTo(0.5, 1);
  });

  test("of a heavy quantity is counted up to the octave of its reference, so that one outlier is no alarm", () => {
    const next = createNumbers(5);
    const usual = () => 800 + 400 * next();
    const before = fold(NEW_METRIC_WATCH, Array.from({ length: 1_000 }, usual), 1, true);
    expect(before.octave).toBe(11);
    const spiked = fold(before, [600_000, ...Array.from({ length: 200 }, usual)], 1_001, true);
    expect(spiked.alarm).toBeUndefined();
    const slow = Array.from({ length: 300 }, () => 2 * usual());
    expect(fold(before, slow, 1_001, true).alarm?.direction).toBe("up");
  });

  test("is the same after its state went through the store", () => {
    const before = fold(NEW_METRIC_WATCH, calls(1_500, 0.9), 1);
    const stored: MetricWatch = JSON.parse(JSON.stringify(before));
    const more = calls(300, 0.7, 2);
    expect(JSON.stringify(fold(stored, more, 1_501))).toBe(
      JSON.stringify(fold(before, more, 1_501)),
    );
  });

  test("counts success by status, and nothing for calls that say nothing of the settings", () => {
    expect(watchedValue(outcomeOf("a"), "success")).toBe(1);
    expect(watchedValue(outcomeOf("b", { status: "timeout" }), "success")).toBe(0);
    expect(watchedValue(outcomeOf("c", { status: "cancelled" }), "success")).toBeUndefined();
    expect(watchedValue(outcomeOf("d", { scores: { quality: 80 } }), "quality")).toBe(0.8);
  });
});

describe("outcome drift", () => {
  test("tells before and now in the metric's unit, since when, and what to do", () => {
    const fallen = fold(fold(NEW_METRIC_WATCH, calls(1_000, 0.9), 1), calls(400, 0.5, 2), 1_001);
    const { arm } = outcomeOf("a");
    const drift = outcomeDrift(arm, "success", fallen);
    expect(drift).toMatchObject({ kind: "outcome", metric: "success", evidence: "observational" });
    expect(drift?.magnitude).toBeCloseTo(0.4, 0);
    expect(drift?.threshold).toBeGreaterThan(0.01);
    expect(drift?.message).toContain("although the settings did not change");
    expect(outcomeDrift(arm, "success", NEW_METRIC_WATCH)).toBeUndefined();
  });
});
