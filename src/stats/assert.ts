/**
 * Stops at a broken condition of a statistical function: a bug of the caller, never bad data of a
 * user, which is refused before it comes here. Errors: throws `RangeError` with the given words.
 */
export function assertStatistic(condition: boolean, message: string): asserts condition {
  if (!condition) throw new RangeError(`statistics: ${message}`);
}
