import { finish, type Steps } from "./steps.ts";

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
export function boundaryOf(bracket: Bracket, holds: (candidate: number) => boolean): number {
  return finish(boundarySteps(bracket, holds));
}

/** The same, with a step after each look at the predicate. */
export function* boundarySteps(
  bracket: Bracket,
  holds: (candidate: number) => boolean,
): Steps<number> {
  if (holds(bracket.outside)) return bracket.outside;
  let good = bracket.inside;
  let bad = bracket.outside;
  while (Math.abs(good - bad) > bracket.tolerance) {
    const middle = (good + bad) / 2;
    if (middle === good || middle === bad) break;
    if (holds(middle)) good = middle;
    else bad = middle;
    yield;
  }
  return bad;
}

/**
 * The boundary of a predicate that is dear, with a cheap one that never holds where the dear one does not: from the cheap one's
 * boundary outwards, in steps that double, and back by bisection. The answer errs towards `outside`, as in `boundaryOf`.
 */
export function* outerBoundarySteps(
  bracket: Bracket,
  predicates: {
    readonly surely: (candidate: number) => boolean;
    readonly holds: (candidate: number) => Steps<boolean>;
  },
): Steps<number> {
  const { holds } = predicates;
  const start = boundaryOf(bracket, predicates.surely);
  const direction = Math.sign(bracket.outside - bracket.inside);
  let inside = start;
  let candidate = start;
  for (let step = bracket.tolerance; yield* holds(candidate); step *= 2) {
    yield;
    if (candidate === bracket.outside) return bracket.outside;
    inside = candidate;
    candidate += direction * step;
    if (direction * (bracket.outside - candidate) <= 0) candidate = bracket.outside;
  }
  let good = inside;
  let bad = candidate;
  while (Math.abs(good - bad) > bracket.tolerance) {
    const middle = (good + bad) / 2;
    if (middle === good || middle === bad) break;
    if (yield* holds(middle)) good = middle;
    else bad = middle;
  }
  return bad;
}

/** Where a boundary is looked for, and how closely. */
interface Bracket {
  readonly inside: number;
  readonly outside: number;
  readonly tolerance: number;
}
