const SLOTS_MIN = 1024;
/** Entries of one bucket of a sealed table, on average. */
const BUCKET_ENTRIES = 4;
const WORD_BYTES = Uint32Array.BYTES_PER_ELEMENT;

/**
 * A growing table of entries of a fixed number of words, the first two of which are the fingerprint that they are found by: open
 * addressing with linear probing, where the upper bits of a fingerprint say the slot, so that entries lie about in the order in which
 * a sealed table keeps them. A slot is full where its fingerprint is not zero.
 */
export class PrintTable {
  readonly width: number;
  #words: Uint32Array;
  /** Slots less one. */
  #mask = SLOTS_MIN - 1;
  #shift = 32 - Math.log2(SLOTS_MIN);
  #size = 0;

  /** @param width words of an entry, at least two. */
  constructor(width: number) {
    this.width = width;
    this.#words = new Uint32Array(SLOTS_MIN * width);
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** The entry of a fingerprint; valid until the next change. */
  get(high: number, low: number): Uint32Array | undefined {
    const place = this.#find(high, low);
    return this.#isEmpty(place) ? undefined : this.#words.subarray(place, place + this.width);
  }

  /** Adds the entry that begins at a place of `words`, or puts it in place of the one that had its fingerprint. */
  add(words: Uint32Array, at: number): void {
    if (this.#size * 3 >= (this.#mask + 1) * 2) this.#grow();
    const place = this.#find(words[at] ?? 0, words[at + 1] ?? 0);
    if (this.#isEmpty(place)) this.#size += 1;
    // Word by word: copying so few at once costs more.
    for (let word = 0; word < this.width; word++) this.#words[place + word] = words[at + word] ?? 0;
  }

  /** Forgets every entry and keeps the room. */
  clear(): void {
    this.#words.fill(0);
    this.#size = 0;
  }

  /** The slots, one after the other; an empty one begins with two zeros. Valid until the next change. */
  get slots(): Uint32Array {
    return this.#words;
  }

  #grow(): void {
    const words = this.#words;
    this.#mask = this.#mask * 2 + 1;
    this.#shift -= 1;
    this.#words = new Uint32Array(words.length * 2);
    for (let from = 0; from < words.length; from += this.width) {
      const high = words[from] ?? 0;
      const low = words[from + 1] ?? 0;
      if (high === 0 && low === 0) continue;
      const to = this.#find(high, low);
      for (let word = 0; word < this.width; word++)
        this.#words[to + word] = words[from + word] ?? 0;
    }
  }

  #isEmpty(place: number): boolean {
    return this.#words[place] === 0 && this.#words[place + 1] === 0;
  }

  #find(high: number, low: number): number {
    let slot = high >>> this.#shift;
    for (;;) {
      const place = slot * this.width;
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
  /** Where each bucket ends, in entries: the next one begins there. */
  readonly #ends: Uint32Array;
  readonly #shift: number;

  /**
   * Takes the entries over, sorted: some milliseconds per 250,000.
   *
   * @param spare one that nobody reads any more: its room is used where it is as large as what is needed, and nothing is allocated.
   */
  constructor(table: PrintTable, spare?: SealedPrints) {
    const { width, size } = table;
    const bits = Math.max(1, Math.ceil(Math.log2(Math.max(1, size / BUCKET_ENTRIES))));
    const shift = 32 - bits;
    const isRoom =
      spare !== undefined && spare.#words.length === size * width && spare.#shift === shift;
    const ends = isRoom ? spare.#ends.fill(0) : new Uint32Array(2 ** bits);
    const sorted = isRoom ? spare.#words : new Uint32Array(size * width);
    const { slots } = table;
    for (let place = 0; place < slots.length; place += width) {
      const high = slots[place] ?? 0;
      if (high === 0 && slots[place + 1] === 0) continue;
      const bucket = high >>> shift;
      ends[bucket] = (ends[bucket] ?? 0) + 1;
    }
    let begin = 0;
    for (let bucket = 0; bucket < ends.length; bucket++) {
      const count = ends[bucket] ?? 0;
      ends[bucket] = begin;
      begin += count;
    }
    // Each entry moves the place of the next one on, so that afterwards the beginnings have become the ends.
    for (let place = 0; place < slots.length; place += width) {
      const high = slots[place] ?? 0;
      if (high === 0 && slots[place + 1] === 0) continue;
      const bucket = high >>> shift;
      const index = ends[bucket] ?? 0;
      ends[bucket] = index + 1;
      for (let word = 0; word < width; word++)
        sorted[index * width + word] = slots[place + word] ?? 0;
    }
    this.#width = width;
    this.#words = sorted;
    this.#ends = ends;
    this.#shift = shift;
  }

  get size(): number {
    return this.#words.length / this.#width;
  }

  get bytes(): number {
    return (this.#words.length + this.#ends.length) * WORD_BYTES;
  }

  /** The entry of a fingerprint. */
  get(high: number, low: number): Uint32Array | undefined {
    const bucket = high >>> this.#shift;
    const end = (this.#ends[bucket] ?? 0) * this.#width;
    let place = (bucket === 0 ? 0 : (this.#ends[bucket - 1] ?? 0)) * this.#width;
    for (; place < end; place += this.#width) {
      if (this.#words[place] === high && this.#words[place + 1] === low)
        return this.#words.subarray(place, place + this.#width);
    }
    return undefined;
  }
}
