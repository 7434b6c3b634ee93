import { assert } from "../domain/kernel/assert.ts";
import { FEEDBACK_TARGETS_MAX, FEEDBACK_TTL_MS } from "../domain/kernel/limits.ts";
import type { OutcomeStanding } from "../domain/outcome/correction.ts";
import type { AssignmentRef, Outcome } from "../domain/outcome/outcome.ts";
import { callEndOf } from "../domain/outcome/status.ts";
import { keys, ranges, sequenceOfKey } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import { decodeTargetChunk, encodeTargetChunk, type StoredPlace } from "../store/target-chunk.ts";
import type { LiveArm } from "./arms.ts";
import type { Cells } from "./cells.ts";
import type { CheckpointPart } from "./checkpoints.ts";
import type { UnitReport } from "./experiments/unit-report.ts";
import type { Fingerprint } from "./id-window.ts";
import type { JournalPlace } from "./journal.ts";
import { PrintGenerations } from "./print-generations.ts";
import {
  GENERATIONS,
  TARGET_WORDS,
  type TargetEntry,
  type TargetPlace,
  TargetPlaces,
  targetEntry,
  targetWords,
  wordsOfLayout2,
} from "./target-entry.ts";
import { WordList } from "./word-list.ts";

/** How feedback names an outcome: by its id, or as the newest one with a reference. */
export type OutcomeName = { readonly outcomeId: string } | { readonly externalRef: string };

/** Or as the one that the token of a lookup names which was a unit of its own. */
type TargetName =
  | OutcomeName
  | { readonly lookup: Pick<AssignmentRef, "experimentId" | "boot" | "sequence"> };

/** An outcome that can still be corrected. */
export interface Target {
  readonly live: LiveArm;
  /** Hour of the cell that counted it. */
  readonly hour: number;
  /** Its record in the journal, and its place there. */
  readonly sequence: number;
  readonly index: number;
  /** Whether it brought scores of its own: the journal knows them. */
  readonly hasScores: boolean;
  /** Whether its call failed: then it counts the worst of a score that it does not have. */
  readonly isFailed: boolean;
  /** The unit that it belongs to, and how it stands there; undefined for one of none. */
  readonly unit: Pick<UnitReport, "assignment" | "standing"> | undefined;
}

/** How an outcome was counted. */
export interface CountedOutcome {
  readonly live: LiveArm;
  readonly hour: number;
  readonly unit: UnitReport | undefined;
}

const NO_UNIT: OutcomeStanding = { report: undefined, isFailed: false };
const GENERATION_MAX = FEEDBACK_TARGETS_MAX / GENERATIONS;
/** Entries that are taken over between two turns of the event loop: a millisecond at most. */
const ENTRIES_PER_SLICE = 4_000;

/** One name of an outcome that came before the older targets were read. */
interface Early {
  readonly print: Fingerprint;
  readonly entry: Omit<TargetEntry, "place">;
  readonly at: TargetPlace;
}

interface StoredChunk {
  /** Watermark of its checkpoint: its entries are of records up to there. */
  readonly sequence: number;
  readonly atMs: number;
  readonly entries: number;
}

/**
 * Where the newest million outcomes were counted, by the names that feedback may use: 29 bytes each in memory, and 340 for each
 * place. Written with every checkpoint; what came after it is in the journal. Older outcomes can no longer be corrected, nor those of
 * arms that were forgotten.
 */
export class Targets implements CheckpointPart {
  readonly #store: Store;
  readonly #cells: Cells;
  readonly #print: (text: string) => Fingerprint;
  readonly #generations = new PrintGenerations(TARGET_WORDS);
  readonly #places = new TargetPlaces();
  #chunks: StoredChunk[] = [];
  #words = new WordList();
  /** The list of the checkpoint before, whose room the next one uses. */
  #spare = new WordList();
  #saving: WordList | undefined;
  /** Targets of records up to here are gone from the disk, with their scores. */
  #trimmedThrough = 0;
  #isLoaded = false;
  #tail: Early[] = [];

