import type { AppliedWatch } from "../domain/drift/applied-watch.ts";
import type { DriftFinding } from "../domain/drift/drift.ts";
import type { MetricWatch, WatchedMetric } from "../domain/drift/metric-watch.ts";
import type { Arm } from "../domain/outcome/outcome.ts";
import type { Slices } from "../platform/slices.ts";
import { decodeJson, type Store } from "../store/store.ts";

/** What is known of one arm. */
export interface ArmWatch {
  readonly arm: Arm;
  readonly metrics: Readonly<Partial<Record<WatchedMetric, MetricWatch>>>;
  readonly applied: AppliedWatch;
  /** When the last outcome of it was folded, by the daemon's clock. */
  readonly heardMs: number;
}

/** What stays in memory of a watch that was put aside. */
interface Aside {
  readonly findings: readonly DriftFinding[];
  readonly heardMs: number;
}

/** Watches that are read at once. */
const READ_SLICE = 64;
/** A watch that heard nothing for so long is put aside, in milliseconds: an hour, as long as a pair is live. */
const ASIDE_AFTER_MS = 60 * 60 * 1000;

/**
 * The watches of arms by their keys. Each takes about 6 kB, so memory holds those that hear outcomes now (LIVE_PAIRS_MAX, twice at the
 * turn of an hour: 24 MB); of the others it holds what they found, and the store the rest.
 */
export class WatchedArms {
  readonly #store: Store;
  readonly #inUse = new Map<string, ArmWatch>();
  readonly #aside = new Map<string, Aside>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Watches in memory. */
  get size(): number {
    return this.#inUse.size;
  }

  /** A watch in memory; `fetch` brings it there. */
  get(key: string): ArmWatch | undefined {
    return this.#inUse.get(key);
  }

  set(key: string, watch: ArmWatch): void {
    this.#inUse.set(key, watch);
    this.#aside.delete(key);
  }

  delete(key: string): void {
    this.#inUse.delete(key);
    this.#aside.delete(key);
  }

  *keys(): Generator<string> {
    yield* this.#inUse.keys();
    yield* this.#aside.keys();
  }

  /** Reads the stored watches of some arms into memory, where they are not there yet. */
  async fetch(keys: Iterable<string>, slices: Slices): Promise<void> {
    const missing = [...keys].filter((key) => !this.#inUse.has(key));
    for (let start = 0; start < missing.length; start += READ_SLICE) {
      const some = missing.slice(start, start + READ_SLICE);
      const stored = await slices.waitFor(this.#store.bytesMany(some));
      for (const [place, key] of some.entries()) {
        const bytes = stored[place];
        if (bytes) this.set(key, decodeJson<ArmWatch>(bytes));
        await slices.giveWay();
      }
    }
  }

  /** Puts aside what heard nothing for long and is stored as it is, in steps. */
  *putAsideSteps(about: {
    readonly nowMs: number;
    readonly isStored: (key: string) => boolean;
    readonly findingsOf: (watch: ArmWatch) => readonly DriftFinding[];
  }): Generator<undefined, void, undefined> {
    for (const [key, watch] of this.#inUse) {
      yield;
      const { heardMs } = watch;
      if (about.nowMs - heardMs < ASIDE_AFTER_MS || !about.isStored(key)) continue;
      this.#inUse.delete(key);
      const findings = about.findingsOf(watch);
      if (findings.length > 0) this.#aside.set(key, { findings, heardMs });
    }
  }

  /** What is found by all watches that heard an outcome since a time, in steps. */
  *findingSteps(
    sinceMs: number,
    findingsOf: (watch: ArmWatch) => readonly DriftFinding[],
  ): Generator<undefined, DriftFinding[], undefined> {
    const found: DriftFinding[] = [];
    for (const watch of this.#inUse.values()) {
      if (watch.heardMs >= sinceMs) found.push(...findingsOf(watch));
      yield;
    }
    for (const [key, { findings, heardMs }] of this.#aside) {
      if (heardMs >= sinceMs) found.push(...findings);
      else this.#aside.delete(key);
      yield;
    }
    return found;
  }
}
