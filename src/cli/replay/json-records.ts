import { JSON_BYTE, LinePlace, ObjectScan } from "./json-object.ts";
import { LINE_BYTES_MAX, type Line, textOf } from "./lines.ts";

const { lineFeed, comma, openBracket, closeBracket, openBrace, closeBrace } = JSON_BYTE;

/** What ends something in a list that is no object. */
const LIST_BYTES = new Set<number>([comma, openBracket, closeBracket, closeBrace]);

/**
 * Splits bytes into the objects of a log, however they are cut into chunks and however they are laid out: objects one after another,
 * a line each or over several lines; arrays of them; and pages of an API, objects whose member `data` is the array. All of it may come
 * several times and stand in one line. Every object has a number, from 1. What is no object, and what is cut off, has a number too and
 * costs no other; where a record is cut is told by `ObjectScan`. Holds one object of at most `maxBytes` at a time.
 */
export async function* jsonRecords(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = LINE_BYTES_MAX,
): AsyncGenerator<Line> {
  const splitter = new Splitter(maxBytes);
  for await (const chunk of chunks) yield* splitter.add(chunk);
  yield* splitter.end();
}

class Splitter {
  readonly #maxBytes: number;
  readonly #line = new LinePlace();
  #number = 0;
  /** Bytes of the record that is being read, as far as they are not too many, and how many there were. */
  #parts: Uint8Array[] = [];
  #length = 0;
  /** The object that is being read. */
  #object: ObjectScan | undefined;
  /** The page whose list is being read, or what comes after the list. */
  #page: ObjectScan | undefined;
  /** One of the page's records was cut off, so its end may have gone with it. */
  #isPageCut = false;
  /** Lists that are open between a page's own and what is read, or, without a page, around what is read. */
  #lists = 0;
  /** Lists that are open around the page. */
  #listsAroundPage = 0;
  /** What is being read is no object. */
  #isLoose = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  *add(chunk: Uint8Array): Generator<Line> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#object) at = yield* this.#readObject(this.#object, chunk, at);
      else if (this.#isLoose) at = yield* this.#readLoose(chunk, at);
      else at = this.#readBetween(chunk, at);
    }
  }

  *end(): Generator<Line> {
    const isInPage = this.#page !== undefined && !this.#isPageCut;
    if (this.#object && this.#object !== this.#page)
      yield this.#record(
        `the record is cut off: the file ends ${this.#length} bytes after its start`,
      );
    else if (this.#isLoose) yield this.#record();
    else if (this.#lists > 0 || isInPage)
      yield this.#record("the file ends within a list: what followed is missing");
  }

  *#readObject(object: ObjectScan, chunk: Uint8Array, from: number): Generator<Line, number> {
    const end = object.read(chunk, from);
    const isPage = object === this.#page;
    if (!isPage) this.#take(chunk.subarray(from, end));
    if (object.stop !== undefined) this.#object = undefined;
    if (object.stop === "list") {
      this.#beginList(object);
    } else if (object.stop !== undefined) {
      const isCut = object.stop === "cut";
      if (isPage) this.#endPage();
      // How many of them went on after a cut is not known.
      if (isCut) this.#lists = this.#listsAroundPage = 0;
      if (!isPage) {
        this.#isPageCut ||= isCut;
        yield this.#record(isCut ? "the record is cut off: what follows is another" : undefined);
      }
    }
    return end;
  }

  #beginList(page: ObjectScan): void {
    if (page !== this.#page) {
      this.#listsAroundPage = this.#lists;
      this.#lists = 0;
    }
    this.#page = page;
    this.#isPageCut = false;
    this.#drop();
  }

  #endPage(): void {
    this.#page = undefined;
    this.#lists = this.#listsAroundPage;
    this.#listsAroundPage = 0;
  }

  /** Up to the end of the line, the next object, or, in a list, the end of the element. */
  *#readLoose(chunk: Uint8Array, from: number): Generator<Line, number> {
    const isInList = this.#lists > 0 || this.#page !== undefined;
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      const isEnd = byte === lineFeed || byte === openBrace || (isInList && LIST_BYTES.has(byte));
      if (!isEnd || this.#length + at - from === 0) continue;
      this.#take(chunk.subarray(from, at));
      this.#isLoose = false;
      yield this.#record();
      return at;
    }
    this.#take(chunk.subarray(from));
    return chunk.length;
  }

  /** Up to the start of a record, or to where a page goes on after its list. */
  #readBetween(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (this.#line.takeBlank(byte)) continue;
      this.#line.take();
      if (byte === openBrace) {
        this.#object = new ObjectScan(this.#line);
        this.#take(chunk.subarray(at, at + 1));
        return at + 1;
      }
      if (byte === openBracket) this.#lists += 1;
      else if (byte === closeBracket && this.#lists > 0) this.#lists -= 1;
      else if (byte === closeBracket && this.#page) {
        this.#page.resume();
        this.#object = this.#page;
        return at + 1;
      } else if (byte !== comma && byte !== closeBracket) {
        this.#isLoose = true;
        return at;
      }
    }
    return chunk.length;
  }

  #take(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #drop(): void {
    this.#parts = [];
    this.#length = 0;
  }

  #record(problem?: string): Line {
    this.#number += 1;
    const parts = this.#parts;
    const tooLong =
      this.#length > this.#maxBytes
        ? `the record is longer than ${this.#maxBytes} bytes`
        : undefined;
    const why = problem ?? tooLong;
    this.#drop();
    if (why !== undefined) return { number: this.#number, text: "", problem: why };
    const text = textOf(parts);
    return text === undefined
      ? { number: this.#number, text: "", problem: "the record is not UTF-8" }
      : { number: this.#number, text };
  }
}