  constructor(deps: { store: Store; cells: Cells; print: (text: string) => Fingerprint }) {
    this.#store = deps.store;
    this.#cells = deps.cells;
    this.#print = deps.print;
  }

  get size(): number {
    return this.#generations.size;
  }

  /** What the targets take in memory. */
  get bytes(): number {
    return this.#generations.bytes + this.#places.bytes;
  }

  /** Places where these outcomes were counted. */
  get placeCount(): number {
    return this.#places.size;
  }

  /** Remembers an outcome that is on disk. */
  add(outcome: Outcome, { live, hour, unit }: CountedOutcome, at: JournalPlace): void {
    const entry = {
      ...{ hour, sequence: at.sequence, index: at.index },
      hasScores: Object.keys(outcome.scores).length > 0,
      unit: unit?.assignment.sequence ?? 0,
      standing: {
        ...(unit?.standing ?? NO_UNIT),
        isFailed: callEndOf(outcome.status) === "failed",
      },
    };
    for (const name of namesOf(outcome, unit)) {
      const early = { print: this.#print(name), entry, at: { live, drawn: unit?.assignment } };
      if (this.#isLoaded) this.#remember(early);
      else this.#tail.push(early);
    }
  }

  find(name: TargetName): Target | undefined {
    assert(this.#isLoaded, "targets are loaded before they are asked for");
    const { high, low } = this.#print(textOf(name));
    const words = this.#generations.get(high, low);
    if (!words) return undefined;
    const { place, hour, sequence, index, hasScores, unit, standing } = targetEntry(words);
    if (sequence <= this.#trimmedThrough) return undefined;
    const known = this.#places.at(place);
    if (!known) return undefined;
    const { live, drawn } = known;
    const assignment = drawn && { ...drawn, sequence: unit };
    return {
      ...{ live, hour, sequence, index, hasScores, isFailed: standing.isFailed },
      unit: assignment && { assignment, standing },
    };
  }

  /** Reads what the checkpoints wrote, in slices. Called once, while nothing is added. */
  async load(): Promise<void> {
    const chunks: StoredChunk[] = [];
    let slice = 0;
    for await (const [key, bytes] of this.#store.scanBytes({ range: ranges.targets })) {
      const { atMs, places: stored, width, words } = decodeTargetChunk(bytes);
      chunks.push({ sequence: sequenceOfKey(key), atMs, entries: words.length / width });
      const places = stored.map((each) => this.#knownPlace(each));
      for (let at = 0; at < words.length; at += width) {
        const index = words[at + 2] ?? 0;
        const known = places[index];
        if (known === undefined) continue;
        this.#makeRoom();
        // A chunk of many generations may use one place in the first and the last of them.
        const place = this.#places.use(known) ? known : this.#knownPlace(stored[index]);
        places[index] = place;
        if (place === undefined) continue;
        words[at + 2] = place;
        const entry = words.subarray(at, at + width);
        this.#generations.add(width === TARGET_WORDS ? entry : wordsOfLayout2(entry));
        slice += 1;
        if (slice % ENTRIES_PER_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    this.#chunks = chunks;
    this.#isLoaded = true;
    for (const early of this.#tail) this.#remember(early);
    this.#tail = [];
  }

  beginCheckpoint(watermark: number, atMs: number): StoreOp[] {
    assert(!this.#saving, "one checkpoint at a time");
    this.#saving = this.#words;
    this.#words = this.#spare;
    if (this.#saving.length === 0) return [];
    const { words, places } = this.#stored(this.#saving.words.slice());
    const width = TARGET_WORDS;
    this.#chunks.push({ sequence: watermark, atMs, entries: words.length / width });
    const bytes = encodeTargetChunk({ atMs, places, width, words });
    return [{ put: keys.targets(watermark), bytes }];
  }

  endCheckpoint(result: "written" | "failed"): void {
    assert(this.#saving, "a checkpoint was begun");
    const saved = this.#saving;
    this.#saving = undefined;
    if (result === "failed") {
      if (saved.length > 0) this.#chunks.pop();
      saved.push(this.#words.words);
    }
    const [going, over] = result === "failed" ? [saved, this.#words] : [this.#words, saved];
    over.clear();
    this.#words = going;
    this.#spare = over;
  }

  /** Removes targets on disk beyond the bound or the time, with the scores that feedback brought for them. */
  async trim(nowMs: number): Promise<void> {
    let stored = this.#chunks.reduce((sum, { entries }) => sum + entries, 0);
    let watermark: number | undefined;
    for (let oldest = this.#chunks[0]; oldest; oldest = this.#chunks[0]) {
      const isBeyond = stored - oldest.entries >= FEEDBACK_TARGETS_MAX;
      if (!isBeyond && nowMs - oldest.atMs < FEEDBACK_TTL_MS) break;
      stored -= oldest.entries;
      watermark = oldest.sequence;
      this.#chunks.shift();
    }
    if (watermark === undefined) return;
    this.#trimmedThrough = watermark;
    await this.#store.clear({ gte: ranges.targets.gte, lt: keys.targets(watermark + 1) });
    const scores = { gte: ranges.targetScores.gte, lt: keys.targetScores(watermark + 1, 0) };
    await this.#store.clear(scores);
  }

  /** Drops what is known of an arm that is known no more: its outcomes can no longer be corrected, as after a restart. */
  forget(live: LiveArm): void {
    this.#places.forget(live);
  }

  /** Entries with the indices of their places in a list of their own; in place, and without those whose place is held no more. */
  #stored(words: Uint32Array): { readonly words: Uint32Array; readonly places: StoredPlace[] } {
    const indices = new Map<number, number>();
    const places: StoredPlace[] = [];
    let end = 0;
    for (let at = 0; at < words.length; at += TARGET_WORDS) {
      const own = words[at + 2] ?? 0;
      let index = indices.get(own);
      if (index === undefined) {
        const place = this.#places.at(own);
        if (!place) continue;
        index = places.length;
        indices.set(own, index);
        places.push(storedPlace(place));
      }
      words.copyWithin(end, at, at + TARGET_WORDS);
      words[end + 2] = index;
      end += TARGET_WORDS;
    }
    return { words: words.slice(0, end), places };
  }

  #remember({ print, entry, at }: Early): void {
    this.#makeRoom();
    const place = this.#places.indexOf(at.live, at.drawn);
    const words = targetWords(print, { ...entry, place });
    this.#generations.add(words);
    this.#words.push(words);
  }

  /** Begins a generation where the newest one is full, which drops the oldest with the places that it alone used. */
  #makeRoom(): void {
    if (this.#generations.newestSize < GENERATION_MAX) return;
    if (this.#generations.sealedCount >= GENERATIONS - 1) this.#generations.dropOldest();
    this.#generations.seal();
    this.#places.beginGeneration();
  }

  /** Index of a place that the store tells; undefined where its arm was forgotten. */
  #knownPlace(stored: StoredPlace | undefined): number | undefined {
    if (!stored) return undefined;
    const [scope, configId, experimentId, boot = 0, arm = 0] = stored;
    const live = this.#cells.arms.get(scope, configId);
    const drawn = experimentId === undefined ? undefined : { experimentId, boot, arm };
    return live && this.#places.indexOf(live, drawn);
  }
}

function storedPlace({ live, drawn }: TargetPlace): StoredPlace {
  const { scopeKey, arm } = live;
  if (!drawn) return [scopeKey, arm.configId];
  return [scopeKey, arm.configId, drawn.experimentId, drawn.boot, drawn.arm];
}

function namesOf({ outcomeId, externalRef, assignment }: Outcome, unit?: UnitReport): string[] {
  const names = [textOf({ outcomeId })];
  if (externalRef !== "") names.push(textOf({ externalRef }));
  // A token whose unit a crash took names its newest outcome.
  if (assignment && (unit?.isNamedByToken ?? true)) names.push(textOf({ lookup: assignment }));
  return names;
}

/** A text that no two names share. */
function textOf(name: TargetName): string {
  if ("outcomeId" in name) return `o${name.outcomeId}`;
  if ("externalRef" in name) return `r${name.externalRef}`;
  const { experimentId, boot, sequence } = name.lookup;
  return `a${boot} ${sequence} ${experimentId}`;
}
