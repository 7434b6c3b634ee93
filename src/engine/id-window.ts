import { OUTCOME_ID_TTL_MS, OUTCOME_IDS_MAX } from "../domain/kernel/limits.ts";

/** Ids of one stretch of time. Whole generations are forgotten at once, so that forgetting costs nothing per id. */
interface Generation {
  readonly startedAtMs: number;
  newestAtMs: number;
  table: IdTable;
}

/** A generation takes ids for an eighth of the window; so the window's true length is between 7/8 and 8/8 of the stated one. */
const GENERATIONS = 8;
const GENERATION_MS = OUTCOME_ID_TTL_MS / GENERATIONS;
const GENERATION_IDS_MAX = OUTCOME_IDS_MAX / GENERATIONS;

export type IdVerdict = "new" | "duplicate" | "reused";

/**
 * Remembers which outcome ids were stored, with a fingerprint of their content, for 24 hours or 4 million ids, whichever is less.
 *
 * An id is kept as 64 bits of a keyed hash plus 32 bits of its content: 12 bytes in open-addressed typed arrays. The key keeps
 * producers from choosing ids that collide; by chance two of 4 million collide with probability 4e-7.
 */
export class IdWindow {
  readonly #seedHigh: number;
  readonly #seedLow: number;
  /** Oldest first. */
  #generations: Generation[] = [];

  constructor(seed: { readonly high: number; readonly low: number }) {
    this.#seedHigh = seed.high;
    this.#seedLow = seed.low;
  }

  fingerprint(outcomeId: string): { readonly high: number; readonly low: number } {
    return { high: hash32(outcomeId, this.#seedHigh), low: hash32(outcomeId, this.#seedLow) };
  }

  check(outcomeId: string, content: number): IdVerdict {
    const { high, low } = this.fingerprint(outcomeId);
    for (let i = this.#generations.length - 1; i >= 0; i--) {
      const stored = this.#generations[i]?.table.get(high, low);
      if (stored !== undefined) return stored === content >>> 0 ? "duplicate" : "reused";
    }
    return "new";
  }

  add(high: number, low: number, content: number, atMs: number): void {
    let newest = this.#generations.at(-1);
    if (
      !newest ||
      atMs - newest.startedAtMs >= GENERATION_MS ||
      newest.table.size >= GENERATION_IDS_MAX
    ) {
      newest = { startedAtMs: atMs, newestAtMs: atMs, table: new IdTable(1024) };
      this.#generations.push(newest);
      if (this.#generations.length > GENERATIONS) this.#generations.shift();
    }
    newest.newestAtMs = Math.max(newest.newestAtMs, atMs);
    newest.table = newest.table.withRoom();
    newest.table.set(high, low, content);
  }

  /** Forgets generations that are wholly outside the window. */
  forget(nowMs: number): void {
    this.#generations = this.#generations.filter(
      (generation) => nowMs - generation.newestAtMs < OUTCOME_ID_TTL_MS,
    );
  }

  get size(): number {
    return this.#generations.reduce((sum, generation) => sum + generation.table.size, 0);
  }

  /** How far back ids are told apart now, in milliseconds: the stated window, less where ids ran out of room. */
  lengthMs(nowMs: number): number {
    const oldest = this.#generations[0];
    if (!oldest || this.#generations.length < GENERATIONS) return OUTCOME_ID_TTL_MS;
    return Math.min(OUTCOME_ID_TTL_MS, nowMs - oldest.startedAtMs);
  }
}

/** Open addressing with linear probing; three words per slot, full where the first two are not both zero. */
class IdTable {
  readonly #words: Uint32Array;
  readonly #mask: number;
  size = 0;

  constructor(slots: number) {
    this.#words = new Uint32Array(slots * 3);
    this.#mask = slots - 1;
  }

  get(high: number, low: number): number | undefined {
    const place = this.#find(high, low);
    return this.#isEmpty(place) ? undefined : this.#words[place + 2];
  }

  set(high: number, low: number, content: number): void {
    const place = this.#find(high, low);
    if (this.#isEmpty(place)) this.size += 1;
    this.#words[place] = high;
    this.#words[place + 1] = low;
    this.#words[place + 2] = content;
  }

  /** This table, or one twice as large once two thirds are full. */
  withRoom(): IdTable {
    const slots = this.#mask + 1;
    if (this.size * 3 < slots * 2) return this;
    const grown = new IdTable(slots * 2);
    for (let place = 0; place < this.#words.length; place += 3) {
      if (this.#isEmpty(place)) continue;
      grown.set(this.#words[place] ?? 0, this.#words[place + 1] ?? 0, this.#words[place + 2] ?? 0);
    }
    return grown;
  }

  #isEmpty(place: number): boolean {
    return this.#words[place] === 0 && this.#words[place + 1] === 0;
  }

  #find(high: number, low: number): number {
    let slot = low & this.#mask;
    for (;;) {
      const place = slot * 3;
      if (this.#isEmpty(place)) return place;
      if (this.#words[place] === high && this.#words[place + 1] === low) return place;
      slot = (slot + 1) & this.#mask;
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
