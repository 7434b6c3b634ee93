/** One line or record of a file: its text, or why it has none. */
export interface Line {
  /** From 1; unique and increasing within a file. */
  readonly number: number;
  readonly text: string;
  /** Why the text is empty: it is too long, not UTF-8, or cut off. */
  readonly problem?: string;
}

/** Longer lines are skipped: no outcome comes near it, and memory stays bounded. */
export const LINE_BYTES_MAX = 1_048_576;

const NEWLINE = 0x0a;
const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Splits bytes into lines, however they are cut into chunks. The line break, also CR LF, is left out; a last line without one counts;
 * a mark of byte order at the start of a line is left out. Holds one line at a time.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = LINE_BYTES_MAX,
): AsyncGenerator<Line> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (part: Uint8Array) => {
    length += part.length;
    if (length > maxBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const finish = (): Line => {
    number += 1;
    const line = lineOf(number, parts, length > maxBytes ? maxBytes : undefined);
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    take(chunk.subarray(start));
  }
  if (length > 0) yield finish();
}

function lineOf(
  number: number,
  parts: readonly Uint8Array[],
  exceededBytes: number | undefined,
): Line {
  if (exceededBytes !== undefined) {
    return { number, text: "", problem: `the line is longer than ${exceededBytes} bytes` };
  }
  const text = textOf(parts);
  if (text === undefined) return { number, text: "", problem: "the line is not UTF-8" };
  return { number, text: text.endsWith("\r") ? text.slice(0, -1) : text };
}

/** The text of some bytes, without a mark of byte order at its start; undefined where they are not UTF-8. */
export function textOf(parts: readonly Uint8Array[]): string | undefined {
  try {
    return UTF_8.decode(Buffer.concat(parts));
  } catch {
    return undefined;
  }
}
