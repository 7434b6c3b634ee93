/** Items that are sorted, or merged, in one step: a tenth of a millisecond. */
const ITEMS_PER_STEP = 256;

/** Sorts a copy of many items in steps, as `toSorted` would in one go; equal items keep their order. */
export function* sortedSteps<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
): Generator<undefined, T[], undefined> {
  let runs: T[][] = [];
  for (let start = 0; start < items.length; start += ITEMS_PER_STEP) {
    runs.push(items.slice(start, start + ITEMS_PER_STEP).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let i = 0; i < runs.length; i += 2)
      longer.push(yield* mergedSteps(runs[i] ?? [], runs[i + 1] ?? [], compare));
    runs = longer;
  }
  return runs[0] ?? [];
}

function* mergedSteps<T>(
  first: readonly T[],
  second: readonly T[],
  compare: (a: T, b: T) => number,
): Generator<undefined, T[], undefined> {
  const merged: T[] = [];
  const rest = second.values();
  let other = rest.next();
  for (const item of first) {
    while (other.done !== true && compare(other.value, item) < 0) {
      merged.push(other.value);
      other = rest.next();
      if (merged.length % ITEMS_PER_STEP === 0) yield;
    }
    merged.push(item);
    if (merged.length % ITEMS_PER_STEP === 0) yield;
  }
  for (; other.done !== true; other = rest.next()) {
    merged.push(other.value);
    if (merged.length % ITEMS_PER_STEP === 0) yield;
  }
  return merged;
}
