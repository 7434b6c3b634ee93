import { cellsOf } from "./csv-cells.ts";
import type { Line } from "./lines.ts";

/** How large a record may be that spans several lines, so that a quote that nobody closed does not hold the rest of the file. */
export interface RecordBounds {
  readonly lines: number;
  /** Characters of its text. */
  readonly length: number;
}

/** A row of a chat with its prompt and answer is smaller by far. */
const RECORD_BOUNDS: RecordBounds = { lines: 1_000, length: 1_048_576 };

/**
 * Joins the lines of a CSV file into records: a field in quotes may hold line breaks, which count as LF (RFC 4180). A record has the
 * number of its first line. Where a quote is not closed within the bounds, or what it would join has not as many columns as the first
 * record, its line alone is a record, as it stands, and reading goes on with the line after it. Holds one record at a time.
 */
export async function* csvRecords(
  lines: AsyncIterable<Line>,
  bounds: RecordBounds = RECORD_BOUNDS,
): AsyncGenerator<Line> {
  const records = new Records(bounds);
  for await (const line of lines) yield* records.add(line);
  yield* records.end();
}

class Records {
  readonly #bounds: RecordBounds;
  /** Lines that no record holds yet. */
  #lines: Line[] = [];
  /** How many of them were looked at, whether they leave a quote open, and how long they are. */
  #scanned = 0;
  #isOpen = false;
  #length = 0;
  #columns: number | undefined;

  constructor(bounds: RecordBounds) {
    this.#bounds = bounds;
  }

  *add(line: Line): Generator<Line> {
    this.#lines.push(line);
    yield* this.#whole();
  }

  *end(): Generator<Line> {
    while (this.#lines.length > 0) {
      yield this.#take(1);
      yield* this.#whole();
    }
  }

  /** The records that are whole. */
  *#whole(): Generator<Line> {
    for (let next = this.#lines[this.#scanned]; next; next = this.#lines[this.#scanned]) {
      const isFirst = this.#scanned === 0;
      this.#scanned += 1;
      this.#length += next.text.length + 1;
      const isBroken = next.problem !== undefined;
      this.#isOpen = !isBroken && isOpenAfter(next.text, this.#isOpen);
      if (isFirst && !this.#isOpen) yield this.#take(1);
      else if (!this.#isOpen) yield this.#take(isBroken ? 1 : this.#joinable());
      else if (this.#isBeyond()) yield this.#take(1);
    }
  }

  /** All lines that were looked at, where they fit together, else one. */
  #joinable(): number {
    const cells = cellsOf(textOf(this.#lines.slice(0, this.#scanned)));
    const isFitting = cells && (this.#columns === undefined || cells.length === this.#columns);
    return isFitting ? this.#scanned : 1;
  }

  #isBeyond(): boolean {
    return this.#scanned >= this.#bounds.lines || this.#length > this.#bounds.length;
  }

  #take(count: number): Line {
    const taken = this.#lines.splice(0, count);
    this.#scanned = 0;
    this.#isOpen = false;
    this.#length = 0;
    const [first] = taken;
    const text = textOf(taken);
    this.#columns ??= cellsOf(text)?.length;
    const problem = first?.problem;
    return { number: first?.number ?? 0, text, ...(problem === undefined ? {} : { problem }) };
  }
}

function textOf(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join("\n");
}

/** Whether a quote is open at the end of a line. A quote begins a field or means itself. */
function isOpenAfter(text: string, isOpen: boolean): boolean {
  let at = 0;
  let open = isOpen;
  for (;;) {
    if (open) {
      const quote = text.indexOf('"', at);
      if (quote < 0) return true;
      const isDoubled = text[quote + 1] === '"';
      at = quote + (isDoubled ? 2 : 1);
      if (isDoubled) continue;
      open = false;
    } else if (text[at] === '"') {
      open = true;
      at += 1;
      continue;
    }
    const comma = text.indexOf(",", at);
    if (comma < 0) return false;
    at = comma + 1;
  }
}
