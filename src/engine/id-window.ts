import { OUTCOME_ID_TTL_MS, OUTCOME_IDS_MAX } from "../domain/kernel/limits.ts";
import { PrintGenerations } from "./print-generations.ts";

/** When the first and the newest id of a generation came. */
interface GenerationTime {
  readonly startedAtMs: number;
  newestAtMs: number;
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
  readonly #generations = new PrintGenerations(WORDS_PER_ID);
  /** The words of the id that is being added. */
  readonly #entry = new Uint32Array(WORDS_PER_ID);
  /** Of each generation, oldest first; none before the first id. */
  readonly #times: GenerationTime[] = [];
  /** When the newest generation that was dropped for lack of room got its first id. */
  #droppedAtMs: number | undefined;

  constructor(seed: IdSeed) {
    this.#seed = seed;
  }

  fingerprint(id: string): Fingerprint {
    return { high: hash32(id, this.#seed.high), low: hash32(id, this.#seed.low) };
  }

  check({ high, low }: Fingerprint, content: number): IdVerdict {
    const stored = this.#generations.get(high, low);
    if (!stored) return "new";
    return stored[2] === content >>> 0 ? "duplicate" : "reused";
  }

  add({ high, low }: Fingerprint, content: number, atMs: number): void {
    const words = this.#entry;
    words[0] = high;
    words[1] = low;
    words[2] = content;
    this.addWords(words, 0, atMs);
  }

  /** The same of an id whose words begin at a place of `words`. */
  addWords(words: Uint32Array, at: number, atMs: number): void {
    let newest = this.#times.at(-1);
    const isOver =
      newest !== undefined &&
      (atMs - newest.startedAtMs >= GENERATION_MS ||
        this.#generations.newestSize >= GENERATION_IDS_MAX);
    if (isOver) {
      // Room first: the generation that is dropped leaves it to the one that is sealed.
      this.#makeRoom();
      this.#generations.seal();
    }
    if (!newest || isOver) {
      newest = { startedAtMs: atMs, newestAtMs: atMs };
      this.#times.push(newest);
    }
    if (atMs > newest.newestAtMs) newest.newestAtMs = atMs;
    this.#generations.addWords(words, at);
  }

  /** Forgets generations that are wholly outside the window. */
  forget(nowMs: number): void {
    for (let oldest = this.#times[0]; oldest; oldest = this.#times[0]) {
      if (nowMs - oldest.newestAtMs < OUTCOME_ID_TTL_MS) return;
      this.#dropOldest();
    }
  }

  get size(): number {
    return this.#generations.size;
  }

  /** What the ids take in memory. */
  get bytes(): number {
    return this.#generations.bytes;
  }

  /** How far back ids are told apart now, in milliseconds: the stated window, less where ids ran out of room. */
  lengthMs(nowMs: number): number {
    if (this.#droppedAtMs === undefined) return OUTCOME_ID_TTL_MS;
    return Math.max(0, Math.min(OUTCOME_ID_TTL_MS, nowMs - this.#droppedAtMs));
  }

  /** Drops the oldest generations until a full one more fits. */
  #makeRoom(): void {
    while (this.size + GENERATION_IDS_MAX > OUTCOME_IDS_MAX)
      this.#droppedAtMs = this.#dropOldest()?.newestAtMs;
  }

  #dropOldest(): GenerationTime | undefined {
    this.#generations.dropOldest();
    return this.#times.shift();
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
