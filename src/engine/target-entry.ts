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

/** Gives places their indices, each one once. */
export class TargetPlaces {
  readonly #places: TargetPlace[] = [];
  readonly #byArm = new Map<LiveArm, Map<string, number>>();

  indexOf(live: LiveArm, drawn: TargetPlace["drawn"]): number {
    let own = this.#byArm.get(live);
    if (!own) {
      own = new Map();
      this.#byArm.set(live, own);
    }
    const key = drawn ? `${drawn.boot} ${drawn.arm} ${drawn.experimentId}` : "";
    let index = own.get(key);
    if (index === undefined) {
      index = this.#places.length;
      this.#places.push({ live, ...(drawn ? { drawn: placeOf(drawn) } : {}) });
      own.set(key, index);
    }
    return index;
  }

  at(index: number): TargetPlace {
    const place = this.#places[index];
    assert(place, "a target has a place");
    return place;
  }
}

function placeOf({ experimentId, boot, arm }: NonNullable<TargetPlace["drawn"]>) {
  return { experimentId, boot, arm };
}
