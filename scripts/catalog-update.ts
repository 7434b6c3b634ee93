/**
 * Makes the committed model catalog: `npm run catalog:update`. Fetches the pinned packages of
 * catalog/packages.yaml, checks them, maps them to our rows, applies catalog/overrides.yaml,
 * writes the snapshot and catalog/SOURCES.md, and prints what changed for a person to review.
 * With `--dry-run` nothing is written.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { CatalogSnapshot } from "../src/domain/catalog/catalog.ts";
import { assemble } from "./catalog/assemble.ts";
import type { Draft } from "./catalog/draft.ts";
import { applyOverrides } from "./catalog/overrides.ts";
import { type PinnedPackage, unpackPackage } from "./catalog/packages.ts";
import { readGenaiPrices, readLlmZoo } from "./catalog/read-cross-checks.ts";
import { readPiAi } from "./catalog/read-pi-ai.ts";
import { describeChange, snapshotText, sourcesText } from "./catalog/report.ts";

/** Largest snapshot in bytes: it is parsed at every start and reviewed in every change. */
const SNAPSHOT_BYTES_MAX = 250_000;

const root = join(import.meta.dirname, "..");
const snapshotFile = join(root, "src/domain/catalog/snapshot.json");
const dryRun = process.argv.includes("--dry-run");

const { packages: pins } = parse(readFileSync(join(root, "catalog/packages.yaml"), "utf8")) as {
  packages: PinnedPackage[];
};
const folder = mkdtempSync(join(tmpdir(), "attuned-catalog-"));
try {
  const [piAi, zoo, genai] = pins.map((pin) => unpackPackage(pin, folder));
  if (piAi === undefined || zoo === undefined || genai === undefined) {
    throw new Error("catalog/packages.yaml must list three packages");
  }
  const main = readPiAi(piAi);
  const { rows, disputes } = assemble({
    piAi: main.models,
    zoo: await readLlmZoo(zoo),
    genai: await readGenaiPrices(genai),
  });
  const all: Map<string, Draft> = new Map(rows);
  applyOverrides(all, readFileSync(join(root, "catalog/overrides.yaml"), "utf8"));
  const snapshot: CatalogSnapshot = {
    schemaVersion: 1,
    generatedAtMs: main.generatedAtMs,
    generatedOn: new Date(main.generatedAtMs).toISOString().slice(0, 10),
    sources: pins.map(({ name, version, licence, use }) => ({ name, version, licence, use })),
    models: [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
  const text = snapshotText(snapshot);
  const bytes = Buffer.byteLength(text);
  if (bytes > SNAPSHOT_BYTES_MAX) throw new Error(`the snapshot has ${bytes} bytes`);
  const before: CatalogSnapshot | undefined = existsSync(snapshotFile)
    ? JSON.parse(readFileSync(snapshotFile, "utf8"))
    : undefined;
  for (const line of describeChange(before?.models ?? [], snapshot.models)) console.log(line);
  console.log(`${snapshot.models.length} models, ${bytes} bytes, ${disputes.length} disputes`);
  if (!dryRun) {
    writeFileSync(snapshotFile, text);
    writeFileSync(join(root, "catalog/SOURCES.md"), sourcesText(pins, snapshot, disputes));
    spawnSync(join(root, "node_modules/.bin/biome"), ["check", "--write", "catalog"], {
      cwd: root,
    });
  }
} finally {
  rmSync(folder, { recursive: true });
}
