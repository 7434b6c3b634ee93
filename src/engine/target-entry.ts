import { assert } from "../domain/kernel/assert.ts";
import type { OutcomeStanding } from "../domain/outcome/correction.ts";
import type { AssignmentRef } from "../domain/outcome/outcome.ts";
import type { LiveArm } from "./arms.ts";
import type { Fingerprint } from "./id-window.ts";

/** What many targets share: 20,000 known arms, a few starts of the daemon. */
export interface TargetPlace {
  readonly live: LiveArm;
  /** Of outcomes of an experiment's units. */
  readonly drawn?: Omit<AssignmentRef, "sequence"> | undefined;
}

/** One target as its words say it. */
export interface TargetEntry {
  /** Index of its place. */
  readonly place: number;
  readonly hour: number;
  /** Its record in the journal, and its place there. */
  readonly sequence: number;
  readonly index: number;
  readonly hasScores: boolean;
  /** The unit's place in the order of assignment; 0 for an outcome of none. */
  readonly unit: number;
  readonly standing: OutcomeStanding;
}

/** Fingerprint, place, hour, sequence, what is packed, and the lower word of the unit. */
export const TARGET_WORDS = 7;

// The packed word: 20 bits of index, 6 of the unit, 4 of the report, and two flags.
const INDEX_END = 2 ** 20;
const UNIT_END = 2 ** 38;
const REPORTS_END = 2 ** 4 - 1;
const [UNIT_SHIFT, REPORT_SHIFT, FAILED_BIT, SCORES_BIT] = [20, 26, 30, 31] as const;

/** The words of an entry. */
export function targetWords({ high, low }: Fingerprint, entry: TargetEntry): number[] {
  const { place, hour, sequence, index, hasScores, unit, standing } = entry;
  const report = standing.report === undefined ? 0 : standing.report + 1;
  assert(index < INDEX_END, "a record has fewer than a million outcomes");
  assert(unit < UNIT_END, "fewer than 2^38 units are ever assigned");
  assert(report <= REPORTS_END, "no more reports of a lookup count than their number has room for");
  const packed =
    index |
    (Math.floor(unit / 2 ** 32) << UNIT_SHIFT) |
    (report << REPORT_SHIFT) |
    (Number(standing.isFailed) << FAILED_BIT) |
    (Number(hasScores) << SCORES_BIT);
  return [high, low, place, hour, sequence, packed >>> 0, unit % 2 ** 32];
}

/** What the words of an entry say. */
export function targetEntry(words: ArrayLike<number>): TargetEntry {
  const [place = 0, hour = 0, sequence = 0, packed = 0, low = 0] = Array.from(words).slice(2);
  const report = (packed >>> REPORT_SHIFT) & REPORTS_END;
  return {
    ...{ place, hour, sequence },
    index: packed & (INDEX_END - 1),
    hasScores: packed >>> SCORES_BIT === 1,
    unit: ((packed >>> UNIT_SHIFT) & 63) * 2 ** 32 + low,
    standing: {
      report: report === 0 ? undefined : report - 1,
      isFailed: ((packed >>> FAILED_BIT) & 1) === 1,
    },
  };
}

/** The words of an entry of layout 2, which knew no units: fingerprint, place, hour, sequence, and the index with the flag in its lowest bit. */
export function wordsOfLayout2(words: ArrayLike<number>): number[] {
  const [high = 0, low = 0, place = 0, hour = 0, sequence = 0, packed = 0] = Array.from(words);
  return targetWords(
    { high, low },
    {
      ...{ place, hour, sequence, index: packed >>> 1, hasScores: (packed & 1) === 1, unit: 0 },
      standing: { report: undefined, isFailed: false },
    },
  );
}

/** A place with the generation of targets that used it last. */
interface HeldPlace extends TargetPlace {
  readonly key: string;
  generation: number;
}

/** Generations of targets that places are held for. */
export const GENERATIONS = 16;
/** What a place takes in memory: itself and its rows in two tables, as measured. */
const PLACE_BYTES = 340;
/** Index of a place in a word of an entry: 2,000 new ones an hour take two centuries to get there. */
const PLACES_END = 2 ** 32;

/**
 * Gives places their indices, each of which means one place for ever. A place is held as long as a generation of targets is that used
 * it; one of no experiment no longer than its arm is known, as after a restart. So there are as many as there are known arms, draws
 * of experiments apart, and never more than targets.
 */
export class TargetPlaces {
  /** By index, in the order of the generations that used them last. */
  readonly #places = new Map<number, HeldPlace>();
  readonly #byArm = new Map<LiveArm, Map<string, number>>();
  #next = 0;
  #generation = 0;

  get size(): number {
    return this.#places.size;
  }

  /** What the places take in memory. */
  get bytes(): number {
    return this.#places.size * PLACE_BYTES;
  }

  /** The index of a place, which the newest generation uses from here on. */
  indexOf(live: LiveArm, drawn: TargetPlace["drawn"]): number {
    const own = this.#byArm.get(live) ?? new Map<string, number>();
    const key = drawn ? `${drawn.boot} ${drawn.arm} ${drawn.experimentId}` : "";
    const known = own.get(key);
    if (known !== undefined && this.use(known)) return known;
    const index = this.#next;
    assert(index < PLACES_END, "fewer than 2^32 places are ever used");
    this.#next += 1;
    const place = { live, ...(drawn ? { drawn: placeOf(drawn) } : {}) };
    this.#places.set(index, { ...place, key, generation: this.#generation });
    own.set(key, index);
    this.#byArm.set(live, own);
    return index;
  }

  /** Says that the newest generation uses a place; false where it is held no more. */
  use(index: number): boolean {
    const place = this.#places.get(index);
    if (!place) return false;
    if (place.generation === this.#generation) return true;
    place.generation = this.#generation;
    this.#places.delete(index);
    this.#places.set(index, place);
    return true;
  }

  /** A place; undefined where it is held no more. */
  at(index: number): TargetPlace | undefined {
    return this.#places.get(index);
  }

  /** Another generation of targets begins; the places that only one before the newest GENERATIONS used go with it. */
  beginGeneration(): void {
    this.#generation += 1;
    for (const [index, place] of this.#places) {
      if (this.#generation - place.generation < GENERATIONS) break;
      this.#remove(index, place);
    }
  }

  /** Drops the place of an arm that is known no more. Those of units stay: their experiment still waits for scores. */
  forget(live: LiveArm): void {
    const index = this.#byArm.get(live)?.get("");
    const place = index === undefined ? undefined : this.#places.get(index);
    if (index !== undefined && place) this.#remove(index, place);
  }

  #remove(index: number, { live, key }: HeldPlace): void {
    this.#places.delete(index);
    const own = this.#byArm.get(live);
    own?.delete(key);
    if (own?.size === 0) this.#byArm.delete(live);
  }
}

function placeOf({ experimentId, boot, arm }: NonNullable<TargetPlace["drawn"]>) {
  return { experimentId, boot, arm };
}
