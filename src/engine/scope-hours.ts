import type { AnalysisTime } from "../domain/analysis/parameter-impact.ts";
import { SCOPE_HOURS_KEPT_MAX } from "../domain/kernel/limits.ts";
import { type Cell, EMPTY_CELL } from "../domain/outcome/cell.ts";
import type { Clock } from "../platform/clock.ts";
import type { Slices } from "../platform/slices.ts";
import { timeAt } from "./arm-measures.ts";
import type { Cells } from "./cells.ts";

/** The closed hours of the arms of a scope, by config id. */
export type ClosedHours = ReadonlyMap<string, ReadonlyMap<number, Cell>>;

interface KeptScope {
  readonly closedBefore: number;
  readonly hours: ClosedHours;
  readonly cells: number;
}

/**
 * The closed hours of scopes, for who asks every few seconds: they are read once an hour, because until the next one is closed nothing of
 * them is meant to change. The scopes that were asked for longest ago make room.
 */
export class ScopeHours {
  readonly #cells: Pick<Cells, "readHours">;
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #kept = new Map<string, KeptScope>();
  #size = 0;

  constructor(cells: Pick<Cells, "readHours">, clock: Pick<Clock, "nowMs">) {
    this.#cells = cells;
    this.#clock = clock;
  }

  /** Where an analysis stands in time now. */
  get time(): AnalysisTime {
    return timeAt(this.#clock.nowMs());
  }

  /** Of each cell only what success and scores are computed from. */
  async read(scope: string, slices: Slices): Promise<ClosedHours> {
    const { closedBefore: until } = this.time;
    const known = this.#kept.get(scope);
    if (known?.closedBefore === until) {
      this.#keep(scope, known);
      return known.hours;
    }
    const read = await slices.waitFor(this.#cells.readHours(scope, { from: 0, until }));
    const hours = new Map<string, ReadonlyMap<number, Cell>>();
    let cells = 0;
    for (const { live, byHour } of read) {
      hours.set(
        live.arm.configId,
        new Map([...byHour].map(([hour, cell]) => [hour, scoredPart(cell)])),
      );
      cells += byHour.size;
    }
    this.#keep(scope, { closedBefore: until, hours, cells });
    return hours;
  }

  #keep(scope: string, kept: KeptScope): void {
    this.#forget(scope);
    this.#kept.set(scope, kept);
    this.#size += kept.cells;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= SCOPE_HOURS_KEPT_MAX) return;
      this.#forget(oldest);
    }
  }

  #forget(scope: string): void {
    this.#size -= this.#kept.get(scope)?.cells ?? 0;
    this.#kept.delete(scope);
  }
}

function scoredPart({ bounded, statuses, failedScores, idleScores, outcomes }: Cell): Cell {
  return { ...EMPTY_CELL, outcomes, bounded, statuses, failedScores, idleScores };
}
