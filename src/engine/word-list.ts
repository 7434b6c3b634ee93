/** A growing list of 32-bit words: four bytes each instead of a number's eight and more. */
export class WordList {
  #words = new Uint32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(words: ArrayLike<number>): void {
    const length = this.#length + words.length;
    if (length > this.#words.length) {
      const grown = new Uint32Array(Math.max(this.#words.length * 2, length));
      grown.set(this.#words);
      this.#words = grown;
    }
    // A few words are copied one by one sooner than all at once.
    if (words.length > 16) this.#words.set(words, this.#length);
    else
      for (let word = 0; word < words.length; word++)
        this.#words[this.#length + word] = words[word] ?? 0;
    this.#length = length;
  }

  /** Forgets the words and keeps the room. */
  clear(): void {
    this.#length = 0;
  }

  /** The words; valid until the next change. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#length);
  }
}
