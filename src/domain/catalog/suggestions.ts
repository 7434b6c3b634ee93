/** Most suggestions that are given for one name: more would not help a reader. */
export const SUGGESTIONS_MAX = 3;

/** Names above this length are not compared, in UTF-16 units; known ids are far shorter. */
const COMPARED_LENGTH_MAX = 64;

/**
 * Known names nearest to a name that was not found, nearest first, ties in code unit order; at
 * most three. The distance is Damerau and Levenshtein's with adjacent transpositions (optimal
 * string alignment), without regard to ASCII case. Only names within a third of the name's
 * length are near enough. Work is bounded: names are compared only where their lengths allow
 * that distance, and a comparison ends once it is exceeded.
 */
export function suggestNames(name: string, known: Iterable<string>): readonly string[] {
  const wanted = name.trim().toLowerCase().slice(0, COMPARED_LENGTH_MAX);
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  const near: { readonly name: string; readonly distance: number }[] = [];
  for (const candidate of new Set(known)) {
    if (Math.abs(candidate.length - wanted.length) > distanceMax) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), distanceMax);
    if (distance <= distanceMax) near.push({ name: candidate, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near.slice(0, SUGGESTIONS_MAX).map((one) => one.name);
}

/**
 * Optimal string alignment distance of two strings, in UTF-16 units; `max` + 1 for anything
 * above `max`. The empty string is as far as the other is long.
 */
export function editDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a.charCodeAt(row - 1) === b.charCodeAt(column - 1);
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        a.charCodeAt(row - 1) === b.charCodeAt(column - 2) &&
        a.charCodeAt(row - 2) === b.charCodeAt(column - 1);
      if (swapped) distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      current.push(distance);
      least = Math.min(least, distance);
    }
    if (least > max) return max + 1;
    beforeLast = last;
    last = current;
  }
  return Math.min(at(last, b.length), max + 1);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? 0;
}
