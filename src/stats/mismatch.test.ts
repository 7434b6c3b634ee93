import fc from "fast-check";
import { expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { binomialBound } from "../../test/statistics/streams.ts";
import { rateLogEvidence } from "./mismatch.ts";

const ALARM = Math.log(20);

test("no trials are no evidence, and one mismatch is an event, not an alarm", () => {
  expect(rateLogEvidence({ hits: 0, trials: 0 }, 0.01)).toBeCloseTo(0, 14);
  expect(rateLogEvidence({ hits: 1, trials: 1 }, 0.01)).toBeGreaterThan(0);
  expect(rateLogEvidence({ hits: 1, trials: 1 }, 0.01)).toBeLessThan(ALARM);
  expect(rateLogEvidence({ hits: 3, trials: 3 }, 0.01)).toBeGreaterThan(ALARM);
});

test("one more hit is more evidence, one more miss is less", () => {
  const counts = fc.tuple(fc.nat({ max: 500 }), fc.nat({ max: 500 }));
  fc.assert(
    fc.property(counts, fc.constantFrom(0.01, 0.1, 0.5), ([hits, misses], p0) => {
      const at = (h: number, m: number) => rateLogEvidence({ hits: h, trials: h + m }, p0);
      expect(at(hits + 1, misses)).toBeGreaterThan(at(hits, misses));
      expect(at(hits, misses + 1)).toBeLessThan(at(hits, misses));
    }),
  );
});

test("it is an e-value: its expectation at the tolerated rate is one", () => {
  for (const p0 of [0.01, 0.2]) {
    const trials = 12;
    let expectation = 0;
    let ways = 1;
    for (let hits = 0; hits <= trials; hits++) {
      expectation +=
        ways *
        p0 ** hits *
        (1 - p0) ** (trials - hits) *
        Math.exp(rateLogEvidence({ hits, trials }, p0));
      ways = (ways * (trials - hits)) / (hits + 1);
    }
    expect(expectation).toBeCloseTo(1, 9);
  }
});

test("at the tolerated rate at most 5 % of streams alarm; at five times of it nearly all", () => {
  const random = seededRandom(71);
  let [quiet, found] = [0, 0];
  for (let stream = 0; stream < 200; stream++) {
    let [few, many] = [0, 0];
    let [everFew, everMany] = [false, false];
    for (let trials = 1; trials <= 1_000; trials++) {
      few += random.bernoulli(0.01);
      many += random.bernoulli(0.05);
      everFew ||= rateLogEvidence({ hits: few, trials }, 0.01) >= ALARM;
      everMany ||= rateLogEvidence({ hits: many, trials }, 0.01) >= ALARM;
    }
    if (everFew) quiet++;
    if (everMany) found++;
  }
  expect(quiet).toBeLessThanOrEqual(binomialBound(200, 0.05));
  expect(found).toBeGreaterThan(195);
});

test("counts that cannot be, and a rate outside (0, 1), are refused", () => {
  expect(() => rateLogEvidence({ hits: 2, trials: 1 }, 0.01)).toThrow(RangeError);
  expect(() => rateLogEvidence({ hits: 0, trials: 1 }, 0)).toThrow(RangeError);
});
