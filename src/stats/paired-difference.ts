import { assertStatistic } from "./assert.ts";
import { type BetMixture, scaleFreeBets } from "./bet-mixture.ts";
import type { DifferenceEvidence } from "./difference.ts";
import { logSumExp } from "./log-sum-exp.ts";

const LARGEST_BET = 0.9;

/** Keeps the scale finite at the ends -1 and 1, where a single pair settles the question. */
const SMALLEST_SCALE = 1e-300;

/**
 * Evidence about the mean of paired differences x = y_a - y_b in -1..1: both arms on the same item,
 * such as the same unit or task. Exact betting on (x - d)/(1 + d) = (x + 1)/(1 + d) - 1, which is
 * never below -1 and falls in d, so that the wealth falls in d and inverts to an interval.
 * What varies between items cancels; the notes measured 121 pairs where 398 single calls were needed.
 * Assumes the mean difference is the same for every pair given the earlier ones, and that pairs are
 * complete for reasons that do not depend on the outcomes. No pairs: estimate `undefined`, evidence 0.
 * Source: Waudby-Smith & Ramdas, JRSSB 2024 (diversified betting), applied to the difference.
 */
export function pairedEvidence(
  differences: readonly number[],
  mixture: BetMixture = scaleFreeBets(LARGEST_BET),
): DifferenceEvidence {
  assertStatistic(
    differences.every((x) => x >= -1 && x <= 1),
    "paired differences are in -1..1",
  );
  assertStatistic(
    mixture.bets.every((bet) => bet <= LARGEST_BET),
    "a bet on paired differences is at most 0.9",
  );
  const logWealth = (side: 1 | -1, d: number) => {
    const scale = 1 / Math.max(SMALLEST_SCALE, 1 + side * d);
    const terms = mixture.bets.map((bet, j) => {
      let sum = mixture.logWeights[j] ?? 0;
      for (const x of differences) sum += Math.log1p(bet * ((1 + side * x) * scale - 1));
      return sum;
    });
    return logSumExp(terms);
  };
  const n = differences.length;
  return {
    estimate: n > 0 ? differences.reduce((sum, x) => sum + x, 0) / n : undefined,
    logExceeds: (d) => logWealth(1, d),
    logBelow: (d) => logWealth(-1, d),
  };
}
