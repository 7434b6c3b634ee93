import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { meanLogEvidence, outcomeForm } from "./confidence-sequence.ts";
import { differenceInterval, independentEvidence } from "./difference.ts";
import { addValue, EMPTY_SUMS, type PowerSums, sumsOf } from "./power-sums.ts";

function ones(n: number, mean: number): PowerSums {
  const s = n * mean;
  return { n, s1: s, s2: s, s3: s, s4: s };
}

test("an empty arm leaves the whole range", () => {
  expect(differenceInterval(EMPTY_SUMS, ones(100, 0.5), { alpha: 0.05 })).toEqual({
    low: -1,
    high: 1,
  });
  expect(independentEvidence(EMPTY_SUMS, EMPTY_SUMS).estimate).toBeUndefined();
});

test("one outcome an arm leaves the whole range", () => {
  expect(differenceInterval(sumsOf([1]), sumsOf([0]), { alpha: 0.05 })).toEqual({
    low: -1,
    high: 1,
  });
});

test("swapping the arms mirrors the interval", () => {
  const there = differenceInterval(ones(400, 0.7), ones(250, 0.5), { alpha: 0.05 });
  const back = differenceInterval(ones(250, 0.5), ones(400, 0.7), { alpha: 0.05 });
  expect(there.low).toBeCloseTo(-back.high, 4);
  expect(there.high).toBeCloseTo(-back.low, 4);
});

test("the search over the nuisance mean never overstates the evidence", () => {
  const form = outcomeForm();
  const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 60,
  });
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(values, values, unit, unit, (first, second, mA, mB) => {
      const [a, b] = [sumsOf(first), sumsOf(second)];
      const atPair = meanLogEvidence(form, a, mA, 1) + meanLogEvidence(form, b, mB, -1);
      expect(independentEvidence(a, b).logExceeds(mA - mB)).toBeLessThanOrEqual(atPair + 1e-9);
    }),
    { numRuns: 60 },
  );
});

test("asked whether it reaches a threshold, the search answers as if it had looked for the value", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 300; round++) {
    const arm = (mean: number) => {
      const n = 20 + Math.floor(2_000 * random.uniform());
      return sumsOf(Array.from({ length: n }, () => random.bernoulli(mean)));
    };
    const { logExceeds, logBelow } = independentEvidence(arm(0.7), arm(0.4));
    for (const value of [logExceeds, logBelow]) {
      const d = 0.6 * random.uniform() - 0.1;
      const enough = 12 * random.uniform();
      const whole = value(d, Number.POSITIVE_INFINITY);
      const asked = value(d, enough);
      // Never more than the value itself, and the same wherever it says less than enough; both searches end within their slack.
      expect(asked).toBeLessThanOrEqual(whole + 0.05);
      if (asked < enough) expect(Math.abs(asked - whole)).toBeLessThanOrEqual(0.05);
      else expect(whole).toBeGreaterThanOrEqual(enough - 0.05);
    }
  }
});

test("half widths are as documented, also for arms of very different size", () => {
  for (const [n, other, most] of [
    [100, 100, 1.85],
    [1_000, 1_000, 2.05],
    [10_000, 10_000, 2.2],
    [1_000, 100_000, 2.05],
  ] as const) {
    const { low, high } = differenceInterval(ones(n, 0.6), ones(other, 0.6), { alpha: 0.05 });
    const fixed = 1.96 * Math.sqrt(0.24 / n + 0.24 / other);
    expect((high - low) / 2 / fixed).toBeLessThan(most);
  }
});

test("looking again and again misses the difference in at most 5 % of streams", () => {
  const random = seededRandom(12);
  let missed = 0;
  const streams = 100;
  for (let stream = 0; stream < streams; stream++) {
    let [a, b] = [EMPTY_SUMS, EMPTY_SUMS];
    let ever = false;
    for (let n = 1; n <= 1_000; n++) {
      if (random.uniform() < 0.3) a = addValue(a, random.bernoulli(0.6));
      else b = addValue(b, random.bernoulli(0.5));
      if (n % 50 === 0) {
        const evidence = independentEvidence(a, b);
        ever ||= Math.max(evidence.logExceeds(0.1), evidence.logBelow(0.1)) >= Math.log(40);
      }
    }
    if (ever) missed++;
  }
  expect(missed / streams).toBeLessThanOrEqual(0.05);
});
