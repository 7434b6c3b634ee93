import { assertStatistic } from "./assert.ts";
import type { BetMixture } from "./bet-mixture.ts";
import type { PowerSums } from "./power-sums.ts";

/** Below this the closed form of kappa loses digits and its series is exact to 1e-16. */
const SERIES_BELOW = 0.02;

/**
 * kappa(v) = integral over t in 0..1 of t^3 / (1 - v t) = (-log(1-v) - v - v^2/2 - v^3/3) / v^4,
 * for 0 <= v < 1; kappa(0) = 1/4. It makes log(1+x) >= x - x^2/2 + x^3/3 - kappa(v) x^4 true for
 * every x >= -v (statistics.md, section 1.3; proof in statistics-review.md, section 2).
 */
export function kappa(v: number): number {
  assertStatistic(v >= 0 && v < 1, "kappa is defined on 0 <= v < 1");
  if (v < SERIES_BELOW) {
    let sum = 0;
    for (let k = 11; k >= 0; k--) sum = sum * v + 1 / (k + 4);
    return sum;
  }
  return (-Math.log1p(-v) - v - (v * v) / 2 - v ** 3 / 3) / v ** 4;
}

/** A term that lies so far below another one is less than half a digit of it: e^-40 is 4e-18. */
const NEGLIGIBLE = 40;

/**
 * Lower bounds of the log wealth of every bet, as four coefficients on the power sums. `bound` is
 * the declared largest loss: every value that is summed satisfies x >= -bound on the side bet on.
 */
export interface OrderFourForm {
  readonly bets: readonly number[];
  readonly logWeights: readonly number[];
  readonly quartic: readonly number[];
}

/** Freezes the form for a mixture and a bound. Errors: throws when a bet could lose everything. */
export function orderFourForm(mixture: BetMixture, bound: number): OrderFourForm {
  const quartic = mixture.bets.map((bet) => kappa(bet * bound) * bet ** 4);
  return { bets: mixture.bets, logWeights: mixture.logWeights, quartic };
}

/**
 * log of the mixture's wealth, from below: logsumexp_j [log w_j + side l_j S1 - l_j^2/2 S2
 * + side l_j^3/3 S3 - kappa(l_j C) l_j^4 S4]. `shifted` holds the sums of x - m. No values: 0.
 */
export function orderFourLogWealth(
  form: OrderFourForm,
  shifted: Pick<PowerSums, "s1" | "s2" | "s3" | "s4">,
  side: 1 | -1,
): number {
  const s1 = side * shifted.s1;
  const s3 = side * shifted.s3;
  const half = -shifted.s2 / 2;
  const third = s3 / 3;
  const { bets, logWeights, quartic } = form;
  let largest = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let j = 0; j < bets.length; j++) {
    const bet = bets[j] ?? 0;
    const cubic = s1 + bet * (half + bet * third);
    const term = (logWeights[j] ?? 0) + bet * cubic - (quartic[j] ?? 0) * shifted.s4;
    const above = term - largest;
    if (above > 0) {
      sum = above > NEGLIGIBLE ? 1 : sum * Math.exp(-above) + 1;
      largest = term;
    } else if (above > -NEGLIGIBLE) {
      sum += Math.exp(above);
    }
  }
  return largest + Math.log(sum);
}
