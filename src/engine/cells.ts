import { assert } from "../domain/kernel/assert.ts";
import { type Cell, EMPTY_CELL, mergeCells, scoreChange } from "../domain/outcome/cell.ts";
import type { Correction } from "../domain/outcome/correction.ts";
import {
  type Distributions,
  mergeDistributions,
  NO_DISTRIBUTIONS,
} from "../domain/outcome/distributions.ts";
import { isLate } from "../domain/outcome/maturity.ts";
import { type Arm, cohortTimeMs, type Outcome } from "../domain/outcome/outcome.ts";
import { createSlicer } from "../platform/slices.ts";
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
  /** What the store holds of the arms of a scope over all hours, of scopes that were asked for. */
  readonly #storedTotals = new Map<string, Map<LiveArm, Cell>>();
  /** How often the store became another under `#storedTotals`. */
  #storedChanges = 0;

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
    this.#active.addToCell(live, hour, (builder) => {
      builder.add(outcome);
      if (isLate(outcome, receivedAtMs)) builder.count("late");
    });
    this.#active.addToDay(live, Math.floor(hour / DAY_HOURS), (builder) => builder.add(outcome));
    return live;
  }

  /** Takes the score of an outcome for another one. */
  correct({ arm, hour, metric, before, after }: Correction): LiveArm {
    const live = this.#admit(arm);
    this.#active.addToCell(live, hour, (builder) =>
      builder.merge(scoreChange(metric, before, after)),
    );
    return live;
  }

  /**
   * Counts what is not an outcome, for an arm that has some. It is saved with the next checkpoint of outcomes and no journal holds it:
   * a crash may lose it.
   */
  note(arm: Arm, atMs: number, what: "duplicates" | "rejected"): void {
    const live = this.arms.find(arm);
    if (!live) return;
    const hour = Math.floor(atMs / HOUR_MS);
    this.#active.addToCell(live, hour, (builder) => builder.count(what));
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
    const cells = await this.#merged([...deltas.cells], (stored: Cell | undefined, { builder }) =>
      mergeCells(cellOf(stored), builder.toCell()),
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
    if (result === "failed") {
      this.#active.takeBack(deltas);
      return;
    }
    for (const live of deltas.newArms) this.#storedArms.add(live);
    this.#storedChanges += 1;
    for (const { live, builder } of deltas.cells.values()) {
      const totals = this.#storedTotals.get(live.scopeKey);
      if (totals) totals.set(live, mergeCells(totals.get(live) ?? EMPTY_CELL, builder.toCell()));
    }
  }

  /** The cell of each arm of a scope over a window, every acknowledged outcome included. */
  async read(scope: string, window: HourWindow): Promise<{ live: LiveArm; cell: Cell }[]> {
    const hours = await this.readHours(scope, window);
    return hours.map(({ live, byHour }) => ({
      live,
      cell: [...byHour.values()].reduce(mergeCells),
    }));
  }

  /**
   * The same over all hours, for who asks often: what is stored of a scope is read once and kept, so that history costs nothing more.
   */
  async readTotals(scope: string): Promise<{ live: LiveArm; cell: Cell }[]> {
    const ofScope = (deltas: CellDeltas) =>
      [...deltas.cells.values()]
        .filter(({ live }) => live.scopeKey === scope)
        .map(({ live, builder }) => ({ live, cell: builder.toCell() }));
    const known = this.#storedTotals.get(scope);
    if (known) {
      const flushing = this.#flushing ? ofScope(this.#flushing.deltas) : [];
      return totalsOf(known, [...flushing, ...ofScope(this.#active)]);
    }
    const stored = new Map<LiveArm, Cell>();
    let changes: number | undefined;
    let unsaved: readonly { readonly live: LiveArm; readonly cell: Cell }[] = [];
    await this.#reading(
      (deltas) => {
        // Under a checkpoint it is not plain what the store holds: the next one who asks may keep it.
        changes = this.#flushing ? undefined : this.#storedChanges;
        return ofScope(deltas);
      },
      async (at, own) => {
        unsaved = own;
        await this.#scanCells(scope, at, (live, _hour, cell) =>
          stored.set(live, mergeCells(stored.get(live) ?? EMPTY_CELL, cell)),
        );
      },
    );
    if (changes === this.#storedChanges) this.#storedTotals.set(scope, stored);
    return totalsOf(stored, unsaved);
  }

  /** Forgets what is known of the stored cells of an arm's scope, because some of them were removed. */
  forgetTotals({ scopeKey }: LiveArm): void {
    this.#storedTotals.delete(scopeKey);
    this.#storedChanges += 1;
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
          .map(({ live, hour, builder }) => ({ live, hour, cell: builder.toCell() })),
      async (at, unsaved) => {
        await this.#scanCells(scope, at, add);
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
      this.forgetTotals(live);
      return { delete: keys.arm(live.scopeKey, live.arm.configId) };
    });
  }

  /** Whether an arm has changes that are not in the store. */
  isDirty(live: LiveArm): boolean {
    const deltas = [this.#active, ...(this.#flushing ? [this.#flushing.deltas] : [])];
    return deltas.some(({ cells }) => [...cells.values()].some((delta) => delta.live === live));
  }

  /** Every stored cell of a scope, in slices: a day whose hours were merged stands at its first hour. */
  async #scanCells(
    scope: string,
    at: StoreSnapshot,
    take: (live: LiveArm, hour: number, cell: Cell) => void,
  ): Promise<void> {
    const giveWay = createSlicer();
    for (const live of this.arms.ofScope(scope)) {
      const { configId } = live.arm;
      const daily = ranges.dailyCellsOfArm(scope, configId);
      for await (const [key, cell] of this.#store.scan<Cell>({ range: daily, at })) {
        take(live, dayOfKey(key) * DAY_HOURS, cellOf(cell));
        await giveWay();
      }
      const hourly = ranges.cellsOfArm(scope, configId);
      for await (const [key, cell] of this.#store.scan<Cell>({ range: hourly, at })) {
        take(live, hourOfCellKey(key), cellOf(cell));
        await giveWay();
      }
    }
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

function totalsOf(
  stored: ReadonlyMap<LiveArm, Cell>,
  unsaved: readonly { readonly live: LiveArm; readonly cell: Cell }[],
): { live: LiveArm; cell: Cell }[] {
  const totals = new Map(stored);
  for (const { live, cell } of unsaved)
    totals.set(live, mergeCells(totals.get(live) ?? EMPTY_CELL, cell));
  return [...totals].map(([live, cell]) => ({ live, cell }));
}

/** The hour of the cell that counts an outcome, from 1970. */
export function hourOf(outcome: Outcome): number {
  return Math.floor(cohortTimeMs(outcome) / HOUR_MS);
}

/** A stored cell with the fields that were not there yet when it was written. */
function cellOf(stored: Cell | undefined): Cell {
  return { ...EMPTY_CELL, ...stored };
}
