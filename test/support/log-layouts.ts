import type { JsonObject } from "@bufbuild/protobuf";
import fc from "fast-check";

/** Bytes in chunks of some sizes; what is left is the last. */
export async function* chunked(
  bytes: Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

/** Objects as a log may hold them: anything in them, but no list called `data`, which would make a page of them. */
export const anyRecords: fc.Arbitrary<JsonObject[]> = fc.array(
  fc
    .dictionary(
      fc.oneof(fc.string({ unit: "grapheme", maxLength: 6 }), fc.constantFrom("data", "id", "a\\")),
      fc.oneof(
        fc.jsonValue({ maxDepth: 3 }),
        fc.constantFrom('\\"}{[', "}\n{", [{ data: [{}] }], [[], [{}]], { data: [1] }, ""),
      ),
      { maxKeys: 5 },
    )
    // As text and back, which leaves -0 and prototypes out.
    .map((row) => JSON.parse(JSON.stringify(row)) as JsonObject)
    .filter((row) => !Array.isArray(row["data"])),
  { maxLength: 6 },
);

type Layout = (rows: readonly JsonObject[]) => string;

const join =
  (separator: string, begin = "", end = "", indent: number | string = 0): Layout =>
  (rows) =>
    begin + rows.map((row) => JSON.stringify(row, null, indent)).join(separator) + end;

const page =
  (indent: number | string): Layout =>
  (rows) =>
    JSON.stringify({ meta: { data: [{ x: 1 }] }, data: rows, next: { page: [2] } }, null, indent);

/** Each half in a page of its own. */
const pages =
  (indent: number | string, separator: string): Layout =>
  (rows) => {
    const middle = Math.floor(rows.length / 2);
    return [rows.slice(0, middle), rows.slice(middle)].map(page(indent)).join(separator);
  };

const array =
  (indent: number | string): Layout =>
  (rows) =>
    JSON.stringify(rows, null, indent);

/** Several lines and no indent. */
const flat =
  (layout: Layout): Layout =>
  (rows) =>
    layout(rows).replaceAll(/\n */g, "\n");

const LAYOUTS = {
  "an object a line": join("\n", "", "\n"),
  "an object a line, as Windows has it": join("\r\n", "\ufeff", "\r\n"),
  "objects in one line": join(""),
  "indented objects": join("\n", "", "\n", 2),
  "an array in a line": array(0),
  "an indented array": array(2),
  "an array with tabs": array("\t"),
  "an array without indent": flat(array(1)),
  "an array of a line each": join(",\n", "[\n", "\n]\n"),
  "an array of a line each, begun at once": join("\n,", "[", "]"),
  "a page in a line": page(0),
  "an indented page": page(4),
  "a page without indent": flat(page(1)),
  "a page a line": pages(0, "\n"),
  "pages in one line": pages(0, ""),
  "indented pages": pages(2, "\n"),
  "an array of pages": (rows) => `[${pages(0, ",")(rows)}]`,
  "a page of a line each": join(",\n", '{"data":[\n', '\n],"meta":{"x":[{}]}}\n'),
} satisfies Readonly<Record<string, Layout>>;

/** The name of a layout, which a failing test shows. */
export const anyLayout: fc.Arbitrary<keyof typeof LAYOUTS> = fc.constantFrom(
  ...(Object.keys(LAYOUTS) as (keyof typeof LAYOUTS)[]),
);

export function laidOut(rows: readonly JsonObject[], layout: keyof typeof LAYOUTS): string {
  return LAYOUTS[layout](rows);
}
