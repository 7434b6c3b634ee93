/**
 * log(sum exp(x_i)), safe against overflow. Empty input, or all -Infinity: -Infinity.
 */
export function logSumExp(values: readonly number[]): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > largest) largest = value;
  if (largest === Number.NEGATIVE_INFINITY || largest === Number.POSITIVE_INFINITY) return largest;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** log of the mean of exp(x_i). Empty input: -Infinity. */
export function logMeanExp(values: readonly number[]): number {
  if (values.length === 0) return Number.NEGATIVE_INFINITY;
  return logSumExp(values) - Math.log(values.length);
}
