/**
 * A number as it is shown: to 12 significant digits. Sums of thousands of scores carry rounding in their last digits, which would turn
 * a mean of 82 into 82.00000000000003; no metric is known to a trillionth.
 */
export function shownNumber(value: number): number {
  return Number(value.toPrecision(12));
}
