import { assert } from "../domain/kernel/assert.ts";
import {
  type Cell,
  EMPTY_CELL,
  mergeCells,
  scoreChange,
  wholeCell,
} from "../domain/outcome/cell.ts";
import type { Correction } from "../domain/outcome/correction.ts";
import {
  type Distributions,
  mergeDistributions,
  NO_DISTRIBUTIONS,
} from "../domain/outcome/distributions.ts";
import { isLate } from "../domain/outcome/maturity.ts";
import { type Arm, cohortTimeMs, type Outcome } from "../domain/outcome/outcome.ts";
import { Slices } from "../platform/slices.ts";
import { dayOfKey, keys, ranges } from "../store/keys.ts";
import { decodeJson, encodeJson, type Store, type StoreOp } from "../store/store.ts";
import { DAY_HOURS, type Reading, storedCells, storedTotals, sumOfCells } from "./arm-totals.ts";
import { type ArmRecord, Arms, type LiveArm } from "./arms.ts";
import {
  type ArmDeltas,
  CellDeltas,
  cellKey,
  dayKey,
  distributionsOf,
  gainsOf,
} from "./cell-deltas.ts";
import type { Checkpoint, CheckpointPart } from "./checkpoints.ts";

export const HOUR_MS = 60 * 60 * 1000;

/** Hours from the first, included, to the last, excluded, counted from 1970. */
export interface HourWindow {
  readonly from: number;
  readonly until: number;
}

export const ALL_HOURS: HourWindow = { from: 0, until: Number.MAX_SAFE_INTEGER };

/** Stored values that are read at once when a checkpoint merges into them: some 200 kB. */
const MERGE_SLICE = 64;

/** An arm with what was counted for it. */
export interface ArmCell {
  readonly live: LiveArm;
  readonly cell: Cell;
}

/**
 * The cells of all arms by hour, their totals, and how their measures are distributed by day. Memory holds only what changed since the
 * last checkpoint; a checkpoint merges that into what is stored, in one batch with the watermark, so that a crash between the two
 * cannot count anything twice.
 */
