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
/** A rate is that of the last week. */
const RATE_HOURS = 7 * HOURS_PER_DAY;

/** The cells of all arms together. */
export function pooledCell(arms: readonly Pick<MeasuredArm, "cell">[]): Cell {
  return arms.reduce((cell, arm) => mergeCells(cell, arm.cell), EMPTY_CELL);
}

/**
 * What `count` finds in the cells, a day, over the last week before the hour `nowHour`; 0 where there is nothing, or the hours are not
 * known. The span begins with the first find of that week and is at least a day, so that one call is one call a day and traffic that has
 * ended fades.
 */
export function ratePerDay(
  arms: readonly Pick<MeasuredArm, "hours">[],
  count: (cell: Cell) => number,
  nowHour: number,
): number {
  let first = nowHour;
  let total = 0;
  for (const { hours } of arms) {
    for (const [hour, cell] of hours ?? []) {
      if (hour <= nowHour - RATE_HOURS || hour > nowHour) continue;
      const found = count(cell);
      if (found <= 0) continue;
      first = Math.min(first, hour);
      total += found;
    }
  }
  if (total === 0) return 0;
  return (total / Math.max(HOURS_PER_DAY, nowHour - first + 1)) * HOURS_PER_DAY;
}
