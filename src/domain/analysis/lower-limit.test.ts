import { describe, expect, test } from "vitest";
import { EMPTY_CELL, foldOutcome } from "../outcome/cell.ts";
import type { Outcome } from "../outcome/outcome.ts";
import { outcomeOf } from "../outcome/outcome-fixtures.ts";
import { analyseLowerLimit, type LowerLimit } from "./lower-limit.ts";
import { parameterOf } from "./parameter.ts";

function limitOf(name: string, calls: readonly Partial<Outcome>[]): LowerLimit | undefined {
  const parameter = parameterOf(name);
  if (!parameter) throw new Error(`${name} is a parameter`);
  const cell = calls.reduce((own, call) => foldOutcome(own, outcomeOf("o", call)), EMPTY_CELL);
  return analyseLowerLimit([{ settings: { timeoutSeconds: 60, maxRetries: 3 }, cell }], parameter);
}

const many = (count: number, call: Partial<Outcome>) => Array.from({ length: count }, () => call);

describe("a lower timeout", () => {
  const calls = [
    ...many(1_900, { status: "ok", latencyMs: 1_500 }),
    ...many(50, { status: "ok", latencyMs: 20_000 }),
    ...many(50, { status: "timeout", latencyMs: 60_000 }),
  ];

  test("would have cut the calls that took longer, and left the others as they were", () => {
    const found = limitOf("timeout", calls);
    expect(found).toMatchObject({ sampleSize: 2_000, evidence: "structural_bound", served: 60 });
    const [short, long] = found?.values ?? [];
    // Edges of half octaves of milliseconds.
    expect(short?.limit).toBeCloseTo(2.048, 6);
    expect(short).toMatchObject({ keptAtLeast: 0.95, lossAtMost: 0.025, shareWithin: 0.95 });
    expect(long).toMatchObject({ keptAtLeast: 0.975, lossAtMost: 0 });
    expect(long?.limit).toBeGreaterThan(20);
    expect(found?.lowestTolerable?.limit).toBe(long?.limit);
  });

  test("of which nothing is known with few calls says how many are missing", () => {
    expect(limitOf("timeout", calls.slice(0, 40))).toMatchObject({ samplesNeeded: 60, values: [] });
  });

  test("counts a success that does not say its time as lost", () => {
    const found = limitOf("timeout", [
      ...calls,
      ...many(2_000, { status: "ok", latencyMs: undefined }),
    ]);
    expect(found?.values.at(-1)).toMatchObject({ keptAtLeast: 1_950 / 4_000 });
    expect(found?.lowestTolerable).toBeUndefined();
  });
});

describe("fewer retries", () => {
  test("would have failed the calls that needed more, and say nothing of those that told none", () => {
    const found = limitOf("max_retries", [
      ...many(1_960, { status: "ok", retries: 0 }),
      ...many(30, { status: "ok", retries: 2 }),
      ...many(10, { status: "model_error", retries: 3 }),
      ...many(500, { status: "model_error" }),
      ...many(500, { status: "cancelled", retries: 3 }),
    ]);
    expect(found?.sampleSize).toBe(2_000);
    expect(found?.values.map(({ limit, keptAtLeast }) => [limit, keptAtLeast])).toStrictEqual([
      [0, 0.98],
      [2, 0.995],
      [3, 0.995],
    ]);
    // Without the third retry nothing is lost; without the first two up to 1.5 % are, which is more than is shown to be tolerable.
    expect(found?.lowestTolerable?.limit).toBe(2);
  });
});

test("a temperature is no limit: what lower ones would have left is not known without trying", () => {
  expect(limitOf("temperature", many(200, { status: "ok" }))).toBeUndefined();
});
