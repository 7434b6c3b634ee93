import { expect, test } from "vitest";
import { paretoFront, type TradeOff } from "./pareto.ts";

/** Exact qualities and costs, each difference known to within a half width. */
function compare(choices: readonly (readonly [number, number])[], half: number) {
  return (j: number, i: number): TradeOff => {
    const [better, worse] = [choices[j] ?? [0, 0], choices[i] ?? [0, 0]];
    const [quality, cost] = [better[0] - worse[0], better[1] - worse[1]];
    return {
      quality: { low: quality - half, high: quality + half },
      cost: { low: cost - half, high: cost + half },
    };
  };
}

const CHOICES = [
  [0.8, 1],
  [0.8, 0.5],
  [0.6, 0.2],
] as const;

test("what is shown cheaper and not worse dominates; a real trade stays on the front", () => {
  expect(paretoFront(3, compare(CHOICES, 0.005), { margin: 0.01 })).toEqual([
    { kind: "dominated", by: 1 },
    { kind: "on_front" },
    { kind: "on_front" },
  ]);
});

test("what is not shown stays on the front", () => {
  for (const standing of paretoFront(3, compare(CHOICES, 0.6), { margin: 0.01 })) {
    expect(standing.kind).toBe("on_front");
  }
});

test("no choice and one choice", () => {
  expect(paretoFront(0, compare([], 0), { margin: 0 })).toEqual([]);
  expect(paretoFront(1, compare(CHOICES, 0), { margin: 0 })).toEqual([{ kind: "on_front" }]);
});

test("a negative margin is refused", () => {
  expect(() => paretoFront(1, compare(CHOICES, 0), { margin: -0.1 })).toThrow(RangeError);
});
