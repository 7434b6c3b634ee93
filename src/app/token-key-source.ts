import { readFileSync } from "node:fs";
import type { Engine } from "../engine/engine.ts";
import { idOfKey, loadTokenKeys, parseTokenKeys, type TokenKeys } from "../engine/token-keys.ts";
import type { Platform } from "../platform/platform.ts";
import type { Options } from "./options.ts";

/** The keys of the file that an option names, else those of the data directory. */
export async function tokenKeysOf(
  { tokenKeysFile, dataDir }: Options,
  { random, clock }: Platform,
): Promise<TokenKeys> {
  if (!tokenKeysFile) return loadTokenKeys(dataDir, { random, nowMs: clock.nowMs() });
  return parseTokenKeys(readFileSync(tokenKeysFile, "utf8"), tokenKeysFile);
}

/** Takes up keys that were rotated. A file with a mistake changes nothing. */
export async function reloadTokenKeys(
  engine: Engine,
  options: Options,
  platform: Platform,
): Promise<void> {
  try {
    const keys = await tokenKeysOf(options, platform);
    engine.useTokenKeys(keys);
    platform.log.info("token keys read again", { sealing: idOfKey(keys[0]), keys: keys.length });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    platform.log.error("token keys not read again; those in force stay", { reason });
  }
}
