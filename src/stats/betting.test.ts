import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../test/statistics/random.ts";
import { hasSharedData, readFixtures } from "../../test/statistics/shared-data.ts";
import {
  bernoulliKind,
  binomialBound,
  designFor,
  misses,
  numbersIn,
  plannedIncrements,
  quantileOf,
  runStream,
  scoreKind,
} from "../../test/statistics/streams.ts";
import {
  advanceCut,
  allLogEvidence,
  type BettingState,
  effectEstimate,
  effectInterval,
  effectStandardError,
  emptyState,
  foldUnit,
  isVarianceMisjudged,
  logEvidence,
  mergeStates,
  type NumberedUnit,
} from "./betting.ts";
import { BETTING_TESTS, type DesignChoice, freezeDesign, intervalFloor } from "./betting-design.ts";
import { incrementOf, incrementRange } from "./increment.ts";
import { logMeanExp } from "./log-sum-exp.ts";
import { sumsOf } from "./power-sums.ts";

const CHOICE: DesignChoice = {
  plannedPropensity: 0.5,
  propensity: { low: 0.1, high: 0.7 },
  centre: { low: 0.3, high: 0.9 },
  outcomeVariance: 0.24,
  designedEffect: 0.05,
  harmTolerance: 0.01,
  worthwhileEffect: 0.02,
  margin: 0.01,
};
const DESIGN = freezeDesign(CHOICE);

const unit = fc.record({
  arm: fc.constantFrom(0 as const, 1 as const),
  outcome: fc.double({ min: 0, max: 1, noNaN: true }),
  propensity: fc.constantFrom(0.1, 0.5, 0.7),
  centre: fc.double({ min: 0.3, max: 0.9, noNaN: true }),
});

function folded(units: readonly Omit<NumberedUnit, "index">[], from = 0): BettingState {
  return units.reduce(
    (state, each, i) => foldUnit(DESIGN, state, { ...each, index: from + i }),
    emptyState(DESIGN),
  );
}

function expectSameEvidence(a: BettingState, b: BettingState): void {
  for (const test of BETTING_TESTS) {
    expect(logEvidence(a, test)).toBeCloseTo(logEvidence(b, test), 9);
  }
  const [one, other] = [a, b].map((state) => effectInterval(DESIGN, state, { alpha: 0.05 }));
  expect(one?.low).toBeCloseTo(other?.low ?? 0, 6);
  expect(one?.high).toBeCloseTo(other?.high ?? 0, 6);
}

test("before any unit all evidence is nothing and the effect may be anything", () => {
  const state = emptyState(DESIGN);
  for (const value of Object.values(allLogEvidence(state))) expect(value).toBeCloseTo(0, 14);
  expect(effectEstimate(state)).toBeUndefined();
  expect(effectStandardError(folded([{ arm: 1, outcome: 1, propensity: 0.5, centre: 0.5 }]))).toBe(
    undefined,
  );
  expect(effectInterval(DESIGN, state, { alpha: 0.05 })).toEqual({ low: -1, high: 1 });
});

test("no unit within the declared boxes can lose more than nine tenths of any wealth", () => {
  fc.assert(
    fc.property(unit, (each) => {
      const { u, w } = incrementOf(each, DESIGN.scale);
      for (const test of BETTING_TESTS) {
        const { sign, shift, bound, bets } = DESIGN.tests[test];
        const z = sign * u + shift * w;
        expect(z).toBeGreaterThanOrEqual(-bound - 1e-12);
        for (const bet of bets) expect(1 + bet * z).toBeGreaterThanOrEqual(0.1 - 1e-12);
      }
    }),
  );
});

test("the increment has mean w times the effect, for every propensity and centre", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const inner = fc.double({ min: 0.01, max: 0.99, noNaN: true });
  fc.assert(
    fc.property(inner, share, share, share, (propensity, centre, m0, m1) => {
      const at = (arm: 0 | 1, outcome: number) =>
        incrementOf({ arm, outcome, propensity, centre }, 0.2).u;
      const mean1 = m1 * at(1, 1) + (1 - m1) * at(1, 0);
      const mean0 = m0 * at(0, 1) + (1 - m0) * at(0, 0);
      const { w } = incrementOf({ arm: 0, outcome: 0, propensity, centre }, 0.2);
      const mean = propensity * mean1 + (1 - propensity) * mean0;
      expect(mean).toBeCloseTo(w * (m1 - m0), 10);
      const range = incrementRange({ propensity, centre }, 0.2);
      for (const u of [at(0, 0), at(0, 1), at(1, 0), at(1, 1)]) {
        expect(u).toBeGreaterThanOrEqual(range.low - 1e-12);
        expect(u).toBeLessThanOrEqual(range.high + 1e-12);
      }
    }),
  );
});

