import { type Cell, EMPTY_CELL, mergeCells, wholeCell } from "../domain/outcome/cell.ts";
import type { Slices } from "../platform/slices.ts";
import { dayOfKey, hourOfCellKey, keys, ranges } from "../store/keys.ts";
import { decodeJson, type ScanOptions, type Store, type StoreSnapshot } from "../store/store.ts";
import type { LiveArm } from "./arms.ts";

export const DAY_HOURS = 24;

/** How the store is read: in whose slices, and as of when. */
export interface Reading {
  readonly slices: Slices;
  readonly at?: StoreSnapshot;
}

/** Every stored cell of an arm, by the first hour that it stands for and how many those are; with `days`, only the days of a range. */
export async function* storedCells(
  store: Store,
  { scopeKey, arm }: LiveArm,
  { slices, at, days }: Reading & { readonly days?: ScanOptions["range"] },
): AsyncGenerator<[hour: number, cell: Cell, hours: number], void, undefined> {
  const as = at ? { at } : {};
  const daily = days ?? ranges.dailyCellsOfArm(scopeKey, arm.configId);
  for await (const [key, bytes] of slices.over(store.scanBytes({ range: daily, ...as })))
    yield [dayOfKey(key) * DAY_HOURS, wholeCell(decodeJson<Cell>(bytes)), DAY_HOURS];
  const hourly = ranges.cellsOfArm(scopeKey, arm.configId);
  for await (const [key, bytes] of slices.over(store.scanBytes({ range: hourly, ...as })))
    yield [hourOfCellKey(key), wholeCell(decodeJson<Cell>(bytes)), 1];
}

/** What the stored cells of an arm add up to, cell by cell; EMPTY_CELL itself where there are none. */
export async function sumOfCells(
  store: Store,
  live: LiveArm,
  how: Reading & { readonly days?: ScanOptions["range"] },
): Promise<Cell> {
  let sum = EMPTY_CELL;
  for await (const [, cell] of storedCells(store, live, how)) sum = mergeCells(sum, cell);
  return sum;
}

/**
 * The totals of every arm of a scope: what their stored cells add up to. Whoever writes cells writes the totals in the same batch; an
 * arm that has none is of a store from before there were totals, and is left out.
 */
export async function storedTotals(
  store: Store,
  scope: string,
  { slices, at }: Reading,
): Promise<Map<string, Cell>> {
  const totals = new Map<string, Cell>();
  const prefix = keys.totals(scope, "").length;
  const range = ranges.totalsOfScope(scope);
  for await (const [key, bytes] of slices.over(store.scanBytes({ range, ...(at ? { at } : {}) })))
    totals.set(key.slice(prefix), wholeCell(decodeJson<Cell>(bytes)));
  return totals;
}
