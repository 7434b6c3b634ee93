import { assert } from "../domain/kernel/assert.ts";
import {
  type Cell,
  EMPTY_CELL,
  foldOutcome,
  mergeCells,
  scoreChange,
} from "../domain/outcome/cell.ts";
import type { Correction } from "../domain/outcome/correction.ts";
import {
  type Distributions,
  mergeDistributions,
  NO_DISTRIBUTIONS,
} from "../domain/outcome/distributions.ts";
import { isLate } from "../domain/outcome/maturity.ts";
import { type Arm, cohortTimeMs, type Outcome } from "../domain/outcome/outcome.ts";
import { dayOfKey, hourOfCellKey, keys, ranges } from "../store/keys.ts";
import type { Store, StoreOp, StoreSnapshot } from "../store/store.ts";
import { Arms, type LiveArm } from "./arms.ts";
import { CellDeltas, distributionsOf } from "./cell-deltas.ts";
import type { Checkpoint, CheckpointPart } from "./checkpoints.ts";

export const HOUR_MS = 60 * 60 * 1000;
export const DAY_HOURS = 24;

/** Hours from the first, included, to the last, excluded, counted from 1970. */
export interface HourWindow {
  readonly from: number;
  readonly until: number;
}

export const ALL_HOURS: HourWindow = { from: 0, until: Number.MAX_SAFE_INTEGER };

/** Stored values that are read at once when a checkpoint merges into them. */
const MERGE_SLICE = 500;

/**
 * The cells of all arms by hour, and how their measures are distributed by day. Memory holds only what changed since the last
 * checkpoint; a checkpoint merges that into what is stored, in one batch with the watermark, so that a crash between the two cannot
 * count anything twice.
 */
export class Cells implements CheckpointPart {
  readonly #store: Store;
  readonly arms = new Arms();
  #active = new CellDeltas();
  /** The deltas of a checkpoint under way: readers still need them until its batch is written. */
  #flushing: { readonly deltas: CellDeltas; readonly watermark: number } | undefined;
  readonly #storedArms = new Set<LiveArm>();

  constructor(store: Store) {
    this.#store = store;
  }

  get dirtyCells(): number {
    return this.#active.cells.size;
  }

  /** Estimated size of what no checkpoint took yet. */
  get dirtyBytes(): number {
    return this.#active.bytes;
  }

  /** Takes over the arms of the store. Called once, before the first fold. */
  async load(): Promise<void> {
    for await (const [, arm] of this.#store.scan<Arm>({ range: ranges.arms })) {
      this.#storedArms.add(this.arms.admit(arm));
    }
  }

  /** Counts an outcome; answers the arm it counted for. */
  fold(outcome: Outcome, receivedAtMs: number): LiveArm {
    const live = this.#admit(outcome.arm);
    const hour = hourOf(outcome);
    const delta = this.#active.cell(live, hour);
    const cell = foldOutcome(delta.cell, outcome);
    delta.cell = isLate(outcome, receivedAtMs) ? { ...cell, late: cell.late + 1 } : cell;
    this.#active.addToDay(live, Math.floor(hour / DAY_HOURS), (builder) => builder.add(outcome));
    return live;
  }

  /** Takes the score of an outcome for another one. */
  correct({ arm, hour, metric, before, after }: Correction): LiveArm {
    const live = this.#admit(arm);
    const delta = this.#active.cell(live, hour);
    delta.cell = mergeCells(delta.cell, scoreChange(metric, before, after));
    return live;
  }

  /**
   * Counts what is not an outcome, for an arm that has some. It is saved with the next checkpoint of outcomes and no journal holds it:
   * a crash may lose it.
   */
  note(arm: Arm, atMs: number, what: "duplicates" | "rejected"): void {
    const live = this.arms.find(arm);
    if (!live) return;
    const delta = this.#active.cell(live, Math.floor(atMs / HOUR_MS));
    delta.cell = { ...delta.cell, [what]: delta.cell[what] + 1 };
  }

