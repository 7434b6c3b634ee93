import {
  FEEDBACK_TTL_MS,
  JOURNAL_BYTES_MAX,
  OUTCOME_ID_TTL_MS,
  UNIT_SCORES_BYTES_MAX,
} from "../domain/kernel/limits.ts";
import { journalTime } from "../store/journal-codec.ts";
import { keys, ranges, sequenceOfKey } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { CellRetention } from "./cell-retention.ts";
import { type Cells, HOUR_MS } from "./cells.ts";
import type { UnitScores } from "./feedback.ts";
import { trimHistory } from "./history-retention.ts";
import type { Identities } from "./identities.ts";
import type { Targets } from "./targets.ts";

export interface RetentionDeps {
  readonly store: Store;
  readonly cells: Cells;
  readonly identities: Identities;
  readonly targets: Targets;
}

/** Between two looks at the history, in milliseconds. */
const HISTORY_EVERY_MS = HOUR_MS;
/** Journal records that one step looks at and removes. */
const RECORDS_PER_STEP = 500;
/** Between two compactions, in milliseconds: LevelDB does most of it by itself. */
const COMPACT_EVERY_MS = 10 * 60 * 1000;
/** Removed journal records after which their room is given back. */
const COMPACT_AFTER_RECORDS = 1_000;

/**
 * Removes what is older than it is kept. Runs after checkpoints and never beside one, in steps, so that neither the journal nor
 * lookups wait for it: the journal and the ids at each step, the arms a few at a time.
 */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #cells: CellRetention;
  #historyAtMs: number | undefined;
  #removedRecords = 0;
  #compactedAtMs: number | undefined;
  #compacting: Promise<void> | undefined;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
    this.#cells = new CellRetention(deps);
  }

  /** Removes a little of what is to be removed. Errors: the database's. */
  async step(nowMs: number): Promise<void> {
    await this.#deps.identities.trim(nowMs);
    await this.#deps.targets.trim(nowMs);
    await this.#trimJournal(nowMs);
    await this.#trimUnitScores(nowMs);
    await this.#trimHistory(nowMs);
    await this.#cells.step(nowMs);
    this.#compactSoon(nowMs);
  }

  /** Records beyond the time or the bytes that the journal may have. Bytes are LevelDB's estimate, which lags behind. */
  async #trimJournal(nowMs: number): Promise<void> {
    const { store } = this.#deps;
    const bytes = await store.approximateBytes(ranges.journal);
    let excessBytes = bytes - JOURNAL_BYTES_MAX;
    let last: number | undefined;
    let count = 0;
    // The newest record stays: the next one's number is one more.
    const newest = await store.keyFromEnd(ranges.journal, 1);
    const range = { gte: ranges.journal.gte, lt: newest ?? ranges.journal.gte };
    for await (const [key, record] of store.scanBytes({ range, limit: RECORDS_PER_STEP })) {
      if (nowMs - journalTime(record) < OUTCOME_ID_TTL_MS && excessBytes <= 0) break;
      excessBytes -= record.byteLength;
      last = sequenceOfKey(key);
      count += 1;
    }
    if (last === undefined) return;
    await store.clear({ gte: ranges.journal.gte, lt: keys.journal(last + 1) });
    this.#removedRecords += count;
  }

  /** Scores of units beyond the time or the bytes that they are kept for: what comes later is counted as a first score. */
  async #trimUnitScores(nowMs: number): Promise<void> {
    const { store } = this.#deps;
    const range = ranges.unitScores;
    let excessBytes = (await store.approximateBytes(range)) - UNIT_SCORES_BYTES_MAX;
    let last: number | undefined;
    for await (const [key, stored] of store.scan<UnitScores>({ range, limit: RECORDS_PER_STEP })) {
      if (nowMs - stored.atMs < FEEDBACK_TTL_MS && excessBytes <= 0) break;
      excessBytes -= JSON.stringify(stored).length;
      last = sequenceOfKey(key);
    }
    if (last !== undefined) await store.clear({ gte: range.gte, lt: keys.unitScores(last + 1) });
  }

  async #trimHistory(nowMs: number): Promise<void> {
    if (this.#historyAtMs !== undefined && nowMs - this.#historyAtMs < HISTORY_EVERY_MS) return;
    this.#historyAtMs = nowMs;
    await trimHistory(this.#deps.store);
  }

  /** Gives room back to the disk in the background: the journal's, where most is removed. */
  #compactSoon(nowMs: number): void {
    if (this.#compacting || this.#removedRecords < COMPACT_AFTER_RECORDS) return;
    if (this.#compactedAtMs !== undefined && nowMs - this.#compactedAtMs < COMPACT_EVERY_MS) return;
    this.#compactedAtMs = nowMs;
    this.#removedRecords = 0;
    this.#compacting = this.#deps.store
      .compact(ranges.journal)
      .catch(() => undefined)
      .finally(() => {
        this.#compacting = undefined;
      });
  }
}