export class Cells implements CheckpointPart {
  readonly #store: Store;
  readonly arms = new Arms();
  #active = new CellDeltas();
  /** The deltas of a checkpoint under way: readers still need them until its batch is written. */
  #flushing: { readonly deltas: CellDeltas; readonly watermark: number } | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  get dirtyCells(): number {
    return this.#active.size;
  }

  /** Estimated size of what no checkpoint took yet. */
  get dirtyBytes(): number {
    return this.#active.bytes;
  }

  /** Takes over the arms of the store. Called once, before the first fold. */
  async load(nowMs: number): Promise<void> {
    for await (const [, arm] of this.#store.scan<ArmRecord>({ range: ranges.arms }))
      this.arms.restore(arm, nowMs);
  }

  /** Counts an outcome; answers the arm it counted for. */
  fold(outcome: Outcome, receivedAtMs: number): LiveArm {
    const live = this.arms.admit(outcome.arm, receivedAtMs);
    const hour = hourOf(outcome);
    this.#active.addToCell(live, hour, (builder) => {
      builder.add(outcome);
      if (isLate(outcome, receivedAtMs)) builder.count("late");
    });
    this.#active.addToDay(live, Math.floor(hour / DAY_HOURS), (builder) => builder.add(outcome));
    return live;
  }

  /** Takes a score for another one, or for none. What counted for an arm that was forgotten since is gone. */
  correct(correction: Correction, receivedAtMs: number): void {
    const { arm, hour, metric, before, after, isFailed } = correction;
    // A unit may be scored before any outcome of its arm came.
    const known = this.arms.find(arm);
    if (!known && before !== undefined) return;
    const live = known ?? this.arms.admit(arm, receivedAtMs);
    this.#active.addToCell(live, hour, (builder) =>
      builder.merge(scoreChange(metric, { before, after }, isFailed === true ? "failed" : "ok")),
    );
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
    const changed = [...deltas.all()];
    // Taken in this step: what comes in from now on belongs to the next checkpoint.
    const ops: StoreOp[] = changed.map(({ live }) => {
      return { put: keys.arm(live.scopeKey, live.arm.configId), json: this.arms.record(live) };
    });
    const slices = new Slices();
    for (let start = 0; start < changed.length; start += MERGE_SLICE) {
      const some = changed.slice(start, start + MERGE_SLICE);
      ops.push(...(await this.#mergedCells(some, slices)));
      ops.push(...(await this.#mergedTotals(some, slices)));
      ops.push(...(await this.#mergedDays(some, slices)));
    }
    return ops;
  }

  /** Ends the checkpoint. One that failed goes back to what is unsaved, and the next one takes it along. */
  endCheckpoint(result: "written" | "failed"): void {
    assert(this.#flushing, "a checkpoint was begun");
    const { deltas } = this.#flushing;
    this.#flushing = undefined;
    if (result === "failed") this.#active.takeBack(deltas);
  }

  /** The cell of each arm of a scope over a window, every acknowledged outcome included. */
  async read(scope: string, window: HourWindow): Promise<ArmCell[]> {
    if (window === ALL_HOURS) return this.readTotals(scope);
    const hours = await this.readHours(scope, window);
    return hours.map(({ live, byHour }) => ({
      live,
      cell: [...byHour.values()].reduce(mergeCells),
    }));
  }

  /** The same over all hours, from the totals of the arms: it costs the same however many hours there are. */
  async readTotals(scope: string, slices = new Slices()): Promise<ArmCell[]> {
    const found = new Map<LiveArm, Cell>();
    const add = (live: LiveArm, cell: Cell) =>
      found.set(live, mergeCells(found.get(live) ?? EMPTY_CELL, cell));
    await this.#reading(
      slices,
      (deltas) => [...deltas.ofScope(scope)].map((arm) => ({ ...arm, gains: gainsOf(arm) })),
      async (reading, unsaved) => {
        const stored = await storedTotals(this.#store, scope, reading);
        for (const live of this.arms.ofScope(scope)) {
          const total = stored.get(live.arm.configId);
          const cell = total ?? (await sumOfCells(this.#store, live, reading));
          if (cell !== EMPTY_CELL) add(live, cell);
        }
        for (const { live, gains } of unsaved) for (const { cell } of gains) add(live, cell);
      },
    );
    return [...found].map(([live, cell]) => ({ live, cell }));
  }

  /** The same hour by hour; arms without any in the window are left out. A day whose hours were merged stands at its first hour, in any window that touches the day. */
  async readHours(
    scope: string,
    window: HourWindow,
  ): Promise<{ live: LiveArm; byHour: ReadonlyMap<number, Cell> }[]> {
    const found = new Map<LiveArm, Map<number, Cell>>();
    const add = (live: LiveArm, hour: number, cell: Cell, hours = 1) => {
      if (hour + hours <= window.from || hour >= window.until) return;
      const byHour = found.get(live) ?? new Map<number, Cell>();
      byHour.set(hour, mergeCells(byHour.get(hour) ?? EMPTY_CELL, cell));
      found.set(live, byHour);
    };
    await this.#reading(
      new Slices(),
      (deltas) => [...deltas.ofScope(scope)].map((arm) => ({ ...arm, gains: gainsOf(arm) })),
      async (reading, unsaved) => {
        for (const live of this.arms.ofScope(scope)) {
          for await (const [hour, cell, hours] of storedCells(this.#store, live, reading))
            add(live, hour, cell, hours);
        }
        for (const { live, gains } of unsaved)
          for (const { hour, cell } of gains) add(live, hour, cell);
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
      new Slices(),
      (deltas) =>
        [...deltas.ofScope(scope)]
          .flatMap(({ days }) => [...days.values()])
          .map((delta) => ({ ...delta, gained: distributionsOf(delta) })),
      async ({ slices, at }, unsaved) => {
        for (const live of this.arms.ofScope(scope)) {
          const range = ranges.distributionsOfArm(scope, live.arm.configId);
          const days = this.#store.scanBytes({ range, ...(at ? { at } : {}) });
          for await (const [key, bytes] of slices.over(days))
            add(live, dayOfKey(key), decodeJson<Distributions>(bytes));
        }
        for (const { live, day, gained } of unsaved) add(live, day, gained);
      },
    );
    return found;
  }

  /** Forgets arms. Answers the ops that remove their definitions, totals and watches; their cells are the caller's. */
  forgetArms(gone: readonly LiveArm[]): StoreOp[] {
    return gone.flatMap((live) => {
      this.arms.forget(live);
      const { scopeKey, arm } = live;
      return [
        { delete: keys.arm(scopeKey, arm.configId) },
        { delete: keys.totals(scopeKey, arm.configId) },
        { delete: keys.watchedArm(scopeKey, arm.configId) },
      ];
    });
  }

  /** Whether an arm has changes that are not in the store. */
  isDirty(live: LiveArm): boolean {
    return this.#active.has(live) || this.#flushing?.deltas.has(live) === true;
  }

  async #mergedCells(some: readonly ArmDeltas[], slices: Slices): Promise<StoreOp[]> {
    const deltas = some.flatMap(({ cells }) => [...cells.values()]);
    return this.#merged(deltas, cellKey, slices, (bytes, { builder }) =>
      mergeCells(wholeCell(bytes && decodeJson<Cell>(bytes)), builder.toCell()),
    );
  }

  async #mergedTotals(some: readonly ArmDeltas[], slices: Slices): Promise<StoreOp[]> {
    const changed = some.filter(({ cells }) => cells.size > 0);
    const keyOf = ({ live }: ArmDeltas) => keys.totals(live.scopeKey, live.arm.configId);
    return this.#merged(changed, keyOf, slices, async (bytes, arm) => {
      const total = bytes
        ? wholeCell(decodeJson<Cell>(bytes))
        : await sumOfCells(this.#store, arm.live, { slices });
      return gainsOf(arm).reduce((sum, { cell }) => mergeCells(sum, cell), total);
    });
  }

  async #mergedDays(some: readonly ArmDeltas[], slices: Slices): Promise<StoreOp[]> {
    const deltas = some.flatMap(({ days }) => [...days.values()]);
    return this.#merged(deltas, dayKey, slices, (bytes, delta) =>
      mergeDistributions(
        bytes ? decodeJson<Distributions>(bytes) : NO_DISTRIBUTIONS,
        distributionsOf(delta),
      ),
    );
  }

  async #merged<D>(
    deltas: readonly D[],
    keyOf: (delta: D) => string,
    slices: Slices,
    merge: (stored: Uint8Array | undefined, delta: D) => unknown,
  ): Promise<StoreOp[]> {
    const ops: StoreOp[] = [];
    for (let start = 0; start < deltas.length; start += MERGE_SLICE) {
      const slice = deltas.slice(start, start + MERGE_SLICE);
      const stored = await slices.waitFor(this.#store.bytesMany(slice.map(keyOf)));
      for (const [index, delta] of slice.entries()) {
        const value = await merge(stored[index], delta);
        ops.push({ put: keyOf(delta), bytes: encodeJson(value) });
        await slices.giveWay();
      }
    }
    return ops;
  }

  /**
   * Reads the store and what is not in it yet as of one moment: `pick` runs on the memory in the very step in which the snapshot of
   * the store is taken, and a checkpoint that was written before it, and not yet ended here, is left out because the store has it.
   */
  async #reading<D>(
    slices: Slices,
    pick: (deltas: CellDeltas) => readonly D[],
    read: (reading: Reading, unsaved: readonly D[]) => Promise<void>,
  ): Promise<void> {
    await this.#store.readable();
    const at = this.#store.snapshot();
    const flushing = this.#flushing;
    const active = pick(this.#active);
    const older = flushing ? pick(flushing.deltas) : [];
    try {
      const saved = flushing && (await this.#store.json<Checkpoint>(keys.meta("checkpoint"), at));
      const isSaved = flushing !== undefined && (saved?.watermark ?? 0) >= flushing.watermark;
      await read({ slices, at }, isSaved ? active : [...older, ...active]);
    } finally {
      await at.close();
    }
  }
}

/** The hour of the cell that counts an outcome, from 1970. */
export function hourOf(outcome: Outcome): number {
  return Math.floor(cohortTimeMs(outcome) / HOUR_MS);
}
