import { type Cell, EMPTY_CELL, mergeCells, wholeCell } from "../domain/outcome/cell.ts";
import type { Database } from "./database.ts";
import { armOfKey, ranges } from "./keys.ts";
import { decodeJson } from "./store.ts";

/** By how much a sum may be off, relative to itself: what adding in another order makes of it over years. */
const ROUNDING = 1e-9;

/**
 * Looks whether the totals of each arm are what its cells add up to. An arm without totals is of a store from before there were any. What
 * does not decode is said elsewhere.
 */
export async function* totalsProblems(
  database: Database,
): AsyncGenerator<{ readonly key: string; readonly message: string }, void, undefined> {
  for await (const [key, bytes] of database.iterator(ranges.totals)) {
    const total = decoded(bytes);
    if (!total) continue;
    const [scope, configId] = armOfKey(key);
    let sum = EMPTY_CELL;
    for (const range of [
      ranges.dailyCellsOfArm(scope, configId),
      ranges.cellsOfArm(scope, configId),
    ]) {
      for await (const [, cell] of database.iterator(range))
        sum = mergeCells(sum, decoded(cell) ?? EMPTY_CELL);
    }
    const field = differingField(total, sum);
    if (field !== undefined)
      yield { key, message: `the totals of the arm are not the sum of its cells: ${field}` };
  }
}

/** The first field in which two cells differ by more than rounding; undefined where they are the same. */
export function differingField(a: unknown, b: unknown, path = ""): string | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const scale = Math.max(1, Math.abs(a), Math.abs(b));
    return Math.abs(a - b) <= ROUNDING * scale ? undefined : `${path} is ${a} and not ${b}`;
  }
  if (isRecord(a) && isRecord(b)) {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const field = differingField(a[name], b[name], path === "" ? name : `${path}.${name}`);
      if (field !== undefined) return field;
    }
    return undefined;
  }
  return a === b ? undefined : `${path} is ${String(a)} and not ${String(b)}`;
}

function decoded(bytes: Uint8Array): Cell | undefined {
  try {
    return wholeCell(decodeJson<Partial<Cell>>(bytes));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
