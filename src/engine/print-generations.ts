import { PrintTable, SealedPrints } from "./print-table.ts";

/**
 * Entries by fingerprint in the order in which they came, so that the oldest can be forgotten many at a time. The newest generation
 * takes entries; the others are sealed. The room of what was forgotten, and of the newest once it is sealed, is used again: where
 * generations are of one size, a full window allocates nothing.
 */
export class PrintGenerations {
  readonly #width: number;
  /** The words of the entry that is being added. */
  readonly #entry: Uint32Array;
  #newest: PrintTable;
  /** Oldest first. */
  readonly #sealed: SealedPrints[] = [];
  #spare: SealedPrints | undefined;

  /** @param width words of an entry, the first two of which are its fingerprint. */
  constructor(width: number) {
    this.#width = width;
    this.#entry = new Uint32Array(width);
    this.#newest = new PrintTable(width);
  }

  /** Entries of all generations; one that came twice counts in both. */
  get size(): number {
    return this.#sealed.reduce((sum, { size }) => sum + size, this.#newest.size);
  }

  get newestSize(): number {
    return this.#newest.size;
  }

  get sealedCount(): number {
    return this.#sealed.length;
  }

  /** What the tables take in memory. */
  get bytes(): number {
    const sealed = this.#sealed.reduce((sum, { bytes }) => sum + bytes, 0);
    return sealed + this.#newest.bytes + (this.#spare?.bytes ?? 0);
  }

  /** The newest entry of a fingerprint; valid until the next change. */
  get(high: number, low: number): Uint32Array | undefined {
    let entry = this.#newest.get(high, low);
    for (let index = this.#sealed.length - 1; !entry && index >= 0; index--)
      entry = this.#sealed[index]?.get(high, low);
    return entry;
  }

  /** Adds an entry to the newest generation, in place of one that had its fingerprint there. */
  add(entry: ArrayLike<number>): void {
    for (let word = 0; word < this.#width; word++) this.#entry[word] = entry[word] ?? 0;
    this.#newest.add(this.#entry, 0);
  }

  /** The same of the entry that begins at a place of `words`, several times as fast. */
  addWords(words: Uint32Array, at: number): void {
    this.#newest.add(words, at);
  }

  /** Seals the newest generation; what comes is of the next one. */
  seal(): void {
    this.#sealed.push(new SealedPrints(this.#newest, this.#spare));
    this.#spare = undefined;
    this.#newest.clear();
  }

  /** Forgets the oldest generation: the newest where no other is there. */
  dropOldest(): void {
    this.#spare = this.#sealed.shift();
    // A daemon that takes nothing any more gives the room back.
    if (!this.#spare) this.#newest = new PrintTable(this.#width);
  }
}
