import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/**
 * Everything that must hold before a change goes in, the cheapest first, up to the first that does not. Changes nothing in the
 * working tree.
 */
interface Step {
  readonly name: string;
  /** Answers whether it holds; what does not was printed. */
  readonly holds: () => boolean;
  readonly remedy: string;
}

const root = join(import.meta.dirname, "..");
const GENERATED = "src/gen";

const STEPS: readonly Step[] = [
  command("biome ci .", "npm run format, and mend the rest by hand"),
  command("tsc -p .", "mend the types"),
  command("buf lint", "mend the protos"),
  command("buf format -d --exit-code proto", "npm run format"),
  command(
    "buf breaking proto --against proto/baseline.binpb",
    "keep the names and numbers that were released",
  ),
  { name: "generated code is current", holds: isGeneratedCurrent, remedy: "npm run generate" },
  command("knip", "remove what nothing uses"),
  command("node scripts/test.ts", "mend what the tests found"),
];

for (const { name, holds, remedy } of STEPS) {
  const startedAt = performance.now();
  console.log(`\n== ${name}`);
  const isWell = holds();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(isWell ? `== ${name}: well, ${seconds} s` : `== ${name}: failed, ${seconds} s`);
  if (!isWell) {
    console.error(`what to do: ${remedy}`);
    process.exit(1);
  }
}

function command(line: string, remedy: string): Step {
  return { name: line, holds: () => run(line.split(" ")), remedy };
}

/** Runs a program of the project, whether or not npm started this script. */
function run([program = "", ...args]: readonly string[]): boolean {
  const path = [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const env = { ...process.env, PATH: path };
  return spawnSync(program, args, { cwd: root, stdio: "inherit", env }).status === 0;
}

/** Generates into a scratch directory and compares byte for byte. */
function isGeneratedCurrent(): boolean {
  const scratch = mkdtempSync(join(tmpdir(), "attuned-generated-"));
  try {
    if (!run(["buf", "generate", "--output", scratch])) return false;
    const fresh = filesOf(join(scratch, GENERATED));
    const committed = filesOf(join(root, GENERATED));
    const names = new Set([...fresh.keys(), ...committed.keys()]);
    const stale = [...names].filter((name) => fresh.get(name) !== committed.get(name));
    for (const name of stale.toSorted()) console.error(`not current: ${GENERATED}/${name}`);
    return stale.length === 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function filesOf(folder: string): ReadonlyMap<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "latin1")]),
  );
}
