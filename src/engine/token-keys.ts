import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../platform/random.ts";

/** A key that tokens are sealed with. */
export interface TokenKey {
  /** Four bytes that travel with the token and pick the key. */
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
  /** When it was made, and when another one took its place; in milliseconds since 1970. Unknown of keys from elsewhere. */
  readonly createdAtMs?: number;
  readonly replacedAtMs?: number;
}

/** The first key seals, all of them open: so keys rotate with overlap. */
export type TokenKeys = readonly [TokenKey, ...TokenKey[]];

const ID_BYTES = 4;
const SECRET_BYTES = 32;
const FILE_NAME = "token-keys.json";
/** Keys of one file: a rotation a day within the overlap, with room. */
const TOKEN_KEYS_MAX = 16;

export function createTokenKey(random: Random, nowMs: number): TokenKey {
  return { id: random.bytes(ID_BYTES), secret: random.bytes(SECRET_BYTES), createdAtMs: nowMs };
}

/** Where the keys of a data directory are. */
export function tokenKeysPath(dataDir: string): string {
  return join(dataDir, FILE_NAME);
}

/** Reads the keys of the data directory, making the first one when there is none. The file is for its owner only. */
export async function loadTokenKeys(
  dataDir: string,
  made: { readonly random: Random; readonly nowMs: number },
): Promise<TokenKeys> {
  const path = tokenKeysPath(dataDir);
  const known = await readTokenKeys(path);
  if (known) return known;
  const keys: TokenKeys = [createTokenKey(made.random, made.nowMs)];
  await writeTokenKeys(path, keys);
  return keys;
}

/** Reads a key file; undefined where there is none. Errors: says what is wrong with which file. */
export async function readTokenKeys(path: string): Promise<TokenKeys | undefined> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseTokenKeys(text, path);
}

/** Writes a key file, whole or not at all. */
export async function writeTokenKeys(path: string, keys: TokenKeys): Promise<void> {
  const encoded = keys.map(({ id, secret, createdAtMs, replacedAtMs }) => ({
    id: hex(id),
    secret: hex(secret),
    ...(createdAtMs === undefined ? {} : { createdAtMs }),
    ...(replacedAtMs === undefined ? {} : { replacedAtMs }),
  }));
  const temporary = `${path}.new`;
  await writeFile(temporary, `${JSON.stringify({ keys: encoded })}\n`, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}

/** What is shown of a key. */
export function idOfKey({ id }: TokenKey): string {
  return hex(id);
}

/**
 * The keys with a new one that seals from now on. Those before it go on opening, until nothing that they sealed counts any more: `overlapMs`
 * after they were replaced. Beyond TOKEN_KEYS_MAX the oldest go at once.
 */
export function rotatedKeys(
  keys: TokenKeys,
  key: TokenKey,
  at: { readonly nowMs: number; readonly overlapMs: number },
): TokenKeys {
  const { nowMs, overlapMs } = at;
  const opening = keys
    .map((before) => ({ ...before, replacedAtMs: before.replacedAtMs ?? nowMs }))
    .filter(({ replacedAtMs }) => nowMs - replacedAtMs < overlapMs);
  return [key, ...opening.slice(0, TOKEN_KEYS_MAX - 1)];
}

/** The keys with others that open too, behind those that are there. Errors: TOO_MANY where there is no room. */
export function withOpeningKeys(keys: TokenKeys, others: TokenKeys, nowMs: number): TokenKeys {
  const known = new Set(keys.map(idOfKey));
  const added = others
    .filter((key) => !known.has(idOfKey(key)))
    .map((key) => ({ ...key, replacedAtMs: nowMs }));
  const [first, ...rest] = keys;
  const all: TokenKeys = [first, ...rest, ...added];
  if (all.length > TOKEN_KEYS_MAX)
    throw new Error(
      `${all.length} keys are more than the ${TOKEN_KEYS_MAX} that are kept; rotate some out first`,
    );
  return all;
}

/** Copies the keys of a data directory, where it has keys of its own, so that tokens hold on a copy of it too. */
export async function copyTokenKeys(dataDir: string, to: string): Promise<void> {
  const text = await readFile(join(dataDir, FILE_NAME), "utf8").catch(() => undefined);
  if (text !== undefined) await writeFile(join(to, FILE_NAME), text, { mode: 0o600 });
}

/** Parses a key file. Errors: says what is wrong with which file. */
export function parseTokenKeys(text: string, path: string): TokenKeys {
  const keys = entriesOf(text, path).map(({ id, secret, createdAtMs, replacedAtMs }): TokenKey => {
    const key = {
      id: Buffer.from(String(id), "hex"),
      secret: Buffer.from(String(secret), "hex"),
      ...(typeof createdAtMs === "number" ? { createdAtMs } : {}),
      ...(typeof replacedAtMs === "number" ? { replacedAtMs } : {}),
    };
    if (key.id.length !== ID_BYTES || key.secret.length < SECRET_BYTES) {
      throw new Error(
        `${path}: a key needs an id of ${ID_BYTES} bytes and a secret of ${SECRET_BYTES}, both in hexadecimal`,
      );
    }
    return key;
  });
  if (new Set(keys.map(idOfKey)).size < keys.length)
    throw new Error(`${path}: two keys have the same id; give each one of its own`);
  const [first, ...others] = keys;
  if (!first) throw new Error(`${path}: holds no key; remove the file to have one made`);
  return [first, ...others];
}

interface KeyEntry {
  readonly id?: unknown;
  readonly secret?: unknown;
  readonly createdAtMs?: unknown;
  readonly replacedAtMs?: unknown;
}

function entriesOf(text: string, path: string): readonly KeyEntry[] {
  try {
    const parsed = JSON.parse(text) as { keys?: KeyEntry[] } | null;
    return parsed?.keys ?? [];
  } catch {
    throw new Error(`${path}: is no JSON; put the file back, or remove it to have a key made`);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
