/** A closed interval; low <= high. Units are those of the quantity it is for. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The point where a predicate that is true at `inside` and false at `outside` changes, by bisection
 * to within `tolerance`; `outside` itself when the predicate holds there too. The answer errs
 * towards `outside`, so that an interval never comes out too narrow.
 */
export function boundaryOf(
  bracket: { readonly inside: number; readonly outside: number; readonly tolerance: number },
  holds: (candidate: number) => boolean,
): number {
  if (holds(bracket.outside)) return bracket.outside;
  let good = bracket.inside;
  let bad = bracket.outside;
  while (Math.abs(good - bad) > bracket.tolerance) {
    const middle = (good + bad) / 2;
    if (middle === good || middle === bad) break;
    if (holds(middle)) good = middle;
    else bad = middle;
  }
  return bad;
}
