import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Random } from "../platform/random.ts";

/** A key that tokens are sealed with. */
export interface TokenKey {
  /** Four bytes that travel with the token and pick the key. */
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
}

/** The first key seals, all of them open: so keys rotate with overlap. */
export type TokenKeys = readonly [TokenKey, ...TokenKey[]];

const ID_BYTES = 4;
const SECRET_BYTES = 32;
const FILE_NAME = "token-keys.json";

export function createTokenKey(random: Random): TokenKey {
  return { id: random.bytes(ID_BYTES), secret: random.bytes(SECRET_BYTES) };
}

/** Reads the keys of the data directory, making the first one when there is none. The file is for its owner only. */
export async function loadTokenKeys(dataDir: string, random: Random): Promise<TokenKeys> {
  const path = join(dataDir, FILE_NAME);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return parseTokenKeys(text, path);
  const key = createTokenKey(random);
  const encoded = { keys: [{ id: hex(key.id), secret: hex(key.secret) }] };
  const temporary = `${path}.new`;
  await writeFile(temporary, `${JSON.stringify(encoded)}\n`, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, path);
  return [key];
}

/** Copies the keys of a data directory, where it has keys of its own, so that tokens hold on a copy of it too. */
export async function copyTokenKeys(dataDir: string, to: string): Promise<void> {
  const text = await readFile(join(dataDir, FILE_NAME), "utf8").catch(() => undefined);
  if (text !== undefined) await writeFile(join(to, FILE_NAME), text, { mode: 0o600 });
}

/** Parses a key file. Errors: says what is wrong with which file. */
export function parseTokenKeys(text: string, path: string): TokenKeys {
  const parsed = JSON.parse(text) as { keys?: { id?: unknown; secret?: unknown }[] };
  const keys = (parsed.keys ?? []).map(({ id, secret }): TokenKey => {
    const key = { id: Buffer.from(String(id), "hex"), secret: Buffer.from(String(secret), "hex") };
    if (key.id.length !== ID_BYTES || key.secret.length < SECRET_BYTES) {
      throw new Error(
        `${path}: a key needs an id of ${ID_BYTES} bytes and a secret of ${SECRET_BYTES}, both in hexadecimal`,
      );
    }
    return key;
  });
  const [first, ...others] = keys;
  if (!first) throw new Error(`${path}: holds no key; remove the file to have one made`);
  return [first, ...others];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
