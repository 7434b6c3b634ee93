import { assertStatistic } from "./assert.ts";

/** Stirling's series 1/12, -1/360, 1/1260, ... (Abramowitz & Stegun 6.1.41). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/** From here seven terms of the series are exact to 1e-16. */
const STIRLING_FROM = 12;

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * log of the gamma function for x > 0, relative error below 1e-13 away from its zeros at 1 and 2.
 * Source: Stirling's series after the recurrence has lifted x to 12. Errors: throws for x <= 0.
 */
export function logGamma(x: number): number {
  assertStatistic(x > 0 && Number.isFinite(x), "logGamma takes a positive number");
  let lifted = x;
  let product = 1;
  while (lifted < STIRLING_FROM) {
    product *= lifted;
    lifted += 1;
  }
  const inverse = 1 / lifted;
  const square = inverse * inverse;
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series * square + (STIRLING[k] ?? 0);
  return (
    (lifted - 0.5) * Math.log(lifted) -
    lifted +
    HALF_LOG_TWO_PI +
    series * inverse -
    Math.log(product)
  );
}

/** Coefficients of Wichura's PPND16, Applied Statistics 37 (1988), algorithm AS 241. */
const CENTRE = {
  above: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
    45921.95393154987, 67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  below: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597,
    39307.89580009271, 28729.085735721943, 5226.495278852854,
  ],
};
const SHOULDER = {
  above: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
    1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  below: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008,
    0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-9,
  ],
};
const TAIL = {
  above: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
    0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  below: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

/**
 * The quantile of the standard normal distribution, for p in (0, 1); relative error about 1e-15.
 * Source: AS 241 (see the coefficients). Errors: throws for p outside (0, 1).
 */
export function normalQuantile(p: number): number {
  assertStatistic(p > 0 && p < 1, "a quantile is asked for p in (0, 1)");
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratioAt(CENTRE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const size = r <= 5 ? ratioAt(SHOULDER, r - 1.6) : ratioAt(TAIL, r - 5);
  return q < 0 ? -size : size;
}

function ratioAt(of: { above: readonly number[]; below: readonly number[] }, x: number): number {
  return polynomial(of.above, x) / polynomial(of.below, x);
}

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) sum = sum * x + (coefficients[k] ?? 0);
  return sum;
}
