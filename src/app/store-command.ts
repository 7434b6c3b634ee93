import { parseArgs } from "node:util";
import { type CheckedStore, checkStore, type StoreFinding } from "../store/check-store.ts";
import type { Database } from "../store/database.ts";
import { lastGoodPath, readLastGood, stateOf } from "../store/last-good.ts";
import { openDatabase, repairDatabase } from "../store/open-database.ts";
import { StoreOpenError } from "../store/store-error.ts";
import { SERVE_EXIT_CODE } from "./serve.ts";

export interface StoreCommandIo {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: (text: string) => Promise<void>;
  readonly stderr: (text: string) => void;
}

const ACTIONS = ["check", "export", "repair"] as const;
type Action = (typeof ACTIONS)[number];

const USAGE = `attuned store check|export|repair [--data-dir DIR]

Opens the data directory of a daemon that is stopped.
  check   reads every entry, and says what does not decode or fit together; exit code 1 where there is any
  export  prints every entry as one line of JSON: its key, and its value (in base64 where it is no JSON)
  repair  puts together what LevelDB can still read, removes entries that do not decode, takes the configs of the last good
          snapshot where it is as new as the store, and checks again

Example: attuned store check --data-dir ./data
`;

/** What kinds of entries are called, by the first letter of their keys. */
const KIND_NAMES: Readonly<Record<string, string>> = {
  a: "arms",
  c: "stored configs",
  D: "daily cells",
  d: "drifts",
  F: "feedback targets",
  G: "feedback scores",
  h: "changes",
  i: "outcome ids",
  j: "journal records",
  L: "totals of arms",
  l: "hourly cells",
  m: "metadata",
  P: "producers",
  r: "recommendations",
  S: "distributions",
  s: "versions",
  v: "overrides",
  X: "experiments",
};
const FINDINGS_SHOWN_MAX = 50;

/** Runs `attuned store …`; answers the exit code. */
export async function storeCommand(io: StoreCommandIo): Promise<number> {
  const [word = "", ...rest] = io.argv;
  const action = ACTIONS.find((each) => each === word);
  if (!action || rest.includes("--help") || rest.includes("-h")) {
    const isAsked = action !== undefined || word === "--help" || word === "-h";
    if (isAsked) await io.stdout(USAGE);
    else io.stderr(`attuned: store takes check, export or repair\n\n${USAGE}`);
    return isAsked ? SERVE_EXIT_CODE.ok : SERVE_EXIT_CODE.usage;
  }
  try {
    const { values } = parseArgs({ args: rest, options: { "data-dir": { type: "string" } } });
    const dataDir = values["data-dir"] ?? io.env["ATTUNED_DATA_DIR"] ?? "./data";
    return await RUN[action](dataDir, io);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    io.stderr(`attuned: ${message}\n`);
    if (error instanceof StoreOpenError) return SERVE_EXIT_CODE[error.problem];
    const isUsage = error instanceof TypeError && "code" in error;
    return isUsage ? SERVE_EXIT_CODE.usage : SERVE_EXIT_CODE.failed;
  }
}

const RUN: Readonly<Record<Action, (dataDir: string, io: StoreCommandIo) => Promise<number>>> = {
  check,
  export: exportEntries,
  repair,
};

async function check(dataDir: string, io: StoreCommandIo): Promise<number> {
  const database = await openDatabase(dataDir, wait, "existing");
  try {
    return await tell(await checkStore(database), io);
  } finally {
    await database.close();
  }
}

async function exportEntries(dataDir: string, io: StoreCommandIo): Promise<number> {
  const database = await openDatabase(dataDir, wait, "existing");
  try {
    for await (const [key, value] of database.iterator())
      await io.stdout(`${JSON.stringify({ key: key.split("\u0000"), ...jsonOrBase64(value) })}\n`);
    return SERVE_EXIT_CODE.ok;
  } finally {
    await database.close();
  }
}

async function repair(dataDir: string, io: StoreCommandIo): Promise<number> {
  await repairDatabase(dataDir, wait);
  const database = await openDatabase(dataDir, wait, "existing");
  try {
    const { findings } = await checkStore(database);
    const broken = findings.flatMap(({ key }) => key ?? []);
    const batch = database.batch();
    for (const key of broken) batch.del(key);
    await batch.write({ sync: true });
    await putBackConfigs(database, dataDir, io);
    if (broken.length > 0)
      await io.stdout(`removed ${broken.length} entries that do not decode or fit\n`);
    return await tell(await checkStore(database), io);
  } finally {
    await database.close();
  }
}

/**
 * Takes the configs of the last good snapshot where the store holds none newer: entries that cannot be read may have been any of them.
 * The snapshot of another store is left alone.
 */
async function putBackConfigs(
  database: Database,
  dataDir: string,
  io: StoreCommandIo,
): Promise<void> {
  const lastGood = await readLastGood(lastGoodPath(dataDir));
  if (lastGood?.revision === undefined) return;
  const { storeId, revision } = await stateOf(database);
  const isSame = storeId === undefined || storeId === lastGood.storeId;
  if (!isSame || revision > lastGood.revision) return;
  const count = await lastGood.fill(database);
  const asOf = new Date(lastGood.atMs).toISOString();
  await io.stdout(`configs are as of ${asOf}, revision ${lastGood.revision}: ${count} entries\n`);
}

async function tell(report: CheckedStore, io: StoreCommandIo): Promise<number> {
  const { entries, bytes, kinds, findings } = report;
  await io.stdout(`${entries} entries, ${bytes} bytes\n`);
  for (const [kind, count] of [...kinds].sort())
    await io.stdout(
      `  ${String(count).padStart(9)} ${KIND_NAMES[kind] ?? `entries of kind ${kind}`}\n`,
    );
  for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX))
    await io.stdout(`${shown(finding)}\n`);
  const more = findings.length - FINDINGS_SHOWN_MAX;
  if (more > 0) await io.stdout(`and ${more} more findings\n`);
  await io.stdout(findings.length === 0 ? "the store is whole\n" : "the store is damaged\n");
  return findings.length === 0 ? SERVE_EXIT_CODE.ok : SERVE_EXIT_CODE.failed;
}

function shown({ key, message }: StoreFinding): string {
  return key === undefined ? message : `${key.replaceAll("\u0000", " ")}: ${message}`;
}

function jsonOrBase64(
  value: Uint8Array,
): { readonly value: unknown } | { readonly base64: string } {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    return { base64: bytes.toString("base64") };
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
