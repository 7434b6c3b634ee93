import { Fault } from "../domain/kernel/fault.ts";
import {
  OUTCOME_ID_TTL_MS,
  OUTCOMES_PER_GROUP_MAX,
  OUTCOMES_QUEUED_MAX,
} from "../domain/kernel/limits.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { encodeJournalRecord } from "../store/journal-codec.ts";
import { keys, ranges, sequenceOfKey } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import type { Cells, Checkpoint } from "./cells.ts";
import type { IdVerdict, IdWindow } from "./id-window.ts";

/** What became of one outcome. */
export type Acceptance = "accepted" | "duplicate" | "reused";

interface Waiting {
  readonly outcomes: readonly Outcome[];
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

export interface JournalMeasures {
  groups: number;
  outcomes: number;
  syncSeconds: number;
  failures: number;
  checkpoints: number;
}

const WORDS_PER_ID = 3;

/**
 * The outcome journal: every outcome is on disk before it is acknowledged, and concurrent calls share one synced write.
 *
 * A call's outcomes wait in a bounded queue; the writer takes all that wait (up to OUTCOMES_PER_GROUP_MAX), writes them as one
 * record, folds them into the cells and answers their callers. While it syncs, the next group gathers. A failed write keeps its
 * sequence number for the next record, which overwrites whatever of the failed one may have reached the disk.
 */
export class Journal {
  readonly #store: Store;
  readonly #cells: Cells;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #ids: IdWindow;
  /** Ids that wait for their group, with the end of the call that brought them. */
  readonly #carriers = new Map<string, Promise<void>>();
  readonly #onFolded: (outcome: Outcome) => void;
  readonly measures: JournalMeasures = {
    groups: 0,
    outcomes: 0,
    syncSeconds: 0,
    failures: 0,
    checkpoints: 0,
  };

  #queue: Waiting[] = [];
  #queued = 0;
  #writing: Promise<void> | undefined;
  /** Sequence of the newest record on disk. */
  #sequence = 0;
  #checkpoint: Checkpoint = { watermark: 0, atMs: 0 };
  /** Ids since the last checkpoint, three words each, for its chunk. */
  #newIds: number[] = [];

  constructor(options: {
    store: Store;
    cells: Cells;
    clock: Clock;
    log: Log;
    ids: IdWindow;
    onFolded: (outcome: Outcome) => void;
  }) {
    this.#store = options.store;
    this.#cells = options.cells;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#ids = options.ids;
    this.#onFolded = options.onFolded;
  }

  get queued(): number {
    return this.#queued;
  }

  get ids(): IdWindow {
    return this.#ids;
  }

  /** Records that no checkpoint holds yet. */
  get lag(): number {
    return this.#sequence - this.#checkpoint.watermark;
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /**
   * Stores outcomes; answers once every accepted one, and whatever a duplicate is a duplicate of, is on disk.
   * Errors: QUEUE_FULL, STORE_UNAVAILABLE; with either, nothing of the call counts.
   */
  async append(outcomes: readonly Outcome[]): Promise<Acceptance[]> {
    if (this.#queued + outcomes.length > OUTCOMES_QUEUED_MAX) {
      throw new Fault(
        "QUEUE_FULL",
        `${this.#queued} outcomes wait for the disk; send these again in a second`,
        {
          retryAfterMs: 1000,
          metadata: { queued: String(this.#queued), max: String(OUTCOMES_QUEUED_MAX) },
        },
      );
    }
    this.#queued += outcomes.length;
    try {
      // An id that another call brought is told apart once that call is on disk or refused: only then is it known which of the
      // two counts. Between the last look and the verdicts nothing else may run.
      let carriers = this.#carriersOf(outcomes);
      while (carriers.length > 0) {
        await Promise.allSettled(carriers);
        carriers = this.#carriersOf(outcomes);
      }
      const { acceptances, fresh } = this.#judge(outcomes);
      if (fresh.length > 0) await this.#enqueue(fresh);
      return acceptances;
    } finally {
      this.#queued -= outcomes.length;
    }
  }

  /** Folds a record of the journal again, at boot. */
  refold(sequence: number, outcomes: readonly Outcome[], receivedAtMs: number): void {
    this.#sequence = sequence;
    this.#settle(outcomes, receivedAtMs);
  }

  /** Takes over what a checkpoint and its id chunks say, at boot, before any refold. */
  async restore(checkpoint: Checkpoint): Promise<void> {
    this.#checkpoint = checkpoint;
    this.#sequence = checkpoint.watermark;
    for await (const [, bytes] of this.#store.scanBytes({ range: ranges.outcomeIds }))
      this.#loadIds(bytes);
    this.#ids.forget(this.#clock.nowMs());
  }

  /** Waits until nothing is queued. */
  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /**
   * Writes the cells' changes, the new ids and the watermark in one synced batch, and removes what is older than the window of
   * ids. Does nothing where nothing changed.
   */
  async writeCheckpoint(): Promise<void> {
    const watermark = this.#sequence;
    if (watermark === this.#checkpoint.watermark) return;
    const atMs = this.#clock.nowMs();
    const ids = this.#newIds;
    this.#newIds = [];
    // Taken in the same step as the watermark: what is folded later belongs to the next checkpoint.
    const building = this.#cells.beginCheckpoint(watermark);
    try {
      const ops: StoreOp[] = await building;
      const checkpoint: Checkpoint = { watermark, atMs };
      ops.push({ put: keys.meta("checkpoint"), json: checkpoint });
      ops.push({ put: keys.outcomeIds(watermark), bytes: encodeIds(ids, atMs) });
      await this.#store.write(ops, "sync");
      this.#cells.endCheckpoint("written");
      this.#checkpoint = checkpoint;
      this.measures.checkpoints += 1;
    } catch (error) {
      this.#cells.endCheckpoint("failed");
      this.#newIds = ids.concat(this.#newIds);
      throw error;
    }
    await this.#trim(atMs);
  }

  #carriersOf(outcomes: readonly Outcome[]): Promise<void>[] {
    return outcomes.flatMap(({ outcomeId }) => this.#carriers.get(outcomeId) ?? []);
  }

  #judge(outcomes: readonly Outcome[]): { acceptances: Acceptance[]; fresh: Outcome[] } {
    const fresh: Outcome[] = [];
    const own = new Map<string, number>();
    const acceptances = outcomes.map((outcome): Acceptance => {
      const { outcomeId, content } = outcome;
      const earlier = own.get(outcomeId);
      if (earlier !== undefined) return earlier === content ? "duplicate" : "reused";
      const verdict: IdVerdict = this.#ids.check(outcomeId, content);
      if (verdict !== "new") return verdict;
      own.set(outcomeId, content);
      fresh.push(outcome);
      return "accepted";
    });
    return { acceptances, fresh };
  }

  #enqueue(outcomes: readonly Outcome[]): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#queue.push({ outcomes, resolve, reject });
    });
    for (const { outcomeId } of outcomes) this.#carriers.set(outcomeId, written);
    this.#writing ??= this.#drain();
    return written;
  }

  async #drain(): Promise<void> {
    // One turn of the event loop lets calls that arrived together share the first group too.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#writeGroup(this.#takeGroup());
    // In the same step as the last look at the queue: what is queued from now on starts the next run.
    this.#writing = undefined;
  }

