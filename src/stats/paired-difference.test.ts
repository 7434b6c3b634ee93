import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { evidenceInterval } from "./difference.ts";
import { pairedEvidence } from "./paired-difference.ts";

test("no pairs: nothing is known; one pair: very nearly nothing", () => {
  expect(evidenceInterval(pairedEvidence([]), 0.05)).toEqual({ low: -1, high: 1 });
  const one = evidenceInterval(pairedEvidence([0.4]), 0.05);
  expect(one.low).toBeLessThan(-0.9);
  expect(one.high).toBeGreaterThan(0.9);
});

test("the evidence falls, and its mirror rises, in the difference that is doubted", () => {
  const differences = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 40 });
  const pair = fc.tuple(
    fc.double({ min: -0.99, max: 0.99, noNaN: true }),
    fc.double({ min: -0.99, max: 0.99, noNaN: true }),
  );
  fc.assert(
    fc.property(differences, pair, (values, [one, other]) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const { logExceeds, logBelow } = pairedEvidence(values);
      expect(logExceeds(high)).toBeLessThanOrEqual(logExceeds(low) + 1e-9);
      expect(logBelow(low)).toBeLessThanOrEqual(logBelow(high) + 1e-9);
    }),
  );
});

test("the ends of the range give numbers, also for pairs at the ends", () => {
  const { logExceeds, logBelow } = pairedEvidence([1, -1, 0]);
  for (const value of [logExceeds(-1), logExceeds(1), logBelow(-1), logBelow(1)]) {
    expect(Number.isNaN(value)).toBe(false);
  }
});

test("looking after every pair misses the difference in at most 5 % of streams", () => {
  const random = seededRandom(6);
  const streams = 150;
  let missed = 0;
  for (let stream = 0; stream < streams; stream++) {
    const values: number[] = [];
    let ever = false;
    while (values.length < 200 && !ever) {
      values.push(random.bernoulli(0.7) - random.bernoulli(0.6));
      if (values.length % 10 === 0) {
        const { logExceeds, logBelow } = pairedEvidence(values);
        ever = Math.max(logExceeds(0.1), logBelow(0.1)) >= Math.log(40);
      }
    }
    if (ever) missed++;
  }
  expect(missed / streams).toBeLessThanOrEqual(0.05);
});

test("a difference outside -1..1 is refused", () => {
  expect(() => pairedEvidence([1.5])).toThrow(RangeError);
});
