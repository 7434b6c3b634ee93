import { describe, expect, test } from "vitest";
import { SharedHours } from "./shared-hours.ts";

/** A level with so many outcomes in each of some hours. */
function level(counts: Readonly<Record<number, number>>) {
  const batches = Object.entries(counts).map(([hour, n]) => ({ hour: Number(hour), sums: { n } }));
  return { sums: { n: batches.reduce((sum, batch) => sum + batch.sums.n, 0) }, batches };
}

const basis = (levels: readonly ReturnType<typeof level>[], closedBefore = 100) =>
  new SharedHours(levels, closedBefore).basis([0], [1]);

describe("two levels are compared", () => {
  test("within hours where most outcomes of the rarer one lie in hours that the other one has", () => {
    expect(basis([level({ 1: 50, 2: 50, 3: 900 }), level({ 1: 5, 2: 5, 9: 9 })])).toBe(
      "within_hours",
    );
    expect(basis([level({ 1: 5, 2: 5, 9: 9 }), level({ 1: 50, 2: 50, 3: 900 })])).toBe(
      "within_hours",
    );
  });

  test("over time where one followed the other, however much the hour of the change holds of both", () => {
    expect(basis([level({ 1: 500, 2: 300 }), level({ 2: 200, 3: 500 })])).toBe("over_time");
  });

  test("as far as is known where hours are not closed yet, or nobody knows them", () => {
    expect(basis([level({ 99: 50 }), level({ 99: 50 })], 99)).toBe("unknown");
    const hourless = { sums: { n: 50 }, batches: [] };
    expect(basis([hourless, hourless])).toBe("unknown");
  });

  test("side by side, where sides are pools of levels", () => {
    const levels = [level({ 1: 10 }), level({ 2: 10 }), level({ 1: 4, 2: 4 })];
    const shared = new SharedHours(levels, 100);
    expect(shared.basis([0, 1], [2])).toBe("within_hours");
    expect(shared.basis([0], [2])).toBe("within_hours");
    expect(shared.basis([0], [1])).toBe("over_time");
  });
});
