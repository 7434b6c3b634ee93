import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..", "..");
const fixtures = join(import.meta.dirname, "fixtures");
const node = process.execPath;

let scratch = "";
let shipped = "";

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "attuned-bundle-"));
  const built = join(scratch, "built");
  await bundle({ entry: "entry.ts", out: built });
  // Shipping moves the directory: nothing in it may remember where it was built.
  shipped = join(scratch, "shipped");
  await rename(built, shipped);
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

function bundle({ entry, out }: { entry: string; out: string }) {
  const script = join(root, "scripts", "bundle.ts");
  return run(node, [script, "--entry", join(fixtures, entry), "--out", out], { cwd: root });
}

test("the bundle runs from an empty directory, without a checkout or node_modules", async () => {
  const empty = join(scratch, "empty");
  await mkdir(empty);
  const { stdout } = await run(node, [join(shipped, "attuned.mjs"), join(scratch, "level")], {
    cwd: empty,
    env: {},
  });
  expect(JSON.parse(stdout)).toStrictEqual({
    word: "attuned",
    yaml: { a: 1 },
    metrics: "\n",
    types: 0,
    server: "function",
  });
});

test("the bundle is a command of its own", async () => {
  const { stdout } = await run(join(shipped, "attuned.mjs"), [join(scratch, "level")]);
  expect(JSON.parse(stdout)).toMatchObject({ word: "attuned" });
});

test("the package beside the bundle has the version of the project and starts the bundle", async () => {
  const project = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const manifest = JSON.parse(await readFile(join(shipped, "package.json"), "utf8"));
  expect(manifest.version).toBe(project.version);
  expect(manifest.bin).toStrictEqual({ attuned: "attuned.mjs" });
  expect(manifest).not.toHaveProperty("dependencies");
});

test("the licences of bundled packages travel with the bundle", async () => {
  const licences = await readFile(join(shipped, "THIRD_PARTY_LICENSES"), "utf8");
  for (const name of ["classic-level", "level", "prom-client", "yaml", "@connectrpc/connect"])
    expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
  expect(licences).toContain("Permission is hereby granted");
  expect(await readFile(join(shipped, "LICENSE"), "utf8")).toContain("Apache License");
});

test("a source that reads a file beside itself is refused with the reason", async () => {
  const out = join(scratch, "refused");
  const failure = await bundle({ entry: "reads-beside-itself.ts", out }).then(
    () => "bundled",
    (error: { stderr: string }) => error.stderr,
  );
  expect(failure).toContain("import.meta.url is another place in the bundle");
});
