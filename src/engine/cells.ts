import { assert } from "../domain/kernel/assert.ts";
import { type Cell, EMPTY_CELL, foldOutcome, mergeCells } from "../domain/outcome/cell.ts";
import { cohortTimeMs, type Outcome } from "../domain/outcome/outcome.ts";
import { hourOfCellKey, keys, ranges } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import { Arms, type LiveArm } from "./arms.ts";

export const HOUR_MS = 60 * 60 * 1000;

/** Hours from the first, included, to the last, excluded, counted from 1970. */
export interface HourWindow {
  readonly from: number;
  readonly until: number;
}

export const ALL_HOURS: HourWindow = { from: 0, until: Number.MAX_SAFE_INTEGER };

interface Delta {
  readonly live: LiveArm;
  readonly hour: number;
  cell: Cell;
}

/** Changes of cells since a checkpoint, which holds the journal up to its watermark. */
interface Deltas {
  readonly byKey: Map<string, Delta>;
  /** Arms whose definition no checkpoint holds yet. */
  readonly newArms: Set<LiveArm>;
}

/** How a checkpoint stands: journal records up to `watermark` are in the stored cells. */
export interface Checkpoint {
  readonly watermark: number;
  readonly atMs: number;
}

/**
 * The cells of all arms. Memory holds only what changed since the last checkpoint; a checkpoint merges that into the stored cells in
 * one batch with the watermark, so that a crash between the two cannot count anything twice.
 */
export class Cells {
  readonly #store: Store;
  readonly arms = new Arms();
  #active = emptyDeltas();
  /** The deltas of a checkpoint under way: readers still need them until its batch is written. */
  #flushing: { readonly deltas: Deltas; readonly watermark: number } | undefined;
  #storedArms = new Set<LiveArm>();

  constructor(store: Store) {
    this.#store = store;
  }

  get dirtyCells(): number {
    return this.#active.byKey.size;
  }

  /** Takes over the arms of the store. Called once, before the first fold. */
  async load(): Promise<void> {
    for await (const [, arm] of this.#store.scan<LiveArm["arm"]>({ range: ranges.arms })) {
      this.#storedArms.add(this.arms.admit(arm));
    }
  }

  /** Counts an outcome; answers the arm it counted for. */
  fold(outcome: Outcome): LiveArm {
    const live = this.arms.admit(outcome.arm);
    const hour = Math.floor(cohortTimeMs(outcome) / HOUR_MS);
    const key = keys.cell(live.scopeKey, live.arm.configId, hour);
    const delta = this.#active.byKey.get(key);
    if (delta) delta.cell = foldOutcome(delta.cell, outcome);
    else this.#active.byKey.set(key, { live, hour, cell: foldOutcome(EMPTY_CELL, outcome) });
    if (!this.#storedArms.has(live)) this.#active.newArms.add(live);
    return live;
  }

  /**
   * Starts a checkpoint of everything folded so far: answers the ops that merge it into the stored cells. The caller writes them
   * with the watermark and then says how it went.
   */
  async beginCheckpoint(watermark: number): Promise<StoreOp[]> {
    assert(!this.#flushing, "one checkpoint at a time");
    const deltas = this.#active;
    this.#flushing = { deltas, watermark };
    this.#active = emptyDeltas();
    const cellKeys = [...deltas.byKey.keys()];
    const stored = await this.#store.jsonMany<Cell>(cellKeys);
    const ops: StoreOp[] = [...deltas.byKey.values()].map((delta, index) => ({
      put: cellKeys[index] ?? "",
      json: mergeCells(stored[index] ?? EMPTY_CELL, delta.cell),
    }));
    for (const { arm, scopeKey } of deltas.newArms) {
      ops.push({ put: keys.arm(scopeKey, arm.configId), json: arm });
    }
    return ops;
  }

  /** Ends the checkpoint. One that failed goes back to what is unsaved, and the next one takes it along. */
  endCheckpoint(result: "written" | "failed"): void {
    assert(this.#flushing, "a checkpoint was begun");
    const { deltas } = this.#flushing;
    this.#flushing = undefined;
    if (result === "written") {
      for (const live of deltas.newArms) this.#storedArms.add(live);
      return;
    }
    for (const [key, delta] of deltas.byKey) {
      const newer = this.#active.byKey.get(key);
      if (newer) newer.cell = mergeCells(delta.cell, newer.cell);
      else this.#active.byKey.set(key, delta);
    }
    for (const live of deltas.newArms) this.#active.newArms.add(live);
  }

  /** The cell of each arm of a scope over a window, every acknowledged outcome included. */
  async read(scope: string, window: HourWindow): Promise<{ live: LiveArm; cell: Cell }[]> {
    const hours = await this.readHours(scope, window);
    return hours.map(({ live, byHour }) => ({
      live,
      cell: [...byHour.values()].reduce(mergeCells),
    }));
  }

  /** The same hour by hour; arms without any in the window are left out. */
  async readHours(
    scope: string,
    window: HourWindow,
  ): Promise<{ live: LiveArm; byHour: ReadonlyMap<number, Cell> }[]> {
    const at = this.#store.snapshot();
    const unsaved = [this.#active, ...(this.#flushing ? [this.#flushing.deltas] : [])];
    const flushing = this.#flushing;
    const found = new Map<LiveArm, Map<number, Cell>>();
    const add = (live: LiveArm, hour: number, cell: Cell) => {
      if (hour < window.from || hour >= window.until) return;
      const byHour = found.get(live) ?? new Map<number, Cell>();
      byHour.set(hour, mergeCells(byHour.get(hour) ?? EMPTY_CELL, cell));
      found.set(live, byHour);
    };
    // The memory is read now, in the same step as the snapshot is taken; the store may be read later.
    const inMemory = unsaved.map((deltas) =>
      [...deltas.byKey.values()]
        .filter((delta) => delta.live.scopeKey === scope)
        .map((delta) => ({ ...delta })),
    );
    try {
      const saved = await this.#store.json<Checkpoint>(keys.meta("checkpoint"), at);
      for (const live of this.arms.ofScope(scope)) {
        const range = ranges.cellsOfArm(scope, live.arm.configId);
        for await (const [key, cell] of this.#store.scan<Cell>({ range, at }))
          add(live, hourOfCellKey(key), cell);
      }
      for (const { live, hour, cell } of inMemory[0] ?? []) add(live, hour, cell);
      // A checkpoint that was written before the snapshot, and not yet ended here, is in the store already.
      const isSaved = flushing !== undefined && (saved?.watermark ?? 0) >= flushing.watermark;
      if (!isSaved) for (const { live, hour, cell } of inMemory[1] ?? []) add(live, hour, cell);
    } finally {
      await at.close();
    }
    return [...found].map(([live, byHour]) => ({ live, byHour }));
  }
}

function emptyDeltas(): Deltas {
  return { byKey: new Map(), newArms: new Set() };
}
