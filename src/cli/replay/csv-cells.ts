/** The cells of a record; undefined where a quote is not closed, or not followed by a comma. A quote begins a cell or means itself. */
export function cellsOf(text: string): string[] | undefined {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const end = text.indexOf(",", at);
      cells.push(text.slice(at, end < 0 ? text.length : end));
      if (end < 0) return cells;
      at = end + 1;
      continue;
    }
    let cell = "";
    at += 1;
    for (;;) {
      const quote = text.indexOf('"', at);
      if (quote < 0) return undefined;
      cell += text.slice(at, quote);
      at = quote + 1;
      if (text[at] !== '"') break;
      cell += '"';
      at += 1;
    }
    cells.push(cell);
    if (at >= text.length) return cells;
    if (text[at] !== ",") return undefined;
    at += 1;
  }
}
