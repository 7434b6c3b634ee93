import { assertStatistic } from "./assert.ts";
import { logMeanExp } from "./log-sum-exp.ts";

/** Bets of the notes, made for a tolerated rate of about one in a hundred. */
const BETS = [1, 2, 4, 8, 16];

const FACTOR_CAP = 0.9;

/**
 * log of an e-process against "the rate is at most p0", from counts alone: the mean over bets l of
 * (1 + l (1 - p0))^hits (1 - l p0)^(n - hits). Counts add, so it merges; the order does not matter.
 * For applied settings that differ from the rendered ones, and for answers cut off at the limit
 * (statistics.md, sections 4.3 and 5.1; p0 = 0.01 in both). Alarm at log(1/alpha), at any look.
 * No trials: 0. Errors: throws on counts that cannot be, or p0 outside (0, 1).
 */
export function rateLogEvidence(
  counts: { readonly hits: number; readonly trials: number },
  p0: number,
): number {
  const { hits, trials } = counts;
  assertStatistic(p0 > 0 && p0 < 1, "a tolerated rate is in (0, 1)");
  assertStatistic(hits >= 0 && trials >= hits, "hits are among the trials");
  return logMeanExp(
    BETS.map((wanted) => {
      const bet = Math.min(wanted, FACTOR_CAP / p0);
      return hits * Math.log1p(bet * (1 - p0)) + (trials - hits) * Math.log1p(-bet * p0);
    }),
  );
}
