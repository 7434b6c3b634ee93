import { assertStatistic } from "./assert.ts";
import { type BetMixture, designedBets, monotoneCap } from "./bet-mixture.ts";
import type { IncrementDesign } from "./confidence-sequence.ts";
import { type DeclaredBoxes, declaredRanges } from "./increment.ts";
import type { Interval } from "./interval.ts";

/** The one-sided questions that the one engine answers; each is a null at another place. */
export type BettingTest = "superiority" | "worse" | "harm" | "futility" | "nonInferiority";

/** All tests in a fixed order, for code that walks over them. */
export const BETTING_TESTS: readonly BettingTest[] = [
  "superiority",
  "worse",
  "harm",
  "futility",
  "nonInferiority",
];

/** What is chosen when an experiment opens. Effects are on the 0..1 scale of the outcome. */
export interface DesignChoice extends DeclaredBoxes {
  /**
   * Where the guard holds the centre, which it moves to the nearest end where that lies outside; the declared box where not given. A
   * narrow one allows large bets on a small canary; one that the outcomes lie outside of costs time, never validity.
   */
  readonly guardCentre?: Interval;
  /** The planned share of the challenger among the two arms; h = pi (1 - pi). */
  readonly plannedPropensity: number;
  /** Variance of the incumbent's outcome; a wrong guess costs time, never validity. */
  readonly outcomeVariance: number;
  /** The effect the bets are made for (MDE, 0.05 by default of the product). */
  readonly designedEffect: number;
  /** Harm is an effect below -harmTolerance. */
  readonly harmTolerance: number;
  /** A gain below this is no worthwhile gain. */
  readonly worthwhileEffect: number;
  /** Not inferior: the effect is above -margin. */
  readonly margin: number;
}

/** One frozen test: bets on z = sign u + shift w, which is never below -bound. */
export interface FrozenTest {
  readonly sign: 1 | -1;
  readonly shift: number;
  readonly bound: number;
  readonly bets: readonly number[];
}

/** Everything the engine needs, frozen at opening and persisted with the state. */
export interface BettingDesign extends DeclaredBoxes {
  readonly guardCentre: Interval;
  readonly scale: number;
  readonly incrementVariance: number;
  readonly maxWeight: number;
  readonly designedEffect: number;
  readonly tests: Readonly<Record<BettingTest, FrozenTest>>;
  readonly interval: Omit<IncrementDesign, "alpha">;
}

/** No factor may fall below a tenth: bet times bound is at most 0.9. */
const FACTOR_CAP = 0.9;

/** Guards meet catastrophes, so their bets go higher (statistics.md, section 1.2). */
const GUARD_EXPONENTS = [-1, 0, 1, 2, 3, 4];

/**
 * Freezes an experiment's design: h, C, bets. Superiority and its mirror use the very bets of the
 * interval, capped at 0.68/(C + w_max), so that an interval at 1 - alpha that excludes zero means
 * that the two-sided test at alpha has decided; the others are capped at 0.9/C, where that of the
 * guard is over its own box of centres.
 * Errors: throws on a choice outside its range.
 */
export function freezeDesign(choice: DesignChoice): BettingDesign {
  const { plannedPropensity: pi, propensity, designedEffect, harmTolerance, margin } = choice;
  assertStatistic(
    pi >= propensity.low && pi <= propensity.high,
    "the planned propensity is in its declared box",
  );
  assertStatistic(
    harmTolerance >= 0 && margin >= 0 && choice.worthwhileEffect >= 0,
    "tolerance, margin and worthwhile effect are not negative",
  );
  const scale = pi * (1 - pi);
  const ranges = declaredRanges(choice, scale);
  const guardCentre = choice.guardCentre ?? choice.centre;
  const guardRanges = declaredRanges({ propensity, centre: guardCentre }, scale);
  const variance = choice.outcomeVariance / scale;
  const largest = Math.max(-ranges.u.low, ranges.u.high);
  const shared = designedBets({
    effect: designedEffect,
    variance,
    cap: monotoneCap(largest + ranges.w.high),
  });
  const testOf = (
    sign: 1 | -1,
    shift: number,
    bets: BetMixture | readonly number[],
    { u, w } = ranges,
  ) => {
    const loss = sign === 1 ? -u.low : u.high;
    const bound = loss - shift * (shift > 0 ? w.low : w.high);
    const list = "bets" in bets ? bets.bets : bets.map((j) => (designedEffect / variance) * 2 ** j);
    return { sign, shift, bound, bets: list.map((bet) => Math.min(bet, FACTOR_CAP / bound)) };
  };
  const usual = [-2, -1, 0, 1, 2];
  return {
    propensity,
    centre: choice.centre,
    guardCentre,
    scale,
    incrementVariance: variance,
    maxWeight: ranges.w.high,
    designedEffect,
    tests: {
      superiority: testOf(1, 0, shared),
      worse: testOf(-1, 0, shared),
      harm: testOf(-1, -harmTolerance, GUARD_EXPONENTS, guardRanges),
      futility: testOf(-1, choice.worthwhileEffect, usual),
      nonInferiority: testOf(1, margin, usual),
    },
    interval: { bound: largest, maxWeight: ranges.w.high, mixture: shared },
  };
}

/**
 * The half width that the interval never falls below, however many units come: an eighth of the
 * designed effect, where the smallest bet stops to gain (statistics-review.md, section 2). Say it
 * beside the interval, and refuse questions about smaller effects.
 */
export function intervalFloor(design: Pick<BettingDesign, "designedEffect">): number {
  return design.designedEffect / 8;
}
