import { existsSync, globSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

/**
 * `npm run acceptance`: every row of the checklist with the tests that name its id, or `-` where none does. A test names a row by
 * having its id in a text of its own, such as its title or a row of its table.
 */
const root = resolve(import.meta.dirname, "../..");
const checklist = resolve(root, "../shared/acceptance/seed-checklist.tsv");
if (!existsSync(checklist)) {
  process.stderr.write(`${checklist} is not on this machine\n`);
  process.exit(1);
}

const tests = new Map<string, Set<string>>();
for (const path of globSync(["test/**/*.test.ts", "src/**/*.test.ts"], { cwd: root })) {
  for (const [id, title] of namesIn(readFileSync(join(root, path), "utf8"))) {
    const named = tests.get(id) ?? new Set();
    named.add(title === id ? path : `${path}: ${title}`);
    tests.set(id, named);
  }
}

const rows = readFileSync(checklist, "utf8").trimEnd().split("\n").slice(1);
let shown = 0;
for (const row of rows) {
  const [id = "", , section = "", item = "", , , note = ""] = row.split("\t");
  const named = [...(tests.get(id) ?? [])];
  if (named.length > 0) shown += 1;
  const later = named.length === 0 && note !== "" ? ` (${note})` : "";
  process.stdout.write(`${id}  ${section} | ${item}${later}\n`);
  for (const name of named.length > 0 ? named : ["-"]) process.stdout.write(`      ${name}\n`);
}
process.stdout.write(
  `\n${shown} of ${rows.length} rows of ${relative(root, checklist)} are named by a test\n`,
);

function* namesIn(source: string): Generator<[id: string, title: string]> {
  // Tables written as one text come line by line; everything else is a quoted text on one line.
  const texts = [
    ...source.matchAll(/"([^"\n]*)"|'([^'\n]*)'/g),
    ...source.matchAll(/^([AB]\d{3} .*)$/gm),
  ];
  for (const [, double, single] of texts) {
    const text = double ?? single ?? "";
    for (const [id] of text.matchAll(/\b[AB]\d{3}\b/g)) yield [id, text.trim().slice(0, 120)];
  }
}
