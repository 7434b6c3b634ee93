import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.ts";

const root = join(import.meta.dirname, "..", "..");
const guide = readFileSync(join(root, "docs", "operations.md"), "utf8");
const fences = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? "");
const spans = guide.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`([^`]+)`/g);
const code = [
  ...fences.flatMap((fence) => fence.split("\n")),
  ...spans.map(([, text = ""]) => text),
];

test("every command of the guide exists", () => {
  const commands = code.flatMap((text) => {
    const words = /(?:^|-- |exec \S+ )attuned ([a-z]+)(?: ([a-z]+))?/.exec(text);
    return words?.[1] === undefined ? [] : [{ group: words[1], full: `${words[1]} ${words[2]}` }];
  });
  expect(commands.length).toBeGreaterThan(8);
  const names = COMMANDS.map(({ name }) => name);
  for (const { group, full } of commands)
    expect(names.includes(full) || names.includes(group), full).toBe(true);
});

test("every file of the guide exists", () => {
  const files = code.filter((text) => /^deploy\/[\w./-]+$/.test(text) && !text.endsWith("/"));
  expect(files.length).toBeGreaterThan(5);
  for (const file of files) expect(existsSync(join(root, file)), file).toBe(true);
});
