import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../domain/kernel/fault.ts";
import { Engine, type EngineOptions } from "../engine/engine.ts";
import type { TokenKeys } from "../engine/token-keys.ts";
import type { Platform } from "../platform/platform.ts";
import { createId } from "../platform/random.ts";
import type { Database } from "../store/database.ts";
import {
  lastGoodPath,
  mismatchWithLastGood,
  readLastGood,
  writeLastGood,
} from "../store/last-good.ts";
import { isDamage, openDatabase } from "../store/open-database.ts";
import { Store } from "../store/store.ts";
import { StoreOpenError } from "../store/store-error.ts";

export interface EngineSources {
  readonly dataDir: string;
  /** Called once the directory is held: two daemons must not both make the first key. */
  readonly loadTokenKeys: () => Promise<TokenKeys>;
  readonly platform: Platform;
  readonly options: EngineOptions;
}

export interface OpenedEngine {
  readonly engine: Engine;
  /** What is wrong with the store, in words; undefined where nothing is. */
  readonly damage: string | undefined;
  /** Finishes what needs the engine, before it is closed. */
  readonly beforeClose: () => Promise<void>;
  /** Cleans up after it is closed. */
  readonly afterClose: () => Promise<void>;
}

/** Between a change and the snapshot of it, in milliseconds: changes that come together share one. */
const SNAPSHOT_DELAY_MS = 1_000;

/**
 * Opens the store and the engine on it. A store that is damaged is left alone: the daemon then serves the configs of the last good
 * snapshot and takes no writes. Errors: StoreOpenError, "damaged" where there is no such snapshot.
 */
export async function openEngine(sources: EngineSources): Promise<OpenedEngine> {
  const { dataDir, platform } = sources;
  try {
    const database = await openDatabase(dataDir, (ms) => wait(platform, ms));
    try {
      await refuseLostState(database, dataDir);
      const engine = await engineOn(database, sources);
      const keeper = keepLastGood(engine, sources);
      return { engine, damage: undefined, beforeClose: keeper, afterClose: async () => {} };
    } catch (error) {
      await database.close();
      throw asOpenError(error, dataDir);
    }
  } catch (error) {
    if (!(error instanceof StoreOpenError) || error.problem !== "damaged") throw error;
    return openDegraded(sources, error);
  }
}

/** Refuses a store that went back behind the snapshot beside it. Errors: StoreOpenError("damaged"). */
async function refuseLostState(database: Database, dataDir: string): Promise<void> {
  const mismatch = await mismatchWithLastGood(database, lastGoodPath(dataDir));
  if (mismatch)
    throw new StoreOpenError("damaged", `the store in ${dataDir} lost what it held: ${mismatch}`);
}

async function openDegraded(sources: EngineSources, damage: StoreOpenError): Promise<OpenedEngine> {
  const { dataDir, platform } = sources;
  const lastGood = await readLastGood(lastGoodPath(dataDir));
  if (!lastGood) {
    const message = `${damage.message}; there is no snapshot to serve from: run attuned store repair, or start on a backup`;
    throw new StoreOpenError("damaged", message, damage);
  }
  const directory = await mkdtemp(join(dataDir, "degraded-"));
  const dispose = () => rm(directory, { recursive: true, force: true });
  try {
    const database = await openDatabase(directory, (ms) => wait(platform, ms));
    await lastGood.fill(database);
    const engine = await engineOn(database, sources);
    engine.store.refuseWrites(
      new Fault(
        "STORE_UNAVAILABLE",
        "the store is damaged: configs are served from the last good snapshot and nothing is written; stop the daemon and run attuned store repair",
        { retryAfterMs: 60_000 },
      ),
    );
    const asOf = new Date(lastGood.atMs).toISOString();
    platform.log.error("the store is damaged; serving the last good configs, taking no writes", {
      cause: damage,
      asOf,
    });
    return {
      engine,
      damage: `${damage.message}; serving the configs as of ${asOf}`,
      beforeClose: async () => {},
      afterClose: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function engineOn(database: Database, sources: EngineSources): Promise<Engine> {
  const { platform, options } = sources;
  const tokenKeys = await sources.loadTokenKeys();
  const store = await Store.open(database, createId(platform.random, "store"));
  return Engine.open({ store, tokenKeys, platform, options });
}

/** Writes the snapshot after every change, a moment later. Answers what writes the last one. */
function keepLastGood(engine: Engine, { dataDir, platform }: EngineSources): () => Promise<void> {
  const path = lastGoodPath(dataDir);
  let cancel: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();
  const write = () => {
    cancel = undefined;
    writing = writing
      .then(() => writeLastGood(engine.store, path, platform.clock.nowMs()))
      .catch((cause) => platform.log.warn("snapshot of the configs not written", { cause }));
  };
  const soon = () => {
    cancel ??= platform.timers.after(SNAPSHOT_DELAY_MS, write);
  };
  engine.onCommit(soon);
  soon();
  return async () => {
    if (cancel) {
      cancel();
      write();
    }
    await writing;
  };
}

/** What goes wrong while an open store is read is damage, except what says otherwise of itself. */
function asOpenError(error: unknown, dataDir: string): unknown {
  if (error instanceof StoreOpenError) return error;
  const message = error instanceof Error ? error.message : String(error);
  // Decoders throw errors without a code; what the system or LevelDB refuse has one.
  const isSystem = error instanceof Fault || (error instanceof Error && "code" in error);
  if (isSystem && !isDamage(error) && !isDamage(causeOf(error))) return error;
  return new StoreOpenError("damaged", `the store in ${dataDir} is damaged: ${message}`, error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function wait(platform: Platform, ms: number): Promise<void> {
  return new Promise((resolve) => platform.timers.after(ms, resolve));
}
