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

/** Changes of cells and distributions since a checkpoint, by the keys that they are stored under. */
export class CellDeltas {
  readonly cells = new Map<string, CellDelta>();
  readonly days = new Map<string, DayDelta>();
  /** Arms whose definition no checkpoint holds yet. */
  readonly newArms = new Set<LiveArm>();
  #bins = 0;
  #entries = 0;

  /** Estimated size in memory. */
  get bytes(): number {
    const cells = this.cells.size * CELL_BYTES + this.#entries * ENTRY_BYTES;
    return cells + this.days.size * DAY_BYTES + this.#bins * BIN_BYTES;
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
    for (const { live, hour, builder } of older.cells.values())
      this.#cell(live, hour).builder.merge(builder.toCell());
    for (const dayDelta of older.days.values()) {
      const delta = this.#day(dayDelta.live, dayDelta.day);
      const gained = distributionsOf(dayDelta);
      delta.before = delta.before ? mergeDistributions(gained, delta.before) : gained;
    }
    for (const live of older.newArms) this.newArms.add(live);
  }

  #cell(live: LiveArm, hour: number): CellDelta {
    const key = keys.cell(live.scopeKey, live.arm.configId, hour);
    let delta = this.cells.get(key);
    if (!delta) {
      delta = { live, hour, builder: new CellBuilder() };
      this.cells.set(key, delta);
    }
    return delta;
  }

  #day(live: LiveArm, day: number): DayDelta {
    const key = keys.distributions(live.scopeKey, live.arm.configId, day);
    let delta = this.days.get(key);
    if (!delta) {
      delta = { live, day, before: undefined, builder: new DistributionsBuilder() };
      this.days.set(key, delta);
    }
    return delta;
  }
}

/** All that a day's distributions gained. */
export function distributionsOf({ before, builder }: DayDelta): Distributions {
  const gained = builder.toDistributions();
  return before ? mergeDistributions(before, gained) : gained;
}
