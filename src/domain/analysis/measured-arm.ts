import type { Scope } from "../config/scope.ts";
import type { Settings } from "../config/settings.ts";
import { type Cell, EMPTY_CELL, mergeCells } from "../outcome/cell.ts";

/** The settings of an arm with what was measured under them. */
export interface MeasuredArm {
  readonly settings: Settings;
  readonly cell: Cell;
  readonly model?: string;
  readonly configId?: string;
  /** The scope that it was measured in; arms of unlike strata are compared within them. */
  readonly stratum?: string;
  /** The same cells by hour, counted from 1970. */
  readonly hours?: ReadonlyMap<number, Cell>;
}

/** What outcomes of a scope are compared within, whatever the model. */
export function stratumOf({ phase, dimensions }: Scope): string {
  return JSON.stringify([phase, ...dimensions]);
}

const HOURS_PER_DAY = 24;
/** A rate is that of the last week with outcomes. */
const RATE_HOURS = 7 * HOURS_PER_DAY;

/** The cells of all arms together. */
export function pooledCell(arms: readonly MeasuredArm[]): Cell {
  return arms.reduce((cell, arm) => mergeCells(cell, arm.cell), EMPTY_CELL);
}

/**
 * What `count` finds in the cells, a day, over the last week that had any; 0 where the hours are not known. The span is at least an hour,
 * so that one burst does not pass for a rate.
 */
export function ratePerDay(arms: readonly MeasuredArm[], count: (cell: Cell) => number): number {
  const byHour = new Map<number, number>();
  for (const { hours } of arms) {
    for (const [hour, cell] of hours ?? []) {
      const found = count(cell);
      if (found > 0) byHour.set(hour, (byHour.get(hour) ?? 0) + found);
    }
  }
  let last = Number.NEGATIVE_INFINITY;
  for (const hour of byHour.keys()) last = Math.max(last, hour);
  let first = last;
  let total = 0;
  for (const [hour, found] of byHour) {
    if (hour <= last - RATE_HOURS) continue;
    first = Math.min(first, hour);
    total += found;
  }
  return total === 0 ? 0 : (total / (last - first + 1)) * HOURS_PER_DAY;
}
