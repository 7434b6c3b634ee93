import { assertStatistic } from "./assert.ts";
import { type BetMixture, scaleFreeBets } from "./bet-mixture.ts";
import { boundedMean } from "./confidence-sequence.ts";
import { type DifferenceEvidence, evidenceInterval } from "./difference.ts";
import type { Interval } from "./interval.ts";
import { logSumExp } from "./log-sum-exp.ts";
import { kappa } from "./order-four.ts";
import { EMPTY_SUMS, mergeSums, type PowerSums, shiftSums } from "./power-sums.ts";

/**
 * A closed stretch of one stratum: the outcomes, in 0..1, of both arms under one label and in one
 * time, such as an hour. Closed: looked at only when nothing more will be added to it.
 */
export interface StratumBatch {
  readonly stratum: string;
  readonly a: PowerSums;
  readonly b: PowerSums;
}

/** What a stratified comparison of two arms says, with the number it replaces beside it. */
export interface StratifiedDifference {
  /** mean(a) - mean(b) within strata, weighted by overlap; `undefined` without overlap. */
  readonly estimate: number | undefined;
  readonly interval: Interval;
  /** The difference of the pooled means, which a mix of strata can turn round. */
  readonly naive: number | undefined;
  /** Outcomes in batches that hold both arms, the only ones that count, and outcomes in all. */
  readonly compared: number;
  readonly total: number;
}

/** The largest bet; each arm stakes the other's share of it, so that no factor can reach zero. */
const LARGEST_BET = 0.9;

/** The prior of the centre: as if ten outcomes of one half had been seen. */
const CENTRE_PRIOR: PowerSums = { n: 10, s1: 5, s2: 2.5, s3: 1.25, s4: 0.625 };

/**
 * The anytime-valid, stratified difference of two arms that were merely seen.
 *
 * Within batch g the bet on an outcome of arm a is l n_b/(n_a+n_b), and of arm b the opposite, with
 * the share of a, so that the unknown level of the batch cancels and only D_g = mean(a) - mean(b),
 * with weight w_g = n_a n_b/(n_a+n_b), is left:
 *   log W_l(d) = l (U - d W) - V_l,  U = sum w_g D_g,  W = sum w_g,
 *   V_l = sum over outcomes of x^2/2 - x^3/3 + kappa x^4, x = bet times (y - c_g),
 * a supermartingale over closed batches for any centre c_g in 0..1 known before the batch, by
 * exp(x - x^2/2 + x^3/3 - kappa x^4) <= 1 + x and e^-t (1 + t) <= 1 (the order-4 form of the
 * empirical Bernstein lemma of Howard, Ramdas, McAuliffe & Sekhon 2021). Each side at alpha/2.
 *
 * Covers the mean of the strata's differences, weighted by w_g over the batches so far, at the ends
 * of all batches together with probability 1 - alpha, whatever the differences are: the wealth is
 * linear in d, so that at the running weighted mean only a supermartingale is left. Assumes that
 * given the stratum and the counts of a batch, every outcome has the mean of its arm there.
 * Batches in order of time. Observational: it may open a question, never settle one.
 * Without a batch that holds both arms: [-1, 1].
 */
export function stratifiedDifference(
  batches: readonly StratumBatch[],
  design: { readonly alpha: number; readonly mixture?: BetMixture },
): StratifiedDifference {
  const evidence = stratifiedEvidence(batches, design.mixture);
  const [a, b] = [poolOf(batches, "a"), poolOf(batches, "b")];
  const [meanA, meanB] = [boundedMean(a), boundedMean(b)];
  return {
    estimate: evidence.estimate,
    interval: evidenceInterval(evidence, design.alpha),
    naive: meanA !== undefined && meanB !== undefined ? meanA - meanB : undefined,
    compared: batches
      .filter((batch) => batch.a.n > 0 && batch.b.n > 0)
      .reduce((sum, batch) => sum + batch.a.n + batch.b.n, 0),
    total: a.n + b.n,
  };
}

/** The evidence that `stratifiedDifference` inverts. */
export function stratifiedEvidence(
  batches: readonly StratumBatch[],
  mixture: BetMixture = scaleFreeBets(LARGEST_BET),
): DifferenceEvidence {
  assertStatistic(
    mixture.bets.every((bet) => bet <= LARGEST_BET),
    "a bet of a stratified comparison is at most 0.9",
  );
  const centres = new RunningCentres();
  const lossUp = mixture.bets.map(() => 0);
  const lossDown = mixture.bets.map(() => 0);
  let gain = 0;
  let weight = 0;
  for (const { stratum, a, b } of batches) {
    const [meanA, meanB] = [boundedMean(a), boundedMean(b)];
    if (meanA !== undefined && meanB !== undefined) {
      const centre = centres.of(stratum);
      const [atA, atB] = [shiftSums(a, centre), shiftSums(b, centre)];
      const shareA = a.n / (a.n + b.n);
      gain += a.n * (1 - shareA) * (meanA - meanB);
      weight += a.n * (1 - shareA);
      for (const [j, bet] of mixture.bets.entries()) {
        const [betA, betB] = [bet * (1 - shareA), bet * shareA];
        lossUp[j] = (lossUp[j] ?? 0) + lossOf(atA, betA, 1) + lossOf(atB, betB, -1);
        lossDown[j] = (lossDown[j] ?? 0) + lossOf(atA, betA, -1) + lossOf(atB, betB, 1);
      }
    }
    centres.add(stratum, mergeSums(a, b));
  }
  const logWealth = (drift: number, losses: readonly number[]) =>
    logSumExp(
      mixture.bets.map((bet, j) => (mixture.logWeights[j] ?? 0) + bet * drift - (losses[j] ?? 0)),
    );
  return {
    estimate: weight > 0 ? gain / weight : undefined,
    logExceeds: (d) => logWealth(gain - d * weight, lossUp),
    logBelow: (d) => logWealth(d * weight - gain, lossDown),
  };
}

/** The compensator of one arm's outcomes in one batch, for a bet on the given side. */
function lossOf(shifted: PowerSums, bet: number, side: 1 | -1): number {
  const square = bet * bet;
  return (
    (square * shifted.s2) / 2 -
    (side * square * bet * shifted.s3) / 3 +
    kappa(bet) * square * square * shifted.s4
  );
}

function poolOf(batches: readonly StratumBatch[], arm: "a" | "b"): PowerSums {
  return batches.reduce((sums, batch) => mergeSums(sums, batch[arm]), EMPTY_SUMS);
}

/** The mean of a stratum from its earlier batches, held near the mean of all earlier ones. */
class RunningCentres {
  #all = CENTRE_PRIOR;
  readonly #strata = new Map<string, PowerSums>();

  of(stratum: string): number {
    const overall = this.#all.s1 / this.#all.n;
    const own = this.#strata.get(stratum) ?? EMPTY_SUMS;
    return (own.s1 + CENTRE_PRIOR.n * overall) / (own.n + CENTRE_PRIOR.n);
  }

  add(stratum: string, sums: PowerSums): void {
    this.#all = mergeSums(this.#all, sums);
    this.#strata.set(stratum, mergeSums(this.#strata.get(stratum) ?? EMPTY_SUMS, sums));
  }
}
