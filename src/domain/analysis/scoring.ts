import { independentEvidence } from "../../stats/difference.ts";
import type { PowerSums } from "../../stats/power-sums.ts";
import { boundedSums, type Cell } from "../outcome/cell.ts";

/** How the calls of a cell were scored in a metric; numbers of calls. */
export interface Scoring {
  /** With a score, however the call ended. */
  readonly scored: number;
  /** Failed and without a score: each counts as the worst. */
  readonly failed: number;
  readonly successful: number;
  readonly scoredSuccesses: number;
}

/** Above this share of the successful calls without a score it is said, and looked at whether all levels are scored alike. */
const UNSCORED_SHARE_MAX = 0.05;

export function scoringOf(cell: ScoredCell, metric: string): Scoring {
  const { statuses, failedScores, idleScores } = cell;
  const count = (counts: Readonly<Record<string, number>>) =>
    Object.hasOwn(counts, metric) ? (counts[metric] ?? 0) : 0;
  const { n: scored } = boundedSums(cell, metric);
  const [failedScored, successful] = [count(failedScores), statuses.ok ?? 0];
  // Of all that count for success.
  const failures = boundedSums(cell, "success").n - successful;
  const scoredSuccesses = scored - failedScored - count(idleScores);
  return {
    scored,
    failed: Math.max(0, failures - failedScored),
    successful,
    scoredSuccesses: Math.min(successful, Math.max(0, scoredSuccesses)),
  };
}

/** What of a cell says how its calls were scored. */
export type ScoredCell = Pick<Cell, "bounded" | "statuses" | "failedScores" | "idleScores">;

/** The share of the successful calls that have a score; 1 without successful calls. */
export function scoredShare({ successful, scoredSuccesses }: Scoring): number {
  return successful === 0 ? 1 : scoredSuccesses / successful;
}

/** Whether enough successful calls lack a score that it must be said. */
export function lacksScores(unscoredShare: number): boolean {
  return unscoredShare > UNSCORED_SHARE_MAX;
}

/**
 * Whether some levels are shown, at any look with a chance of at most `alpha`, to have another share of their successful calls scored
 * than the one that has most. Then what is not scored need not be like what is (statistics-review.md, section 3).
 */
export function isScoredUnlike(levels: readonly Scoring[], alpha: number): boolean {
  const known = levels.filter(({ successful }) => successful > 0);
  if (!known.some((level) => lacksScores(1 - scoredShare(level)))) return false;
  const [most, ...others] = known.toSorted((a, b) => scoredShare(b) - scoredShare(a));
  if (!most) return false;
  const threshold = Math.log((known.length * (known.length - 1)) / alpha);
  return others.some((other) => {
    const { logExceeds, logExceedsAtMost } = independentEvidence(onesOf(most), onesOf(other));
    return (logExceedsAtMost?.(0) ?? 0) >= threshold && logExceeds(0, threshold) >= threshold;
  });
}

function onesOf({ successful, scoredSuccesses: ones }: Scoring): PowerSums {
  return { n: successful, s1: ones, s2: ones, s3: ones, s4: ones };
}
