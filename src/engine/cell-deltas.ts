import type { Cell } from "../domain/outcome/cell.ts";
import { CellBuilder } from "../domain/outcome/cell-builder.ts";
import {
  type Distributions,
  DistributionsBuilder,
  mergeDistributions,
} from "../domain/outcome/distributions.ts";
import { keys } from "../store/keys.ts";
import type { LiveArm } from "./arms.ts";

/** Estimates of what an entry of a map with its key, and the objects of a cell, take in memory. */
const CELL_BYTES = 1_500;
const ENTRY_BYTES = 200;
const DAY_BYTES = 1_500;
const BIN_BYTES = 50;

/** A change of the cell of one hour. */
export interface CellDelta {
  readonly live: LiveArm;
  readonly hour: number;
  readonly builder: CellBuilder;
}

/** What one day's distributions gain. */
export interface DayDelta {
  readonly live: LiveArm;
  readonly day: number;
  /** Of a checkpoint that failed. */
  before: Distributions | undefined;
  readonly builder: DistributionsBuilder;
}

/** Everything that changed of one arm. */
export interface ArmDeltas {
  readonly live: LiveArm;
  readonly cells: Map<number, CellDelta>;
  readonly days: Map<number, DayDelta>;
}

/** Changes of cells and distributions since a checkpoint, by scope and arm. */
export class CellDeltas {
  readonly #scopes = new Map<string, Map<LiveArm, ArmDeltas>>();
  #cells = 0;
  #days = 0;
  #bins = 0;
  #entries = 0;

  /** Cells that changed. */
  get size(): number {
    return this.#cells;
  }

  /** Estimated size in memory. */
  get bytes(): number {
    const cells = this.#cells * CELL_BYTES + this.#entries * ENTRY_BYTES;
    return cells + this.#days * DAY_BYTES + this.#bins * BIN_BYTES;
  }

  /** The arms that changed, scope by scope. */
  *all(): Generator<ArmDeltas> {
    for (const arms of this.#scopes.values()) yield* arms.values();
  }

  /** The arms of a scope that changed. */
  ofScope(scopeKey: string): Iterable<ArmDeltas> {
    return this.#scopes.get(scopeKey)?.values() ?? [];
  }

  has(live: LiveArm): boolean {
    return this.#scopes.get(live.scopeKey)?.has(live) ?? false;
  }

  /** Lets `change` add to the cell of an hour. */
  addToCell(live: LiveArm, hour: number, change: (builder: CellBuilder) => void): void {
    const { builder } = this.#cell(live, hour);
    const entries = builder.entries;
    change(builder);
    this.#entries += builder.entries - entries;
  }

  /** Lets `change` add to the distributions of a day. */
  addToDay(live: LiveArm, day: number, change: (builder: DistributionsBuilder) => void): void {
    const { builder } = this.#day(live, day);
    const bins = builder.bins;
    change(builder);
    this.#bins += builder.bins - bins;
  }

  /** Takes back the changes of a checkpoint that failed; those here are newer. */
  takeBack(older: CellDeltas): void {
    for (const { live, cells, days } of older.all()) {
      for (const { hour, builder } of cells.values())
        this.#cell(live, hour).builder.merge(builder.toCell());
      for (const dayDelta of days.values()) {
        const delta = this.#day(live, dayDelta.day);
        const gained = distributionsOf(dayDelta);
        delta.before = delta.before ? mergeDistributions(gained, delta.before) : gained;
      }
    }
  }

  #cell(live: LiveArm, hour: number): CellDelta {
    const { cells } = this.#arm(live);
    let delta = cells.get(hour);
    if (!delta) {
      delta = { live, hour, builder: new CellBuilder() };
      cells.set(hour, delta);
      this.#cells += 1;
    }
    return delta;
  }

  #day(live: LiveArm, day: number): DayDelta {
    const { days } = this.#arm(live);
    let delta = days.get(day);
    if (!delta) {
      delta = { live, day, before: undefined, builder: new DistributionsBuilder() };
      days.set(day, delta);
      this.#days += 1;
    }
    return delta;
  }

  #arm(live: LiveArm): ArmDeltas {
    let arms = this.#scopes.get(live.scopeKey);
    if (!arms) {
      arms = new Map();
      this.#scopes.set(live.scopeKey, arms);
    }
    let arm = arms.get(live);
    if (!arm) {
      arm = { live, cells: new Map(), days: new Map() };
      arms.set(live, arm);
    }
    return arm;
  }
}

/** The key that a changed cell is stored under. */
export function cellKey({ live, hour }: CellDelta): string {
  return keys.cell(live.scopeKey, live.arm.configId, hour);
}

/** The key that changed distributions are stored under. */
export function dayKey({ live, day }: DayDelta): string {
  return keys.distributions(live.scopeKey, live.arm.configId, day);
}

/** What changed in the cells of an arm, hour by hour. */
export function gainsOf({ cells }: ArmDeltas): { readonly hour: number; readonly cell: Cell }[] {
  return [...cells.values()].map(({ hour, builder }) => ({ hour, cell: builder.toCell() }));
}

/** All that a day's distributions gained. */
export function distributionsOf({ before, builder }: DayDelta): Distributions {
  const gained = builder.toDistributions();
  return before ? mergeDistributions(before, gained) : gained;
}