  #takeGroup(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      if (count > 0 && size + waiting.outcomes.length > OUTCOMES_PER_GROUP_MAX) break;
      size += waiting.outcomes.length;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const outcomes = group.flatMap((waiting) => waiting.outcomes);
    const receivedAtMs = this.#clock.nowMs();
    const sequence = this.#sequence + 1;
    const started = this.#clock.monotonicMs();
    try {
      const bytes = encodeJournalRecord(outcomes, receivedAtMs);
      await this.#store.write([{ put: keys.journal(sequence), bytes }], "sync");
    } catch (cause) {
      this.#refuse(group, cause);
      return;
    }
    this.#sequence = sequence;
    this.measures.groups += 1;
    this.measures.outcomes += outcomes.length;
    this.measures.syncSeconds += (this.#clock.monotonicMs() - started) / 1000;
    this.#settle(outcomes, receivedAtMs);
    for (const { outcomeId } of outcomes) this.#carriers.delete(outcomeId);
    for (const waiting of group) waiting.resolve();
  }

  #refuse(group: readonly Waiting[], cause: unknown): void {
    const outcomes = group.flatMap((waiting) => waiting.outcomes);
    this.measures.failures += 1;
    this.#log.error("outcomes not stored", { outcomes: outcomes.length, cause });
    for (const { outcomeId } of outcomes) this.#carriers.delete(outcomeId);
    const fault = new Fault(
      "STORE_UNAVAILABLE",
      "the outcomes could not be written to disk; send them again",
      { retryAfterMs: 1000, cause },
    );
    for (const waiting of group) waiting.reject(fault);
  }

  /** Counts what is on disk. Listeners hear of it once all is counted: one of them may begin a checkpoint, which is whole groups. */
  #settle(outcomes: readonly Outcome[], atMs: number): void {
    for (const outcome of outcomes) {
      const { high, low } = this.#ids.fingerprint(outcome.outcomeId);
      this.#ids.add(high, low, outcome.content, atMs);
      this.#newIds.push(high, low, outcome.content >>> 0);
      this.#cells.fold(outcome);
    }
    for (const outcome of outcomes) this.#onFolded(outcome);
  }

  #loadIds(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const atMs = view.getFloat64(0, true);
    for (let offset = 8; offset < bytes.byteLength; offset += WORDS_PER_ID * 4) {
      this.#ids.add(
        view.getUint32(offset, true),
        view.getUint32(offset + 4, true),
        view.getUint32(offset + 8, true),
        atMs,
      );
    }
  }

  /** Removes id chunks, and the journal records they cover, that are older than the window. */
  async #trim(nowMs: number): Promise<void> {
    this.#ids.forget(nowMs);
    let last: number | undefined;
    for await (const [key, bytes] of this.#store.scanBytes({ range: ranges.outcomeIds })) {
      const atMs = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(
        0,
        true,
      );
      if (nowMs - atMs < OUTCOME_ID_TTL_MS) break;
      last = sequenceOfKey(key);
    }
    if (last === undefined) return;
    const end = last + 1;
    await this.#store.clear({ gte: ranges.journal.gte, lt: keys.journal(end) });
    await this.#store.clear({ gte: ranges.outcomeIds.gte, lt: keys.outcomeIds(end) });
  }
}

function encodeIds(words: readonly number[], atMs: number): Uint8Array {
  const bytes = new Uint8Array(8 + words.length * 4);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, atMs, true);
  for (const [index, word] of words.entries()) view.setUint32(8 + index * 4, word, true);
  return bytes;
}
