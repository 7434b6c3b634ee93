/**
 * Edits (insert, delete, replace, swap of neighbours) that turn one text into the other. Optimal string alignment: no part is
 * edited twice. Source: Boytsov, "Indexing methods for approximate dictionary searching", 2011, section 2.
 */
export function editDistance(from: string, to: string): number {
  const source = [...from];
  const target = [...to];
  let beforeLast: number[] = [];
  let last = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (let row = 1; row <= source.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= target.length; column += 1) {
      const same = source[row - 1] === target[column - 1];
      let best = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        source[row - 1] === target[column - 2] &&
        source[row - 2] === target[column - 1];
      if (swapped) best = Math.min(best, at(beforeLast, column - 2) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, target.length);
}

/**
 * The known word that was probably meant: one that starts with the word, else the nearest within a third of its length (at least
 * one edit). Undefined when none is near.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word === "") return undefined;
  const lower = word.toLowerCase();
  const prefixed = known.find((candidate) => candidate.toLowerCase().startsWith(lower));
  if (prefixed !== undefined) return prefixed;
  let found: string | undefined;
  let smallest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < smallest) {
      smallest = distance;
      found = candidate;
    }
  }
  return found;
}

/** `, did you mean "x"?` where something is near, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const found = nearest(word, known);
  return found === undefined ? "" : `, did you mean "${found}"?`;
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
