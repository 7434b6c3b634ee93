import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import type { Database } from "./database.ts";
import { StoreOpenError } from "./store-error.ts";
import { findLogDamage } from "./write-log.ts";

/** How long a locked directory is tried again, in milliseconds: a predecessor may still be closing. */
const LOCKED_RETRY_MS = 2000;
const LOCKED_RETRY_STEP_MS = 100;

/**
 * Opens the LevelDB in `<dataDir>/store`, creating it when it is not there unless it is to exist.
 * Errors: StoreOpenError("locked") when another process holds it, ("damaged") when its files do not fit together, ("unreadable") when
 * they cannot be read or written.
 */
export async function openDatabase(
  dataDir: string,
  wait: (ms: number) => Promise<void>,
  which: "any" | "existing" | "existing, damaged or not" = "any",
): Promise<Database> {
  const location = join(dataDir, "store");
  if (which === "any") await makeDataDir(dataDir);
  else if (!existsSync(location))
    throw new StoreOpenError("unreadable", `there is no store in ${dataDir}; name --data-dir`);
  await refuseHeadless(location);
  if (which !== "existing, damaged or not") await refuseDamagedLog(location);
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
          isDamage(cause) ? "damaged" : "unreadable",
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

/** Makes the data directory where it is not there. Errors: StoreOpenError("unreadable"). */
async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(join(dataDir, "store"), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StoreOpenError(
      "unreadable",
      `cannot create the data directory ${dataDir}: ${messageOf(cause)}`,
      cause,
    );
  }
}

/**
 * Refuses a directory that holds data and not the file that names the current state: LevelDB would take it for empty, begin a new
 * store and remove what is there. Errors: StoreOpenError("damaged").
 */
async function refuseHeadless(location: string): Promise<void> {
  const names = await readdir(location).catch((): string[] => []);
  if (names.includes("CURRENT") || !names.some((name) => /\.(ldb|sst|log)$/.test(name))) return;
  throw new StoreOpenError(
    "damaged",
    `cannot open the store in ${location}: the file CURRENT is missing; run attuned store repair`,
  );
}

/** Refuses a log that LevelDB would only read in part. Errors: StoreOpenError("damaged"). */
async function refuseDamagedLog(location: string): Promise<void> {
  const damage = await findLogDamage(location);
  if (!damage) return;
  throw new StoreOpenError(
    "damaged",
    `cannot open the store in ${location}: ${damage.file} cannot be read at byte ${damage.offset}, and writes after it can; run attuned store repair to keep what can be read`,
  );
}

/** Whether files are wrong or missing, rather than out of reach. */
export function isDamage(cause: unknown): boolean {
  return (
    codeOf(cause) === "LEVEL_CORRUPTION" ||
    /corrupt|missing files|no such file|not an sstable|bad (block|magic)|checksum/i.test(
      messageOf(cause),
    )
  );
}

/**
 * Lets LevelDB put a store together again from the files that it can read. What it cannot is lost. Its logs are taken in by opening it
 * first, where that goes: that leaves out writes whose checksum is wrong, and a repair would keep them.
 * Errors: StoreOpenError where another process holds it, or it cannot be read at all.
 */
export async function repairDatabase(
  dataDir: string,
  wait: (ms: number) => Promise<void>,
): Promise<void> {
  await openDatabase(dataDir, wait, "existing, damaged or not").then(
    (database) => database.close(),
    (error: unknown) => {
      if (!(error instanceof StoreOpenError) || error.problem !== "damaged") throw error;
    },
  );
  const repairing = Level as unknown as { repair(location: string): Promise<void> };
  await repairing.repair(join(dataDir, "store"));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
