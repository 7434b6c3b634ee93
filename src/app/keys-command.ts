import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { FEEDBACK_TTL_MS } from "../domain/kernel/limits.ts";
import {
  createTokenKey,
  idOfKey,
  parseTokenKeys,
  readTokenKeys,
  rotatedKeys,
  type TokenKeys,
  tokenKeysPath,
  withOpeningKeys,
  writeTokenKeys,
} from "../engine/token-keys.ts";
import { systemRandom } from "../platform/random.ts";
import { SERVE_EXIT_CODE } from "./serve.ts";

export interface KeysCommandIo {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: number;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** How long a key opens after another one took its place: as long as feedback may name a decision, and a day. */
const OVERLAP_MS = FEEDBACK_TTL_MS + 24 * 60 * 60 * 1000;

const USAGE = `attuned keys list|rotate|import [--data-dir DIR | --token-keys FILE] [--revoke] [FILE]

The keys that decision tokens are sealed with. The first one seals, all of them open.
  list         shows each key by its id; secrets are never shown
  rotate       makes a new key that seals from now on. The ones before open on for 8 days, so that every token counts as long as
               it may; with --revoke they do not, and every token that is out is refused
  import FILE  takes the keys of another daemon's file too, to open what that one sealed

A running daemon takes up the keys on SIGHUP, or at its next start.

Example: attuned keys rotate --data-dir ./data
`;

/** Runs `attuned keys …`; answers the exit code. */
export async function keysCommand(io: KeysCommandIo): Promise<number> {
  const [action = "", ...rest] = io.argv;
  const run = Object.hasOwn(RUN, action) ? RUN[action as keyof typeof RUN] : undefined;
  if (!run || rest.includes("--help") || rest.includes("-h")) {
    const isAsked = run !== undefined || action === "--help" || action === "-h";
    if (isAsked) io.stdout(USAGE);
    else io.stderr(`attuned: keys takes list, rotate or import\n\n${USAGE}`);
    return isAsked ? SERVE_EXIT_CODE.ok : SERVE_EXIT_CODE.usage;
  }
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: {
        "data-dir": { type: "string" },
        "token-keys": { type: "string" },
        revoke: { type: "boolean" },
      },
    });
    const { env } = io;
    const dataDir = values["data-dir"] ?? env["ATTUNED_DATA_DIR"] ?? "./data";
    const file = values["token-keys"] ?? env["ATTUNED_TOKEN_KEYS"];
    const path = values["data-dir"] === undefined && file ? file : tokenKeysPath(dataDir);
    return await run({ path, positionals, isRevoking: values.revoke === true, io });
  } catch (error) {
    io.stderr(`attuned: ${error instanceof Error ? error.message : String(error)}\n`);
    const isUsage = error instanceof TypeError && "code" in error;
    return isUsage ? SERVE_EXIT_CODE.usage : SERVE_EXIT_CODE.failed;
  }
}

interface Run {
  readonly path: string;
  readonly positionals: readonly string[];
  readonly isRevoking: boolean;
  readonly io: KeysCommandIo;
}

const RUN = { list, rotate, import: importKeys } as const;

async function list({ path, io }: Run): Promise<number> {
  tell(await requiredKeys(path), io);
  return SERVE_EXIT_CODE.ok;
}

async function rotate({ path, isRevoking, io }: Run): Promise<number> {
  const { nowMs } = io;
  const key = createTokenKey(systemRandom, nowMs);
  const before = await readTokenKeys(path);
  const overlapMs = isRevoking ? 0 : OVERLAP_MS;
  const keys: TokenKeys = before ? rotatedKeys(before, key, { nowMs, overlapMs }) : [key];
  await writeTokenKeys(path, keys);
  tell(keys, io);
  io.stderr("a running daemon takes it up on SIGHUP, or at its next start\n");
  return SERVE_EXIT_CODE.ok;
}

async function importKeys({ path, positionals, io }: Run): Promise<number> {
  const [from, ...others] = positionals;
  if (from === undefined || others.length > 0) {
    io.stderr("attuned: keys import takes the name of one key file\n");
    return SERVE_EXIT_CODE.usage;
  }
  const imported = parseTokenKeys(await readFile(from, "utf8"), from);
  const before = await readTokenKeys(path);
  const keys = before ? withOpeningKeys(before, imported, io.nowMs) : imported;
  await writeTokenKeys(path, keys);
  tell(keys, io);
  io.stderr("a running daemon takes them up on SIGHUP, or at its next start\n");
  return SERVE_EXIT_CODE.ok;
}

async function requiredKeys(path: string): Promise<TokenKeys> {
  const keys = await readTokenKeys(path);
  if (keys) return keys;
  throw new Error(`${path}: there is no such file; a daemon makes it at its first start`);
}

function tell(keys: TokenKeys, { stdout }: KeysCommandIo): void {
  const rows = keys.map((key, index) => [
    idOfKey(key),
    index === 0 ? "seals and opens" : "opens",
    dayOf(key.createdAtMs),
    index === 0 ? "-" : dayOf(key.replacedAtMs),
  ]);
  const table = [["KEY", "USE", "MADE", "REPLACED"], ...rows];
  for (const [id = "", use = "", made = "", replaced = ""] of table)
    stdout(`${id.padEnd(8)}  ${use.padEnd(15)}  ${made.padEnd(24)}  ${replaced}\n`);
}

function dayOf(ms: number | undefined): string {
  return ms === undefined ? "-" : new Date(ms).toISOString();
}
