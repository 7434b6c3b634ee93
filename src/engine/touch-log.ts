import { assert } from "../domain/kernel/assert.ts";
import type { Touched } from "./change.ts";

/** Changes whose touched models are remembered: what a watch may be behind, or resume over, without starting anew. */
export const TOUCH_LOG_MAX = 1_024;
/** Models that one remembered change names; a change of more counts as one of all. */
const TOUCHED_NAMED_MAX = 256;

/** What one change, or several together, may have changed the answers of. */
export interface Touch {
  readonly touched: Touched;
  /** Whether a model came or went, so that names may stand for others than before. */
  readonly renames: boolean;
  /** Models that went away with a change of all. */
  readonly removed: readonly string[];
  /** Whether models may have gone away that neither `touched` nor `removed` names. */
  readonly isWhole: boolean;
}

interface Entry extends Touch {
  readonly revision: number;
}

/**
 * The newest changes of configs, by revision: which models each touched. What lies before the start is one change of everything,
 * because nobody knows what it was.
 */
export class TouchLog {
  readonly #max: number;
  readonly #entries: Entry[];
  #floor: number;
  /** Readers are mostly at the same place. */
  #lastSum: { readonly revision: number; readonly newest: number; readonly sum: Touch } | undefined;

  constructor(revision: number, max = TOUCH_LOG_MAX) {
    this.#max = max;
    this.#floor = revision - 1;
    this.#entries = [{ revision, touched: "all", renames: true, removed: [], isWhole: true }];
  }

  /** The oldest revision after which every change is known. */
  get floor(): number {
    return this.#floor;
  }

  add(entry: Entry): void {
    assert(entry.revision > this.#newest(), "a change that touches configs takes a revision");
    const isLarge = entry.touched !== "all" && entry.touched.size > TOUCHED_NAMED_MAX;
    this.#entries.push(isLarge ? { ...entry, touched: "all", isWhole: true } : entry);
    // Cut in steps, so that a change costs the same however long the log is.
    if (this.#entries.length < this.#max * 2) return;
    const dropped = this.#entries.splice(0, this.#entries.length - this.#max);
    this.#floor = dropped.at(-1)?.revision ?? this.#floor;
  }

  /** Everything after a revision together; undefined where that is not known any more. */
  since(revision: number): Touch | undefined {
    if (revision < this.#floor) return undefined;
    const newest = this.#newest();
    const last = this.#lastSum;
    if (last?.revision === revision && last.newest === newest) return last.sum;
    const sum = this.#sum(revision);
    this.#lastSum = { revision, newest, sum };
    return sum;
  }

  #newest(): number {
    return this.#entries.at(-1)?.revision ?? this.#floor;
  }

  #sum(revision: number): Touch {
    const named = new Set<string>();
    const removed = new Set<string>();
    let isAll = false;
    let renames = false;
    let isWhole = false;
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const entry = this.#entries[index];
      if (!entry || entry.revision <= revision) break;
      if (entry.touched === "all") isAll = true;
      else for (const model of entry.touched) named.add(model);
      for (const model of entry.removed) removed.add(model);
      renames ||= entry.renames;
      isWhole ||= entry.isWhole;
    }
    return {
      touched: isAll ? "all" : named,
      renames,
      removed: isAll ? [...new Set([...removed, ...named])] : [],
      isWhole,
    };
  }
}