test("two shards at a common cut merge to the whole, in either order", () => {
  const units = fc.array(unit, { maxLength: 30 });
  fc.assert(
    fc.property(units, units, (first, second) => {
      const [a, b] = [folded(first), folded(second, first.length)];
      const whole = folded([...first, ...second]);
      expectSameEvidence(mergeStates(a, b), whole);
      expectSameEvidence(mergeStates(b, a), whole);
      expectSameEvidence(mergeStates(a, emptyState(DESIGN)), a);
    }),
  );
});

test("the state holds as many numbers after a thousand allocations as before the first", () => {
  const random = seededRandom(25);
  let state = emptyState(DESIGN);
  const atFirst = numbersIn(state);
  for (let index = 0; index < 1_000; index++) {
    const propensity = 0.1 + 0.6 * random.uniform();
    const arm = random.bernoulli(propensity);
    state = foldUnit(DESIGN, state, { index, arm, outcome: 0.6, propensity, centre: 0.5 });
  }
  expect(numbersIn(state)).toBe(atFirst);
  expect(JSON.stringify(state).length).toBeLessThan(1_500);
});

test("states at unlike cuts do not merge, and a cut never goes back", () => {
  const [early, late] = [advanceCut(emptyState(DESIGN), 10), advanceCut(emptyState(DESIGN), 20)];
  expect(() => mergeStates(early, late)).toThrow(RangeError);
  expect(() => advanceCut(late, 10)).toThrow(RangeError);
});

test("replaying the log gives the stored snapshot, bit for bit, also through JSON", () => {
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 40 }), fc.nat({ max: 40 }), (units, crashAt) => {
      const before = folded(units.slice(0, crashAt));
      const stored: BettingState = JSON.parse(JSON.stringify(before));
      let state = stored;
      for (const [i, each] of units.entries()) {
        if (i >= crashAt) state = foldUnit(DESIGN, state, { ...each, index: i });
      }
      expect(state).toEqual(folded(units));
    }),
  );
});

