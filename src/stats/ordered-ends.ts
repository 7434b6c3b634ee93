import { assertLevel } from "./confidence-sequence.ts";
import { type DifferenceEvidence, reaches } from "./difference.ts";
import { finish, type Steps } from "./steps.ts";

/** A level at an end of an ordered parameter that is shown, by its own outcomes, to be worse than what lies further inside. */
export interface ClaimedLevel {
  readonly index: number;
  /** The smallest `alpha` of the whole call at which it would still be claimed, at most that asked for. */
  readonly exclusionLevel: number;
}

/** Evidence that the pool of the levels `inside` has a higher mean than the level `index`. */
export type PoolEvidence = (inside: readonly number[], index: number) => DifferenceEvidence;

/**
 * The levels at the two ends of an ordered parameter that are shown to be worse, one by one from outside inwards.
 *
 * A fixed sequence: the outermost level is tested against the pool of all levels further inside, then the next one, and so on; the
 * first that is not shown ends its side. Each test is an e-process of its own at alpha/2, the side's share,
 * without a correction for their number. Proof: call a level good where no level further inside has a higher mean. Its test is an
 * e-process then, whatever the mix of the pool becomes. To claim any good level of a side, the outermost good one must pass its own
 * threshold at some look, for which the chance is at most alpha/2 (closed testing in a fixed sequence, Maurer, Hothorn & Lehmacher
 * 1995, with Ville's inequality in place of a p-value). So with probability 1 - alpha no good level is ever claimed, at any look.
 *
 * `count` levels in the order of the parameter. Fewer than two: none.
 */
export function findClaimedEnds(
  count: number,
  compare: PoolEvidence,
  design: { readonly alpha: number },
): ClaimedLevel[] {
  return finish(claimedEndSteps(count, compare, design));
}

/** The same in steps. */
export function* claimedEndSteps(
  count: number,
  compare: PoolEvidence,
  design: { readonly alpha: number },
): Steps<ClaimedLevel[]> {
  assertLevel(design.alpha);
  const threshold = Math.log(2 / design.alpha);
  const ascending = Array.from({ length: count }, (_, index) => index);
  const claimed: ClaimedLevel[] = [];
  for (const inwards of [ascending, ascending.toReversed()]) {
    let weakest = Number.POSITIVE_INFINITY;
    for (const [place, index] of inwards.slice(0, -1).entries()) {
      const { logExceeds, logExceedsAtMost } = compare(inwards.slice(place + 1), index);
      yield;
      if (!reaches(logExceedsAtMost, logExceeds, { d: 0, threshold })) break;
      weakest = Math.min(weakest, logExceeds(0));
      claimed.push({ index, exclusionLevel: 2 * Math.exp(-weakest) });
    }
  }
  return claimed.toSorted((a, b) => a.index - b.index);
}
