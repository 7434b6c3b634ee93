import { describe, expect, test } from "vitest";
import { EMPTY_CELL } from "../outcome/cell.ts";
import { ratePerDay } from "./measured-arm.ts";

const NOW = 10_000;

/** Outcomes by how many hours ago they came. */
function armOf(ago: Readonly<Record<number, number>>) {
  return {
    hours: new Map(
      Object.entries(ago).map(([hours, outcomes]) => [
        NOW - Number(hours),
        { ...EMPTY_CELL, outcomes },
      ]),
    ),
  };
}

const rate = (...arms: ReturnType<typeof armOf>[]) =>
  ratePerDay(arms, ({ outcomes }) => outcomes, NOW);

describe("the present rate", () => {
  test("of one call is one a day, not one an hour", () => {
    expect(rate(armOf({ 0: 1 }))).toBe(1);
  });

  test("of traffic that ended weeks ago is none, of that which ended days ago falls by the day", () => {
    expect(rate(armOf({ 500: 4_000, 400: 4_000 }))).toBe(0);
    const ended = (daysAgo: number) => rate(armOf({ [24 * daysAgo]: 240 }));
    expect(ended(1)).toBeGreaterThan(ended(3));
    expect(ended(6)).toBeCloseTo((240 * 24) / 145, 9);
  });

  test("of steady traffic is what comes a day, summed over arms", () => {
    const steady = Object.fromEntries(Array.from({ length: 300 }, (_, hour) => [hour, 10]));
    expect(rate(armOf(steady), armOf(steady))).toBeCloseTo(480, 9);
  });

  test("of arms without hours, and of no arms, is none", () => {
    expect(ratePerDay([{}], () => 5, NOW)).toBe(0);
    expect(ratePerDay([], () => 5, Number.POSITIVE_INFINITY)).toBe(0);
  });
});
