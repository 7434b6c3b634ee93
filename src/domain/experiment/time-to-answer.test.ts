import { expect, test } from "vitest";
import { seededRandom } from "../../../test/statistics/random.ts";
import { bernoulliKind, type OutcomeKind, scoreKind } from "../../../test/statistics/streams.ts";
import { emptyState, foldUnit, logEvidence } from "../../stats/betting.ts";
import { freezeDesign } from "../../stats/betting-design.ts";
import { FIRST_CLAIM_ALPHA } from "./season.ts";
import { smallestClaimableEffect, unitsUntilClaim } from "./time-to-answer.ts";

const EFFECT = 0.05;

/** Scores that vary so little that the largest bets are cut. */
const STEADY: OutcomeKind = {
  name: "score sd .06",
  mean: 0.7,
  variance: 0.0033,
  momentsAt: (effect) => ({ mean: 0.7 + effect, variance: 0.0033 }),
  draw: (random, effect) => 0.6 + effect + 0.2 * random.uniform(),
};

/** Units of both arms until the evidence makes a claim, as an experiment frozen like the forecast folds them. */
function unitsOf(kind: OutcomeKind, seed: number): number {
  const random = seededRandom(seed);
  const design = freezeDesign({
    plannedPropensity: 0.5,
    propensity: { low: 0.5, high: 0.5 },
    centre: { low: 0, high: 1 },
    outcomeVariance: kind.variance,
    designedEffect: EFFECT,
    harmTolerance: 0.01,
    worthwhileEffect: 0.02,
    margin: 0.02,
  });
  let state = emptyState(design);
  let [sum, n] = [10 * kind.mean, 10];
  for (let index = 0; index < 40_000; index++) {
    const arm = random.uniform() < 0.5 ? 1 : 0;
    const outcome = kind.draw(random, arm * EFFECT);
    state = foldUnit(design, state, { index, arm, outcome, propensity: 0.5, centre: sum / n });
    sum += outcome;
    n += 1;
    if (logEvidence(state, "superiority") >= -Math.log(FIRST_CLAIM_ALPHA)) return index + 1;
  }
  return Number.POSITIVE_INFINITY;
}

test.each([bernoulliKind(0.6), scoreKind, STEADY])(
  "$name: four of five claims come by the time that is told, and half of them near the time for a half",
  (kind) => {
    const streams = 100;
    const units = Array.from({ length: streams }, (_, seed) => unitsOf(kind, seed + 1));
    const planned = { variance: kind.variance, designedEffect: EFFECT, propensity: 0.5 };
    const [half, likely] = [unitsUntilClaim(planned, 0.5), unitsUntilClaim(planned, 0.8)];
    const by = (limit: number) => units.filter((count) => count <= limit).length / streams;
    // Binomial(100, .8) is below .68 with a chance of .002.
    expect(by(likely)).toBeGreaterThanOrEqual(0.7);
    // The median within a fifth.
    expect(by(1.2 * half)).toBeGreaterThan(0.4);
    expect(by(half / 1.2)).toBeLessThan(0.6);
    // The time for four of five is no time at which nearly all are long done.
    expect(by(likely / 2)).toBeLessThan(0.7);
  },
);

test("the effect that as many units would be claimed for is the designed one, at most the whole scale", () => {
  const planned = { variance: 0.24, designedEffect: EFFECT, propensity: 0.5 };
  const units = unitsUntilClaim(planned, 0.8);
  expect(smallestClaimableEffect(planned, { units, chance: 0.8 })).toBeCloseTo(EFFECT, 9);
  expect(smallestClaimableEffect(planned, { units: 1, chance: 0.8 })).toBe(1);
});