test("an interval without zero means that the two-sided test has decided", () => {
  fc.assert(
    fc.property(
      fc.array(unit, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      (units, times) => {
        const state = folded(Array.from({ length: times }, () => units).flat());
        const { low, high } = effectInterval(DESIGN, state, { alpha: 0.05 });
        if (low > 0) {
          expect(logEvidence(state, "superiority")).toBeGreaterThanOrEqual(Math.log(40));
        }
        if (high < 0) expect(logEvidence(state, "worse")).toBeGreaterThanOrEqual(Math.log(40));
      },
    ),
  );
});

test("units out of order, twice, or outside their boxes are refused", () => {
  const good: NumberedUnit = { index: 5, arm: 1, outcome: 1, propensity: 0.5, centre: 0.5 };
  const state = foldUnit(DESIGN, emptyState(DESIGN), good);
  for (const bad of [
    good,
    { ...good, index: 4 },
    { ...good, index: 6, outcome: 1.2 },
    { ...good, index: 6, outcome: Number.NaN },
    { ...good, index: 6, propensity: 0.9 },
    { ...good, index: 6, centre: 0.95 },
  ]) {
    expect(() => foldUnit(DESIGN, state, bad)).toThrow(RangeError);
  }
});

test("a broken design is refused", () => {
  expect(() => freezeDesign({ ...CHOICE, plannedPropensity: 0.9 })).toThrow(RangeError);
  expect(() => freezeDesign({ ...CHOICE, propensity: { low: 0, high: 0.7 } })).toThrow(RangeError);
  expect(() => freezeDesign({ ...CHOICE, centre: { low: 0.5, high: 1.2 } })).toThrow(RangeError);
  expect(() => freezeDesign({ ...CHOICE, margin: -0.01 })).toThrow(RangeError);
});

test("identical arms looked at after every unit: at most 5 % alarm, the naive test in most", () => {
  const random = seededRandom(21);
  for (const kind of [bernoulliKind(0.6), scoreKind]) {
    const design = designFor(kind);
    const streams = 150;
    let alarms = 0;
    let naive = 0;
    for (let stream = 0; stream < streams; stream++) {
      const result = runStream(kind, design, random, { units: 1_500, effect: 0, alpha: 0.05 });
      if (result.decidedAfter !== undefined) alarms++;
      if (result.naiveEver) naive++;
    }
    expect(alarms).toBeLessThanOrEqual(binomialBound(streams, 0.05));
    expect(naive / streams).toBeGreaterThan(0.3);
  }
});

test("an effect of ten points is decided in about the fixed sample, never with the wrong sign", () => {
  const random = seededRandom(22);
  const kind = bernoulliKind(0.6);
  const design = designFor(kind);
  const results = Array.from({ length: 150 }, () =>
    runStream(kind, design, random, {
      units: 5_600,
      effect: 0.1,
      alpha: 0.05,
      stopAtDecision: true,
    }),
  );
  const times = results.map((result) => result.decidedAfter);
  expect(quantileOf(times, 0.5)).toBeLessThan(1.25 * 697 * 1.15);
  expect(quantileOf(times, 0.95)).toBeLessThan(3 * 697 * 1.3);
  expect(results.filter((result) => !result.decidedBetter)).toHaveLength(0);
  expect(results.filter(({ state }) => isVarianceMisjudged(design, state))).toHaveLength(0);
});

test("however many units come, the interval is not narrower than its floor", () => {
  const kind = bernoulliKind(0.6);
  const design = designFor(kind);
  const n = 1e9;
  const sums = { n, s1: 0, s2: n * 0.96, s3: 0, s4: n };
  const state = { ...emptyState(design), units: n, increments: plannedIncrements(sums) };
  const { low, high } = effectInterval(design, state, { alpha: 0.05 });
  expect((high - low) / 2).toBeGreaterThan(0.9 * intervalFloor(design));
  expect((high - low) / 2).toBeLessThan(1.2 * intervalFloor(design));
});

test("the interval holds the effect, and the guard meets a catastrophe at once", () => {
  const random = seededRandom(23);
  const kind = bernoulliKind(0.95);
  const design = designFor(kind, 0.1);
  const canaries: number[] = [];
  let missed = 0;
  for (let stream = 0; stream < 60; stream++) {
    let state = emptyState(design);
    let seen = 0;
    for (let index = 0; index < 4_000; index++) {
      const arm = random.bernoulli(0.1);
      seen += arm;
      const outcome = kind.draw(random, arm === 1 ? -0.5 : 0);
      state = foldUnit(design, state, { index, arm, outcome, propensity: 0.1, centre: 0.95 });
      if (logEvidence(state, "harm") >= Math.log(20)) break;
    }
    canaries.push(seen);
    if (misses(design, state, -0.5)) missed++;
  }
  expect(quantileOf(canaries, 0.5)).toBeLessThanOrEqual(10);
  expect(missed).toBeLessThanOrEqual(binomialBound(60, 0.05));
});

test("the guard expects no gain from arms alike, whatever its box of centres, the centre and the rate are, and bets more in a narrow one", () => {
  const share = fc.nat(1_000).map((n) => n / 1_000);
  const any = fc.record({ box: fc.tuple(share, share), centre: share, rate: share });
  fc.assert(
    fc.property(any, ({ box: [a, b], centre, rate }) => {
      const pi = 0.1;
      const choice: DesignChoice = {
        ...CHOICE,
        plannedPropensity: pi,
        propensity: { low: pi, high: pi },
        centre: { low: 0, high: 1 },
      };
      const guardCentre = { low: Math.min(a, b), high: Math.max(a, b) };
      const design = freezeDesign({ ...choice, guardCentre });
      const expected = design.tests.harm.bets.map(() => 0);
      for (const arm of [0, 1] as const) {
        for (const outcome of [0, 1] as const) {
          const chance = (arm === 1 ? pi : 1 - pi) * (outcome === 1 ? rate : 1 - rate);
          const unit = { index: 0, arm, outcome, propensity: pi, centre };
          const { harm } = foldUnit(design, emptyState(design), unit).logWealth;
          for (const [j, wealth] of harm.entries())
            expected[j] = (expected[j] ?? 0) + chance * Math.exp(wealth);
        }
      }
      for (const wealth of expected) expect(wealth).toBeLessThanOrEqual(1 + 1e-12);
      const largest = (of: typeof design) => Math.max(...of.tests.harm.bets);
      expect(largest(design)).toBeGreaterThanOrEqual(largest(freezeDesign(choice)));
      expect(design.tests.superiority).toEqual(freezeDesign(choice).tests.superiority);
    }),
  );
});

test("a variance frozen eight times too small is noticed", () => {
  const kind = bernoulliKind(0.6);
  const design = freezeDesign({ ...CHOICE, outcomeVariance: kind.variance / 8 });
  const { state } = runStream(kind, design, seededRandom(24), {
    units: 400,
    effect: 0,
    alpha: 0.05,
  });
  expect(isVarianceMisjudged(design, state)).toBe(true);
});

describe.skipIf(!hasSharedData)("known values", () => {
  test("the stream of twelve: increments, wealth of every bet, sums", () => {
    const row = readFixtures().ab_stream;
    const wealth = { plus: row.lam.map(() => 0), minus: row.lam.map(() => 0) };
    const increments = row.A.map((arm, i) => {
      const [outcome, centre] = [row.Y[i] ?? 0, row.centre[i] ?? 0];
      return incrementOf({ arm, outcome, propensity: row.pi, centre }, row.h).u;
    });
    for (const [i, u] of increments.entries()) {
      expect(u).toBeCloseTo(row.u[i] ?? 0, 12);
      for (const [j, bet] of row.lam.entries()) {
        wealth.plus[j] = (wealth.plus[j] ?? 0) + Math.log1p(bet * u);
        wealth.minus[j] = (wealth.minus[j] ?? 0) + Math.log1p(-bet * u);
      }
    }
    expect(logMeanExp(wealth.plus)).toBeCloseTo(row.logE_plus, 12);
    expect(logMeanExp(wealth.minus)).toBeCloseTo(row.logE_minus, 12);
    const sums = sumsOf(increments);
    for (const [k, value] of [sums.s1, sums.s2, sums.s3, sums.s4].entries()) {
      expect(value).toBeCloseTo(row.power_sums[k] ?? 0, 12);
    }
  });

  test("the engine, with the same bets, reaches the same evidence on the stream of twelve", () => {
    const row = readFixtures().ab_stream;
    const design = freezeDesign({
      ...CHOICE,
      propensity: { low: 0.5, high: 0.5 },
      centre: { low: 0.5, high: 0.56 },
    });
    for (const [j, bet] of design.tests.superiority.bets.entries()) {
      expect(bet).toBeCloseTo(row.lam[j] ?? 0, 14);
    }
    let state = emptyState(design);
    for (const [index, arm] of row.A.entries()) {
      const [outcome, centre] = [row.Y[index] ?? 0, row.centre[index] ?? 0];
      state = foldUnit(design, state, { index, arm, outcome, centre, propensity: row.pi });
    }
    expect(logEvidence(state, "superiority")).toBeCloseTo(row.logE_plus, 12);
    expect(logEvidence(state, "worse")).toBeCloseTo(row.logE_minus, 12);
  });

  /**
   * The notes capped every bet anew at .9/C_t; the engine caps it once, at .9/C of the declared boxes, because a wealth of constant
   * bets is safe against the average effect so far and one of moving caps only if no unit was ever better (statistics-review.md,
   * section 1). The cap of the notes binds the sixth bet alone, so the first five are theirs. The sixth is
   * sum_t log(1 + b z_t), b = .9/(u_max + tol w), u_max = max over c in {.91, .97} of max((1-pi)(1-c), pi c)/h = 1.0777...,
   * z_t = -(A_t-pi)(Y_t-c_t)/h - tol w, computed apart from this code with forty decimals.
   */
  test("the harm stream of a canary, folded as the product does", () => {
    const row = readFixtures().harm_stream;
    const design = freezeDesign({
      ...CHOICE,
      plannedPropensity: row.pi,
      propensity: { low: row.pi, high: row.pi },
      centre: { low: 0.91, high: 0.97 },
      outcomeVariance: 0.95 * 0.05,
      harmTolerance: row.tol,
    });
    let [count, sum] = [row.centre_prior[0], row.centre_prior[0] * row.centre_prior[1]];
    let state = emptyState(design);
    for (const [index, arm] of row.A.entries()) {
      const [outcome, centre] = [row.Y[index] ?? 0, sum / count];
      state = foldUnit(design, state, { index, arm, outcome, centre, propensity: row.pi });
      sum += outcome;
      count += 1;
    }
    const { bets } = design.tests.harm;
    for (let j = 0; j < 5; j++) {
      expect(bets[j]).toBeCloseTo(row.lam[j] ?? 0, 12);
      expect(state.logWealth.harm[j]).toBeCloseTo(row.logW[j] ?? 0, 10);
    }
    expect(bets[5]).toBeCloseTo(0.9 / (97 / 90 + 0.01), 12);
    expect(state.logWealth.harm[5]).toBeCloseTo(2.87313055800492, 12);
    expect(logEvidence(state, "harm")).toBeCloseTo(2.46201409535681, 12);
  });
});
