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
    3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  ],
  below: [
    1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
    39307.89580009271061, 28729.085735721942674, 5226.495278852854561,
  ],
};
const SHOULDER = {
  above: [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833,
    7.7454501427834140764e-4,
  ],
  below: [
    1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
    0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4,
    1.05075007164441684324e-9,
  ],
};
const TAIL = {
  above: [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5,
    2.01033439929228813265e-7,
  ],
  below: [
    1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
    7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7,
    2.04426310338993978564e-15,
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
