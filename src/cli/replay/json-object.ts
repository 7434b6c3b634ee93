/** The bytes that JSON is built of. */
export const JSON_BYTE = {
  lineFeed: 0x0a,
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

const SPACE = 0x20;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
/** A mark of byte order in UTF-8; it has no width. */
const BYTE_ORDER_MARK = new Set([0xef, 0xbb, 0xbf]);
/** `data`: the member of an API's page that holds its list. */
const LIST_NAME = [0x64, 0x61, 0x74, 0x61] as const;
/** Deeper containers are counted but not told apart, so that memory stays bounded. No log is nested so deeply. */
const DEPTH_MAX = 1_000;

const { lineFeed, quote, comma, colon, openBracket, backslash, closeBracket, openBrace } =
  JSON_BYTE;

/** Where reading is on its line. */
export class LinePlace {
  #indent = 0;
  #isAtStart = true;

  /** Blanks before the first other byte of the line. */
  get indent(): number {
    return this.#indent;
  }

  /** Whether only blanks were read of the line. */
  get isAtStart(): boolean {
    return this.#isAtStart;
  }

  /** Takes a byte that is blank here; false for any other, which is to be taken by `take`. */
  takeBlank(byte: number): boolean {
    if (byte === lineFeed) {
      this.#indent = 0;
      this.#isAtStart = true;
      return true;
    }
    if (byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN) {
      if (this.#isAtStart) this.#indent += 1;
      return true;
    }
    return this.#isAtStart && BYTE_ORDER_MARK.has(byte);
  }

  /** Takes a byte that is not blank; answers whether it is the first of its line. */
  take(): boolean {
    const isFirst = this.#isAtStart;
    this.#isAtStart = false;
    return isFirst;
  }
}

/** Why the reading of an object stopped: it ended; the list of a page begins; or what comes next is no part of it. */
type Stop = "ended" | "list" | "cut";

/**
 * Finds the end of a JSON object in bytes that come in chunks, without holding them. Begins after its opening brace.
 *
 * An object is cut where what comes cannot be its own: a list ends that does not begin in it; another object stands where it needs a
 * name; or a line that is indented no deeper than the object's own begins with a brace or bracket. The last holds inside of a text too,
 * because texts of JSON hold no line breaks. It does not hold for a brace that fits in an object that is written over several lines
 * without any indent.
 */
export class ObjectScan {
  readonly #line: LinePlace;
  readonly #indent: number;
  /** Open containers by their opening byte, and how many more there are that are too deep for it. */
  #open: number[] = [openBrace];
  #deeper = 0;
  /** Last byte outside of a text that is not blank. */
  #last: number = openBrace;
  #isInText = false;
  #isEscaped = false;
  /** How many bytes of a name are those of the list's; -1 where it is another or no name. */
  #matched = -1;
  #isListNamed = false;
  #isFlat: boolean | undefined;
  #stop: Stop | undefined;

  constructor(line: LinePlace) {
    this.#line = line;
    this.#indent = line.indent;
  }

  /** Undefined while it goes on in the next chunk. */
  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** Reads from a place in a chunk on; answers the place of the first byte that it did not take. */
  read(chunk: Uint8Array, from: number): number {
    this.#stop = undefined;
    let at = from;
    while (at < chunk.length && this.#stop === undefined)
      at = this.#isInText ? this.#readText(chunk, at) : this.#readStructure(chunk, at);
    return at;
  }

  /** Goes on after the list of a page. */
  resume(): void {
    this.#open = [openBrace];
    this.#deeper = 0;
    this.#last = closeBracket;
    this.#isListNamed = false;
  }

  /** Up to the next text, or to where it stops. */
  #readStructure(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#line.takeBlank(byte)) continue;
      const isFirst = this.#line.take();
      this.#isFlat ??= isFirst && this.#line.indent <= this.#indent;
      if (byte === quote) {
        this.#openText();
        return at + 1;
      }
      if (byte === openBrace || byte === openBracket) {
        if (this.#isAnother(byte, isFirst)) return this.#stopAt("cut", at);
        if (byte === openBracket && this.#isList()) return this.#stopAt("list", at + 1);
        this.#push(byte);
      } else if (byte === JSON_BYTE.closeBrace) {
        this.#pop(openBrace);
        if (this.#open.length === 0) return this.#stopAt("ended", at + 1);
      } else if (byte === closeBracket && !this.#pop(openBracket)) return this.#stopAt("cut", at);
      this.#last = byte;
    }
    return chunk.length;
  }

  /** Up to the end of a text, or to where it stops. */
  #readText(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte === lineFeed || this.#line.isAtStart) {
        this.#isEscaped = false;
        if (this.#line.takeBlank(byte)) continue;
        this.#line.take();
        const isOpening = byte === openBrace || byte === openBracket;
        if (isOpening && this.#line.indent <= this.#indent) return this.#stopAt("cut", at);
      }
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === quote) {
        this.#closeText();
        return at + 1;
      } else if (byte === backslash) {
        this.#isEscaped = true;
        this.#matched = -1;
      } else if (this.#matched >= 0)
        this.#matched = LIST_NAME[this.#matched] === byte ? this.#matched + 1 : -1;
    }
    return chunk.length;
  }

  #stopAt(stop: Stop, at: number): number {
    this.#stop = stop;
    return at;
  }

  #openText(): void {
    const isName = this.#open.length === 1 && (this.#last === openBrace || this.#last === comma);
    this.#isInText = true;
    this.#matched = isName ? 0 : -1;
  }

  #closeText(): void {
    this.#isInText = false;
    this.#last = quote;
    this.#isListNamed = this.#matched === LIST_NAME.length;
  }

  #isList(): boolean {
    return this.#isListNamed && this.#open.length === 1 && this.#last === colon;
  }

  /** Whether a brace or bracket begins something else. */
  #isAnother(byte: number, isFirst: boolean): boolean {
    const last = this.#last;
    const isInList = this.#deeper > 0 || this.#open.at(-1) === openBracket;
    const isFitting = last === colon || (isInList && (last === openBracket || last === comma));
    if (isFirst && this.#line.indent <= this.#indent) return !(isFitting && this.#isFlat);
    return !isFitting && byte === openBrace && last === comma;
  }

  #push(opening: number): void {
    if (this.#open.length < DEPTH_MAX) this.#open.push(opening);
    else this.#deeper += 1;
  }

  /** Closes the innermost container of a kind and all in it; false where there is none. */
  #pop(opening: number): boolean {
    if (this.#deeper > 0) {
      this.#deeper -= 1;
      return true;
    }
    const at = this.#open.lastIndexOf(opening);
    if (at >= 0) this.#open.length = at;
    return at >= 0;
  }
}
