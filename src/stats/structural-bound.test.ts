import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { addValue, EMPTY_SUMS, type PowerSums, sumsOf } from "./power-sums.ts";
import { lowestLimit, structuralBounds, type UsageBin } from "./structural-bound.ts";

interface Call {
  readonly use: number;
  readonly outcome: number;
}

/** Calls in bins with edges 1, 2, 4, …, 64. */
function bounded(calls: readonly Call[], alpha = 0.05) {
  const edges = [1, 2, 4, 8, 16, 32, 64];
  const sums = new Map<number, PowerSums>();
  for (const { use, outcome } of calls) {
    const upTo = edges.find((edge) => use <= edge) ?? 64;
    sums.set(upTo, addValue(sums.get(upTo) ?? EMPTY_SUMS, outcome));
  }
  const bins = [...sums]
    .map(([upTo, own]): UsageBin => ({ upTo, sums: own }))
    .toSorted((a, b) => a.upTo - b.upTo);
  return structuralBounds(bins, { all: sumsOf(calls.map(({ outcome }) => outcome)), alpha });
}

const calls = fc.array(
  fc.record({
    use: fc.integer({ min: 0, max: 64 }),
    outcome: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe("what a lower limit leaves", () => {
  test("is at least what the calls within it are worth, whatever the longer ones would have been", () => {
    fc.assert(
      fc.property(calls, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (seen, cut) => {
        for (const { limit, keptAtLeast, keptLow, lossAtMost, lossHigh } of bounded(seen)) {
          // Whatever a cut call ends up with, nothing below zero.
          const truth =
            seen.reduce(
              (sum, { use, outcome }, i) => sum + (use <= limit ? outcome : (cut[i] ?? 0)),
              0,
            ) / seen.length;
          const whole = seen.reduce((sum, { outcome }) => sum + outcome, 0) / seen.length;
          expect(keptAtLeast).toBeLessThanOrEqual(truth + 1e-9);
          expect(whole - truth).toBeLessThanOrEqual(lossAtMost + 1e-9);
          expect(keptLow).toBeLessThanOrEqual(keptAtLeast + 1e-9);
          expect(lossHigh).toBeGreaterThanOrEqual(lossAtMost - 1e-9);
        }
      }),
    );
  });

  test("falls with the limit, and is everything at the highest", () => {
    fc.assert(
      fc.property(calls, (seen) => {
        const bounds = bounded(seen);
        for (const [i, bound] of bounds.entries()) {
          const above = bounds[i + 1];
          if (above) expect(bound.keptAtLeast).toBeLessThanOrEqual(above.keptAtLeast + 1e-12);
        }
        expect(bounds.at(-1)?.shareWithin).toBe(1);
        expect(bounds.at(-1)?.lossAtMost).toBeCloseTo(0, 9);
      }),
    );
  });

  test("counts calls of which the use is not known as lost", () => {
    const bins = [{ upTo: 8, sums: sumsOf([1, 1, 1]) }];
    const [bound] = structuralBounds(bins, { all: sumsOf([1, 1, 1, 1]), alpha: 0.05 });
    expect(bound).toMatchObject({ keptAtLeast: 0.75, lossAtMost: 0.25, shareWithin: 0.75 });
  });

  test("refuses bins that hold more than there is", () => {
    const bins = [{ upTo: 8, sums: sumsOf([1, 1]) }];
    expect(() => structuralBounds(bins, { all: sumsOf([1]), alpha: 0.05 })).toThrow(
      "no more calls",
    );
  });
});

test("the lowest limit is looked for from the highest down, and a gap ends the search", () => {
  const at = (limit: number, lossHigh: number) => ({
    limit,
    shareWithin: 1,
    lossAtMost: 0,
    lossHigh,
    keptAtLeast: 1,
    keptLow: 1,
  });
  const bounds = [at(1, 0.01), at(2, 0.5), at(4, 0.01), at(8, 0.01)];
  const holds = ({ lossHigh }: { readonly lossHigh: number }) => lossHigh <= 0.02;
  expect(lowestLimit(bounds, holds)?.limit).toBe(4);
  expect(lowestLimit([...bounds, at(16, 1)], holds)).toBeUndefined();
});

test("a limit that costs too much is found lowest in few of many runs that are looked at again and again", () => {
  const random = seededRandom(31);
  let wrong = 0;
  for (let run = 0; run < 60; run++) {
    const seen: Call[] = [];
    let isEver = false;
    for (let look = 0; look < 8; look++) {
      for (let i = 0; i < 100; i++) {
        // A limit of 32 costs 2.2 % of all calls, a limit of 64 nothing.
        const use = random.bernoulli(0.022) === 1 ? 40 : 3;
        seen.push({ use, outcome: 1 });
      }
      const found = lowestLimit(bounded(seen), ({ lossHigh }) => lossHigh <= 0.02);
      isEver ||= found !== undefined && found.limit < 64;
    }
    if (isEver) wrong += 1;
  }
  // Nominal 5 %: 3 of 60; more than 9 has a chance below 1 in 1,000.
  expect(wrong).toBeLessThanOrEqual(9);
});
