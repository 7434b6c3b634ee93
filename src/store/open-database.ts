import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import type { Database } from "./database.ts";
import { StoreOpenError } from "./store-error.ts";

/** How long a locked directory is tried again, in milliseconds: a predecessor may still be closing. */
const LOCKED_RETRY_MS = 2000;
const LOCKED_RETRY_STEP_MS = 100;

/**
 * Opens the LevelDB in `<dataDir>/store`, creating it when it is not there.
 * Errors: StoreOpenError("locked") when another process holds it, ("unreadable") when it cannot be read or written.
 */
export async function openDatabase(
  dataDir: string,
  wait: (ms: number) => Promise<void>,
): Promise<Database> {
  const location = join(dataDir, "store");
  try {
    await mkdir(location, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StoreOpenError(
      "unreadable",
      `cannot create the data directory ${dataDir}: ${messageOf(cause)}`,
      cause,
    );
  }
  for (let waitedMs = 0; ; waitedMs += LOCKED_RETRY_STEP_MS) {
    const db = new Level<string, Uint8Array>(location, {
      valueEncoding: "view",
      maxFileSize: 8 * 1024 * 1024,
    });
    try {
      await db.open();
      return db as unknown as Database;
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      if (codeOf(cause) !== "LEVEL_LOCKED") {
        throw new StoreOpenError(
          "unreadable",
          `cannot open the store in ${location}: ${messageOf(cause)}`,
          cause,
        );
      }
      if (waitedMs >= LOCKED_RETRY_MS) {
        throw new StoreOpenError(
          "locked",
          `another process holds the store in ${location}; stop it or use another --data-dir`,
          cause,
        );
      }
    }
    await wait(LOCKED_RETRY_STEP_MS);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
