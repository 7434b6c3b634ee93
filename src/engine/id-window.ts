import { OUTCOME_ID_TTL_MS, OUTCOME_IDS_MAX } from "../domain/kernel/limits.ts";
import { PrintTable, type SealedPrints } from "./print-table.ts";

/** Ids of one stretch of time. Whole generations are forgotten at once, so that forgetting costs nothing per id. */
interface Generation {
  readonly startedAtMs: number;
  newestAtMs: number;
  ids: PrintTable | SealedPrints;
}

/**
 * A generation takes a sixteenth of the window's time or ids; so the window is never shorter than 15/16 of what it may be. More
 * generations would make each look-up longer, fewer would make sealing one longer.
 */
const GENERATIONS = 16;
const GENERATION_MS = OUTCOME_ID_TTL_MS / GENERATIONS;
const GENERATION_IDS_MAX = OUTCOME_IDS_MAX / GENERATIONS;

/** Words that an id takes: two of its hash, one of its content. */
export const WORDS_PER_ID = 3;

export type IdVerdict = "new" | "duplicate" | "reused";

/** 64 bits of a keyed hash of an id. */
export interface Fingerprint {
  readonly high: number;
  readonly low: number;
}

/** What the hash of ids is keyed with: two secret words. */
export interface IdSeed {
  readonly high: number;
  readonly low: number;
}

/**
 * Remembers which outcome ids were stored, with a fingerprint of their content, for 24 hours or 4 million ids, whichever is less.
 *
 * An id is kept as 64 bits of a keyed hash plus 32 bits of its content. The key keeps producers from choosing ids that collide; by
 * chance two of 4 million collide with probability 4e-7.
 */
export class IdWindow {
  readonly #seed: IdSeed;
  /** Oldest first. Only the last one takes ids, the others are sealed. */
  #generations: Generation[] = [];
  /** When the newest generation that was dropped for lack of room got its first id. */
  #droppedAtMs: number | undefined;

  constructor(seed: IdSeed) {
    this.#seed = seed;
  }

  fingerprint(id: string): Fingerprint {
    return { high: hash32(id, this.#seed.high), low: hash32(id, this.#seed.low) };
  }

  check({ high, low }: Fingerprint, content: number): IdVerdict {
    for (let i = this.#generations.length - 1; i >= 0; i--) {
      const stored = this.#generations[i]?.ids.get(high, low);
      if (stored) return stored[2] === content >>> 0 ? "duplicate" : "reused";
    }
    return "new";
  }

  add({ high, low }: Fingerprint, content: number, atMs: number): void {
    let newest = this.#generations.at(-1);
    if (
      !newest ||
      atMs - newest.startedAtMs >= GENERATION_MS ||
      newest.ids.size >= GENERATION_IDS_MAX
    ) {
      if (newest?.ids instanceof PrintTable) newest.ids = newest.ids.sealed();
      newest = { startedAtMs: atMs, newestAtMs: atMs, ids: new PrintTable(WORDS_PER_ID) };
      this.#makeRoom();
      this.#generations.push(newest);
    }
    newest.newestAtMs = Math.max(newest.newestAtMs, atMs);
    if (newest.ids instanceof PrintTable) newest.ids = newest.ids.with([high, low, content]);
  }

  /** Forgets generations that are wholly outside the window. */
  forget(nowMs: number): void {
    this.#generations = this.#generations.filter(
      (generation) => nowMs - generation.newestAtMs < OUTCOME_ID_TTL_MS,
    );
  }

  get size(): number {
    return this.#generations.reduce((sum, generation) => sum + generation.ids.size, 0);
  }

  /** How far back ids are told apart now, in milliseconds: the stated window, less where ids ran out of room. */
  lengthMs(nowMs: number): number {
    if (this.#droppedAtMs === undefined) return OUTCOME_ID_TTL_MS;
    return Math.max(0, Math.min(OUTCOME_ID_TTL_MS, nowMs - this.#droppedAtMs));
  }

  /** Drops the oldest generations until a full one more fits. */
  #makeRoom(): void {
    while (this.size + GENERATION_IDS_MAX > OUTCOME_IDS_MAX) {
      this.#droppedAtMs = this.#generations.shift()?.newestAtMs;
    }
  }
}

/** Seeded 32-bit hash over UTF-16 units: multiply and rotate per unit, avalanche at the end. Never 0, which marks an empty slot. */
function hash32(text: string, seed: number): number {
  let hash = seed ^ text.length;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e3779b1);
    hash = (hash << 13) | (hash >>> 19);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 0 || 1;
}
