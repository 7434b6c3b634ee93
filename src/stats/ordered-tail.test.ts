import { expect, test } from "vitest";
import { findOrderedTails } from "./ordered-tail.ts";
import { type PowerSums, sumsOf } from "./power-sums.ts";

/** A small generator with a fixed seed, so that a simulation is the same in every run. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function bernoulli(random: () => number, rate: number, n: number): PowerSums {
  return sumsOf(Array.from({ length: n }, () => (random() < rate ? 1 : 0)));
}

test("a cliff at one end is found as one tail, with an interval that holds the truth", () => {
  const random = uniform(7);
  const rates = [0.56, 0.56, 0.56, 0.56, 0.42, 0.3, 0.05];
  const tails = findOrderedTails(
    rates.map((rate) => bernoulli(random, rate, 300)),
    { alpha: 0.05 },
  );
  expect(tails.map(({ side, members }) => ({ side, members }))).toEqual([
    { side: "upper", members: [4, 5, 6] },
  ]);
  expect(tails[0]?.shortfall.low).toBeLessThan(0.56 - 0.257);
  expect(tails[0]?.shortfall.high).toBeGreaterThan(0.56 - 0.257);
});

test("without a difference a tail is claimed in at most alpha of the worlds, looked at ten times each", () => {
  const worlds = 150;
  let claimed = 0;
  for (let world = 0; world < worlds; world++) {
    const random = uniform(world + 1);
    const values: number[][] = Array.from({ length: 6 }, () => []);
    for (let look = 0; look < 10; look++) {
      for (const level of values) for (let i = 0; i < 20; i++) level.push(random() < 0.6 ? 1 : 0);
      if (findOrderedTails(values.map(sumsOf), { alpha: 0.05 }).length > 0) {
        claimed += 1;
        break;
      }
    }
  }
  // Binomial(150, .05) exceeds 14 with a chance below .01.
  expect(claimed).toBeLessThanOrEqual(14);
});

test("one level has no tail, and neither have two equal ones", () => {
  const sums = sumsOf(Array.from({ length: 50 }, (_, i) => i % 2));
  expect(findOrderedTails([sums], { alpha: 0.05 })).toEqual([]);
  expect(findOrderedTails([sums, sums], { alpha: 0.05 })).toEqual([]);
});
