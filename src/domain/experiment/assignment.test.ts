import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DrawInput, drawUnit, periodAt, unitKeyOf } from "./assignment.ts";
import { MILLION } from "./experiment.ts";
import { keyedHash } from "./experiment-fixtures.ts";

interface Vector extends DrawInput {
  readonly salt: string;
  readonly weightsPpm: readonly number[];
  readonly scoreFractionPpm: number;
  readonly key: string;
  readonly arm: number;
  readonly propensityPpm: number;
  readonly scoreRequested: boolean;
}

const published: { readonly vectors: readonly Vector[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../../docs/assignment-vectors.json"), "utf8"),
);

const anySalt = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((b) => Buffer.from(b).toString("hex"));
const anyWeights = fc
  .array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 10 })
  .map((parts) => {
    const sum = parts.reduce((a, b) => a + b, 0);
    const weights = parts.map((part) => Math.floor((part / sum) * MILLION));
    const rest = MILLION - weights.reduce((a, b) => a + b, 0);
    return weights.map((weight, index) => (index === 0 ? weight + rest : weight));
  });

test("the published vectors hold", () => {
  expect(published.vectors.length).toBeGreaterThan(30);
  for (const vector of published.vectors) {
    const hash = keyedHash(vector.salt);
    const { arm, propensityPpm, scoreRequested } = vector;
    expect(drawUnit(hash, vector, vector)).toEqual({ arm, propensityPpm, scoreRequested });
    expect(vector.kind === "unit" ? unitKeyOf(hash, vector.unit) : "").toBe(vector.key);
  }
});

test("a draw is a pure function of salt, unit, period and allocation, and logs the chance that the arm had", () => {
  fc.assert(
    fc.property(
      anySalt,
      fc.string(),
      fc.nat(),
      anyWeights,
      fc.nat(MILLION),
      (salt, unit, period, weightsPpm, scoreFractionPpm) => {
        const input = { kind: "unit" as const, period, unit };
        const once = drawUnit(keyedHash(salt), input, { weightsPpm, scoreFractionPpm });
        expect(drawUnit(keyedHash(salt), input, { weightsPpm, scoreFractionPpm })).toEqual(once);
        expect(once.propensityPpm).toBe(weightsPpm[once.arm]);
      },
    ),
  );
});

test("whether a score is requested does not look at the arms", () => {
  fc.assert(
    fc.property(
      anySalt,
      fc.string(),
      anyWeights,
      anyWeights,
      fc.nat(MILLION),
      (salt, unit, a, b, scoreFractionPpm) => {
        const input = { kind: "unit" as const, period: 1, unit };
        const request = (weightsPpm: readonly number[]) =>
          drawUnit(keyedHash(salt), input, { weightsPpm, scoreFractionPpm }).scoreRequested;
        expect(request(a)).toBe(request(b));
      },
    ),
  );
});

/** Five standard errors on either side: a share outside of them by chance happens once in two million tests. */
function expectShare(count: number, n: number, share: number): void {
  expect(Math.abs(count - n * share)).toBeLessThan(5 * Math.sqrt(n * share * (1 - share)));
}

describe("over many units", () => {
  const n = 40_000;
  const allocation = { weightsPpm: [650_000, 250_000, 100_000], scoreFractionPpm: 200_000 };
  const draws = Array.from({ length: n }, (_, i) =>
    drawUnit(
      keyedHash("5a".repeat(32)),
      { kind: "unit", period: 7, unit: `session-${i}` },
      allocation,
    ),
  );

  test.each([0, 1, 2])("arm %i has its share", (arm) => {
    const share = (allocation.weightsPpm[arm] ?? 0) / MILLION;
    expectShare(draws.filter((draw) => draw.arm === arm).length, n, share);
  });

  test.each([0, 1, 2])("scores are requested of as many units of arm %i as of any", (arm) => {
    const own = draws.filter((draw) => draw.arm === arm);
    expectShare(own.filter(({ scoreRequested }) => scoreRequested).length, own.length, 0.2);
  });

  test("the next period is drawn anew, independent of the one before", () => {
    const again = draws.map((_, i) =>
      drawUnit(
        keyedHash("5a".repeat(32)),
        { kind: "unit", period: 8, unit: `session-${i}` },
        allocation,
      ),
    );
    const same = draws.filter((draw, i) => draw.arm === again[i]?.arm).length;
    expectShare(same, n, 0.65 ** 2 + 0.25 ** 2 + 0.1 ** 2);
  });
});

test("two draws of a unit that lie a period apart are in different periods", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 4e12, noNaN: true }),
      fc.double({ min: 1000, max: 3e9, noNaN: true }),
      (atMs, periodMs) => {
        expect(periodAt(atMs + periodMs, periodMs)).toBeGreaterThanOrEqual(
          periodAt(atMs, periodMs),
        );
        expect(periodAt(Math.floor(atMs) + Math.ceil(periodMs), Math.ceil(periodMs))).toBe(
          periodAt(Math.floor(atMs), Math.ceil(periodMs)) + 1,
        );
      },
    ),
  );
});