  /**
   * Starts a checkpoint of everything folded so far: answers the ops that merge it into the stored cells. The caller writes them
   * with the watermark and then says how it went; until then readers look whether the watermark is on disk.
   */
  async beginCheckpoint(watermark: number): Promise<StoreOp[]> {
    assert(!this.#flushing, "one checkpoint at a time");
    const deltas = this.#active;
    this.#flushing = { deltas, watermark };
    this.#active = new CellDeltas();
    const cells = await this.#merged([...deltas.cells], (stored: Cell | undefined, { cell }) =>
      mergeCells(cellOf(stored), cell),
    );
    const days = await this.#merged([...deltas.days], (stored: Distributions | undefined, delta) =>
      mergeDistributions(stored ?? NO_DISTRIBUTIONS, distributionsOf(delta)),
    );
    const arms = [...deltas.newArms].map(({ arm, scopeKey }) => ({
      put: keys.arm(scopeKey, arm.configId),
      json: arm,
    }));
    return [...cells, ...days, ...arms];
  }

  /** Ends the checkpoint. One that failed goes back to what is unsaved, and the next one takes it along. */
  endCheckpoint(result: "written" | "failed"): void {
    assert(this.#flushing, "a checkpoint was begun");
    const { deltas } = this.#flushing;
    this.#flushing = undefined;
    if (result === "failed") this.#active.takeBack(deltas);
    else for (const live of deltas.newArms) this.#storedArms.add(live);
  }

  /** The cell of each arm of a scope over a window, every acknowledged outcome included. */
  async read(scope: string, window: HourWindow): Promise<{ live: LiveArm; cell: Cell }[]> {
    const hours = await this.readHours(scope, window);
    return hours.map(({ live, byHour }) => ({
      live,
      cell: [...byHour.values()].reduce(mergeCells),
    }));
  }

  /** The same hour by hour; arms without any in the window are left out. A day whose hours were merged stands at its first hour. */
  async readHours(
    scope: string,
    window: HourWindow,
  ): Promise<{ live: LiveArm; byHour: ReadonlyMap<number, Cell> }[]> {
    const found = new Map<LiveArm, Map<number, Cell>>();
    const add = (live: LiveArm, hour: number, cell: Cell) => {
      if (hour < window.from || hour >= window.until) return;
      const byHour = found.get(live) ?? new Map<number, Cell>();
      byHour.set(hour, mergeCells(byHour.get(hour) ?? EMPTY_CELL, cell));
      found.set(live, byHour);
    };
    await this.#reading(
      (deltas) =>
        [...deltas.cells.values()]
          .filter(({ live }) => live.scopeKey === scope)
          .map((delta) => ({ ...delta })),
      async (at, unsaved) => {
        for (const live of this.arms.ofScope(scope)) {
          const { configId } = live.arm;
          const daily = ranges.dailyCellsOfArm(scope, configId);
          for await (const [key, cell] of this.#store.scan<Cell>({ range: daily, at }))
            add(live, dayOfKey(key) * DAY_HOURS, cellOf(cell));
          const range = ranges.cellsOfArm(scope, configId);
          for await (const [key, cell] of this.#store.scan<Cell>({ range, at }))
            add(live, hourOfCellKey(key), cellOf(cell));
        }
        for (const { live, hour, cell } of unsaved) add(live, hour, cell);
      },
    );
    return [...found].map(([live, byHour]) => ({ live, byHour }));
  }

  /** How the measures of each arm of a scope are distributed over the days that a window touches. */
  async readDistributions(
    scope: string,
    window: HourWindow,
  ): Promise<ReadonlyMap<LiveArm, Distributions>> {
    const found = new Map<LiveArm, Distributions>();
    const from = Math.floor(window.from / DAY_HOURS);
    const until = Math.ceil(window.until / DAY_HOURS);
    const add = (live: LiveArm, day: number, more: Distributions) => {
      if (day < from || day >= until) return;
      found.set(live, mergeDistributions(found.get(live) ?? NO_DISTRIBUTIONS, more));
    };
    await this.#reading(
      (deltas) =>
        [...deltas.days.values()]
          .filter(({ live }) => live.scopeKey === scope)
          .map((delta) => ({ ...delta, gained: distributionsOf(delta) })),
      async (at, unsaved) => {
        for (const live of this.arms.ofScope(scope)) {
          const range = ranges.distributionsOfArm(scope, live.arm.configId);
          for await (const [key, stored] of this.#store.scan<Distributions>({ range, at }))
            add(live, dayOfKey(key), stored);
        }
        for (const { live, day, gained } of unsaved) add(live, day, gained);
      },
    );
    return found;
  }

  /** Forgets arms whose cells are all gone from the store. Answers the ops that remove their definitions. */
  forgetArms(gone: readonly LiveArm[]): StoreOp[] {
    return gone.map((live) => {
      this.arms.forget(live);
      this.#storedArms.delete(live);
      return { delete: keys.arm(live.scopeKey, live.arm.configId) };
    });
  }

  /** Whether an arm has changes that are not in the store. */
  isDirty(live: LiveArm): boolean {
    const deltas = [this.#active, ...(this.#flushing ? [this.#flushing.deltas] : [])];
    return deltas.some(({ cells }) => [...cells.values()].some((delta) => delta.live === live));
  }

  #admit(arm: Arm): LiveArm {
    const live = this.arms.admit(arm);
    if (!this.#storedArms.has(live)) this.#active.newArms.add(live);
    return live;
  }

  async #merged<S, D>(
    deltas: readonly (readonly [key: string, delta: D])[],
    merge: (stored: S | undefined, delta: D) => S,
  ): Promise<StoreOp[]> {
    const ops: StoreOp[] = [];
    for (let start = 0; start < deltas.length; start += MERGE_SLICE) {
      const slice = deltas.slice(start, start + MERGE_SLICE);
      const stored = await this.#store.jsonMany<S>(slice.map(([key]) => key));
      for (const [index, [key, delta]] of slice.entries())
        ops.push({ put: key, json: merge(stored[index], delta) });
    }
    return ops;
  }

  /**
   * Reads the store and what is not in it yet as of one moment: `pick` runs on the memory in the very step in which the snapshot of
   * the store is taken, and a checkpoint that was written before it, and not yet ended here, is left out because the store has it.
   */
  async #reading<D>(
    pick: (deltas: CellDeltas) => readonly D[],
    read: (at: StoreSnapshot, unsaved: readonly D[]) => Promise<void>,
  ): Promise<void> {
    await this.#store.readable();
    const at = this.#store.snapshot();
    const flushing = this.#flushing;
    const active = pick(this.#active);
    const older = flushing ? pick(flushing.deltas) : [];
    try {
      const saved = await this.#store.json<Checkpoint>(keys.meta("checkpoint"), at);
      const isSaved = flushing !== undefined && (saved?.watermark ?? 0) >= flushing.watermark;
      await read(at, isSaved ? active : [...older, ...active]);
    } finally {
      await at.close();
    }
  }
}

/** The hour of the cell that counts an outcome, from 1970. */
export function hourOf(outcome: Outcome): number {
  return Math.floor(cohortTimeMs(outcome) / HOUR_MS);
}

/** A stored cell with the fields that were not there yet when it was written. */
function cellOf(stored: Cell | undefined): Cell {
  return { ...EMPTY_CELL, ...stored };
}
