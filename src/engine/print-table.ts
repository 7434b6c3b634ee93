const SLOTS_MIN = 1024;
/** Entries of one bucket of a sealed table, on average. */
const BUCKET_ENTRIES = 4;

/**
 * A growing table of entries of a fixed number of words, the first two of which are the fingerprint that they are found by: open
 * addressing with linear probing; a slot is full where its fingerprint is not zero.
 */
export class PrintTable {
  readonly #width: number;
  readonly #words: Uint32Array;
  readonly #mask: number;
  #size = 0;

  /** @param width words of an entry, at least three. */
  constructor(width: number, slots = SLOTS_MIN) {
    this.#width = width;
    this.#words = new Uint32Array(slots * width);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** The entry of a fingerprint. */
  get(high: number, low: number): Uint32Array | undefined {
    const place = this.#find(high, low);
    return this.#isEmpty(place) ? undefined : this.#words.subarray(place, place + this.#width);
  }

  /** The table with an entry more, or with it in place of the one that had its fingerprint: itself, or one twice as large. */
  with(entry: ArrayLike<number>): PrintTable {
    const table = this.#size * 3 < (this.#mask + 1) * 2 ? this : this.#grown();
    table.#set(entry);
    return table;
  }

  /** The same entries in a form that takes less room and no further ones. Costs a few milliseconds per 250,000. */
  sealed(): SealedPrints {
    const words = new Uint32Array(this.#size * this.#width);
    let end = 0;
    for (let place = 0; place < this.#words.length; place += this.#width) {
      if (this.#isEmpty(place)) continue;
      for (let word = 0; word < this.#width; word++)
        words[end + word] = this.#words[place + word] ?? 0;
      end += this.#width;
    }
    return new SealedPrints(this.#width, words);
  }

  #grown(): PrintTable {
    const grown = new PrintTable(this.#width, (this.#mask + 1) * 2);
    for (let place = 0; place < this.#words.length; place += this.#width) {
      if (this.#isEmpty(place)) continue;
      const to = grown.#find(this.#words[place] ?? 0, this.#words[place + 1] ?? 0);
      for (let word = 0; word < this.#width; word++)
        grown.#words[to + word] = this.#words[place + word] ?? 0;
    }
    grown.#size = this.#size;
    return grown;
  }

  #set(entry: ArrayLike<number>): void {
    const place = this.#find(entry[0] ?? 0, entry[1] ?? 0);
    if (this.#isEmpty(place)) this.#size += 1;
    // Word by word: copying so few at once costs more.
    for (let word = 0; word < this.#width; word++) this.#words[place + word] = entry[word] ?? 0;
  }

  #isEmpty(place: number): boolean {
    return this.#words[place] === 0 && this.#words[place + 1] === 0;
  }

  #find(high: number, low: number): number {
    let slot = low & this.#mask;
    for (;;) {
      const place = slot * this.#width;
      if (this.#isEmpty(place)) return place;
      if (this.#words[place] === high && this.#words[place + 1] === low) return place;
      slot = (slot + 1) & this.#mask;
    }
  }
}

/** Entries that no other joins any more, sorted into buckets by the upper bits of their fingerprint; one byte each above their words. */
export class SealedPrints {
  readonly #width: number;
  readonly #words: Uint32Array;
  /** Where each bucket begins, in entries; one more for the end of the last. */
  readonly #starts: Uint32Array;
  readonly #shift: number;

  /** @param words the entries in any order, each fingerprint once. */
  constructor(width: number, words: Uint32Array) {
    this.#width = width;
    const count = words.length / width;
    const bits = Math.max(1, Math.ceil(Math.log2(Math.max(1, count / BUCKET_ENTRIES))));
    this.#shift = 32 - bits;
    const starts = new Uint32Array(2 ** bits + 1);
    for (let place = 0; place < words.length; place += width) {
      const bucket = (words[place] ?? 0) >>> this.#shift;
      starts[bucket + 1] = (starts[bucket + 1] ?? 0) + 1;
    }
    for (let bucket = 1; bucket < starts.length; bucket++) {
      starts[bucket] = (starts[bucket] ?? 0) + (starts[bucket - 1] ?? 0);
    }
    const next = starts.slice();
    const sorted = new Uint32Array(words.length);
    for (let place = 0; place < words.length; place += width) {
      const bucket = (words[place] ?? 0) >>> this.#shift;
      const index = next[bucket] ?? 0;
      next[bucket] = index + 1;
      for (let word = 0; word < width; word++)
        sorted[index * width + word] = words[place + word] ?? 0;
    }
    this.#words = sorted;
    this.#starts = starts;
  }

  get size(): number {
    return this.#words.length / this.#width;
  }

  /** The entry of a fingerprint. */
  get(high: number, low: number): Uint32Array | undefined {
    const bucket = high >>> this.#shift;
    const end = (this.#starts[bucket + 1] ?? 0) * this.#width;
    let place = (this.#starts[bucket] ?? 0) * this.#width;
    for (; place < end; place += this.#width) {
      if (this.#words[place] === high && this.#words[place + 1] === low)
        return this.#words.subarray(place, place + this.#width);
    }
    return undefined;
  }
}
