import { Fault } from "../domain/kernel/fault.ts";
import {
  GROUP_BYTES_MAX,
  OUTCOMES_PER_GROUP_MAX,
  OUTCOMES_QUEUED_BYTES_MAX,
  OUTCOMES_QUEUED_MAX,
} from "../domain/kernel/limits.ts";
import type { Correction } from "../domain/outcome/correction.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import { outcomeSize } from "../domain/outcome/outcome-size.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Turns } from "../platform/turns.ts";
import {
  decodeJournalRecord,
  encodeJournalRecordInSteps,
  type JournalRecord,
} from "../store/journal-codec.ts";
import { keys, ranges, sequenceOfKey } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import type { Identities } from "./identities.ts";

/** What became of one outcome. `behind`: its sequence number lies too far below the newest one of its producer. */
export type Acceptance = "accepted" | "duplicate" | "reused" | "behind";

/** What one call wants on disk, all of it or nothing. */
export interface JournalEntry {
  readonly outcomes: readonly Outcome[];
  readonly corrections: readonly Correction[];
  /** Written in the same batch. */
  readonly ops: readonly StoreOp[];
}

/** Outcomes that are folded, or calls that are answered, in one piece: some microseconds each. */
const PIECE_ITEMS = 32;

/** Where an outcome stands in the journal. */
export interface JournalPlace {
  readonly sequence: number;
  /** Its place in the record, from 0. */
  readonly index: number;
  readonly receivedAtMs: number;
}

/** Takes over what is on disk, in the order of the journal: after each write, and again at boot. */
export interface JournalFold {
  outcome(outcome: Outcome, place: JournalPlace): void;
  correction(correction: Correction, receivedAtMs: number): void;
  /** After the last of its record, for each outcome once more: all that its record holds is counted. */
  counted(outcome: Outcome): void;
  /** After each record, which is whole: a checkpoint may begin. */
  recordDone(outcomes: number): void;
}

interface Waiting extends JournalEntry {
  /** Of its outcomes, estimated. */
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

export interface JournalMeasures {
  groups: number;
  outcomes: number;
  syncSeconds: number;
  failures: number;
  /** Records that ought to stand between others on the disk and are gone: outcomes in them were acknowledged and are lost. */
  missing: number;
}

export interface JournalDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly identities: Identities;
  readonly fold: JournalFold;
  /** Waits until the assignments that outcomes refer to are on disk. Errors: any; the call is refused. */
  readonly journalled: (outcomes: readonly Outcome[]) => Promise<void>;
  /** What records are written and folded in. */
  readonly turns: Turns;
  /** Waits until outcomes can be judged and written. Errors: STARTING, STORE_UNAVAILABLE. */
  readonly ready: () => Promise<void>;
  /** Waits until memory has room for a further group. Errors: any; the group is refused. */
  readonly makeRoom: () => Promise<void> | undefined;
}

/**
 * The outcome journal: every outcome is on disk before it is acknowledged, and concurrent calls share one synced write.
 *
 * A call's outcomes wait in a bounded queue; the writer takes all that wait (up to OUTCOMES_PER_GROUP_MAX), writes them as one
 * record, folds them and answers their callers. While it syncs, the next group gathers. After a failed write nothing is written until
 * `refold` has taken over what of it is on disk.
 */
export class Journal {
  readonly #deps: JournalDeps;
  /** Outcomes that wait for their group, with the end of the call that brought them. */
  readonly #carriers = new Map<string, Promise<void>>();
  readonly measures: JournalMeasures = {
    groups: 0,
    outcomes: 0,
    syncSeconds: 0,
    failures: 0,
    missing: 0,
  };

  readonly #calls = new Set<Promise<unknown>>();
  #queue: Waiting[] = [];
  #queued = 0;
  #queuedBytes = 0;
  #writing: Promise<void> | undefined;
  /** The folding of a record that is under way. */
  #folding: Promise<void> | undefined;
  /** Sequence of the newest record that is on disk and folded. */
  #sequence = 0;

  constructor(deps: JournalDeps) {
    this.#deps = deps;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Memory that the outcomes in the queue take, estimated. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Sequence of the newest record that is folded; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * Stores outcomes; answers once every accepted one, and whatever a duplicate is a duplicate of, is on disk.
   * Errors: QUEUE_FULL, STORE_UNAVAILABLE, STARTING; with any of them, nothing of the call counts.
   */
  async append(outcomes: readonly Outcome[]): Promise<Acceptance[]> {
    const work = async () => {
      // An outcome on disk whose assignment is not would be one of a unit that nobody knows after a crash.
      await this.#deps.journalled(outcomes);
      await this.#deps.ready();
      for (let wait = this.#mustWait(outcomes); wait; wait = this.#mustWait(outcomes)) await wait;
      const { acceptances, fresh } = this.#judge(outcomes);
      if (fresh.length > 0) await this.#enqueue({ outcomes: fresh, corrections: [], ops: [] });
      return acceptances;
    };
    return this.queueing(outcomes.length, work, sizeOf(outcomes));
  }

  /** Stores corrections of calls that have room in the queue. Errors: STORE_UNAVAILABLE, STARTING. */
  async correct(entry: Omit<JournalEntry, "outcomes">): Promise<void> {
    await this.queueing(0, async () => {
      await this.#deps.ready();
      await this.#enqueue({ ...entry, outcomes: [] });
    });
  }

  /**
   * Does the work of a call that brings so many outcomes or scores, which count as queued until it is done. Errors: QUEUE_FULL before
   * anything is done, and those of the work.
   *
   * @param bytes of the outcomes, estimated; scores are so small that their number bounds them.
   */
  async queueing<T>(count: number, work: () => Promise<T>, bytes = 0): Promise<T> {
    this.checkRoom(count, bytes);
    this.#queued += count;
    this.#queuedBytes += bytes;
    const call = work();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#queued -= count;
      this.#queuedBytes -= bytes;
      this.#calls.delete(call);
    }
  }

  /** Refuses what the queue has no room for. Errors: QUEUE_FULL. */
  checkRoom(count: number, bytes = 0): void {
    const isFull =
      this.#queued + count > OUTCOMES_QUEUED_MAX ||
      this.#queuedBytes + bytes > OUTCOMES_QUEUED_BYTES_MAX;
    if (!isFull) return;
    throw new Fault(
      "QUEUE_FULL",
      `${this.#queued} outcomes and scores wait for the disk; send these again in a second`,
      {
        retryAfterMs: 1000,
        metadata: { queued: String(this.#queued), max: String(OUTCOMES_QUEUED_MAX) },
      },
    );
  }

  /** Folds the records of the disk that memory does not know: at boot those after the checkpoint, later those of a failed write. */
  async refold(after: number = this.#sequence): Promise<void> {
    this.#sequence = after;
    const range = { gt: keys.journal(after), lt: ranges.journal.lt };
    for await (const [key, bytes] of this.#deps.store.scanBytes({ range })) {
      const record = decodeJournalRecord(bytes);
      this.#noteGap(this.#sequence + 1, sequenceOfKey(key));
      await this.#settle(record, {
        sequence: sequenceOfKey(key),
        receivedAtMs: record.receivedAtMs,
      });
    }
  }

  #noteGap(expected: number, found: number): void {
    if (found === expected) return;
    this.measures.missing += found - expected;
    this.#deps.log.error("records of the outcome journal are missing; their outcomes are lost", {
      from: expected,
      until: found,
    });
  }

  /** Waits until nothing is being written. */
  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** What to await while a record is half folded; undefined in any step in which a checkpoint may begin. */
  get folding(): Promise<void> | undefined {
    return this.#folding;
  }

  /** Waits until every call that came in is answered. */
  async drained(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls);
  }

  /**
   * What must end before it is known of every outcome whether it is on disk; undefined where it is. One that another call brought is
   * told apart once that call is written or refused: only then is it known which of the two counts. Between the last look and the
   * verdicts nothing else may run.
   */
  #mustWait(outcomes: readonly Outcome[]): Promise<unknown> | undefined {
    const { identities, ready, store } = this.#deps;
    const carriers = outcomes.flatMap(
      (outcome) => this.#carriers.get(identities.keyOf(outcome)) ?? [],
    );
    if (carriers.length > 0) return Promise.allSettled(carriers);
    return store.failure ? ready() : undefined;
  }

  #judge(outcomes: readonly Outcome[]): { acceptances: Acceptance[]; fresh: Outcome[] } {
    const { identities } = this.#deps;
    const fresh: Outcome[] = [];
    const own = new Map<string, Outcome>();
    const acceptances = outcomes.map((outcome): Acceptance => {
      const key = identities.keyOf(outcome);
      const earlier = own.get(key);
      if (earlier) {
        const isSame = outcome.producer !== undefined || earlier.content === outcome.content;
        return isSame ? "duplicate" : "reused";
      }
      const verdict = identities.check(outcome);
      if (verdict !== "new") return verdict;
      own.set(key, outcome);
      fresh.push(outcome);
      return "accepted";
    });
    return { acceptances, fresh };
  }

  #enqueue(entry: JournalEntry): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#queue.push({ ...entry, bytes: sizeOf(entry.outcomes), resolve, reject });
    });
    for (const outcome of entry.outcomes)
      this.#carriers.set(this.#deps.identities.keyOf(outcome), written);
    this.#writing ??= this.#drain();
    return written;
  }

  async #drain(): Promise<void> {
    // One turn of the event loop lets calls that arrived together share the first group too.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      // So do calls that wait for their turn to be parsed: the group comes behind them.
      await this.#deps.turns.take();
      await this.#writeGroup(this.#takeGroup());
    }
    // In the same step as the last look at the queue: what is queued from now on starts the next run.
    this.#writing = undefined;
  }

  #takeGroup(): Waiting[] {
    let size = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      size += waiting.outcomes.length + waiting.corrections.length;
      bytes += waiting.bytes;
      if (count > 0 && (size > OUTCOMES_PER_GROUP_MAX || bytes > GROUP_BYTES_MAX)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const { clock, store, makeRoom, turns } = this.#deps;
    const outcomes = group.flatMap((waiting) => waiting.outcomes);
    const corrections = group.flatMap((waiting) => waiting.corrections);
    const receivedAtMs = clock.nowMs();
    const sequence = this.#sequence + 1;
    try {
      await makeRoom();
      const bytes = await this.#encode({ outcomes, corrections, receivedAtMs });
      const ops = group.flatMap((waiting) => waiting.ops);
      const started = clock.monotonicMs();
      await store.write([{ put: keys.journal(sequence), bytes }, ...ops], "sync");
      this.measures.syncSeconds += (clock.monotonicMs() - started) / 1000;
    } catch (cause) {
      this.#refuse(group, cause);
      return;
    }
    this.measures.groups += 1;
    this.measures.outcomes += outcomes.length;
    await this.#settle({ outcomes, corrections }, { sequence, receivedAtMs });
    for (const [index, waiting] of group.entries()) {
      if (isNextPiece(index)) await turns.take("urgent");
      waiting.resolve();
    }
  }

  async #encode(record: JournalRecord): Promise<Uint8Array> {
    const steps = encodeJournalRecordInSteps(record);
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      await this.#deps.turns.take("urgent");
    }
  }

  #refuse(group: readonly Waiting[], cause: unknown): void {
    const outcomes = group.flatMap((waiting) => waiting.outcomes);
    this.measures.failures += 1;
    this.#forgetCarriers(outcomes);
    if (cause instanceof Fault) {
      for (const waiting of group) waiting.reject(cause);
      return;
    }
    this.#deps.log.error("outcomes not stored", { outcomes: outcomes.length, cause });
    const fault = new Fault(
      "STORE_UNAVAILABLE",
      "the outcomes could not be written to disk; send them again",
      { retryAfterMs: 1000, cause },
    );
    for (const waiting of group) waiting.reject(fault);
  }

  #forgetCarriers(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) this.#carriers.delete(this.#deps.identities.keyOf(outcome));
  }

  /** Counts what is on disk, in pieces: until the last of them the record does not count as folded. */
  async #settle(
    record: Omit<JournalEntry, "ops">,
    place: { readonly sequence: number; readonly receivedAtMs: number },
  ): Promise<void> {
    const folding = this.#fold(record, place).finally(() => {
      this.#folding = undefined;
    });
    this.#folding = folding;
    await folding;
  }

  async #fold(
    { outcomes, corrections }: Omit<JournalEntry, "ops">,
    { sequence, receivedAtMs }: { readonly sequence: number; readonly receivedAtMs: number },
  ): Promise<void> {
    const { fold, identities, turns } = this.#deps;
    for (const [index, outcome] of outcomes.entries()) {
      if (isNextPiece(index)) await turns.take("urgent");
      identities.add(outcome, receivedAtMs);
      this.#carriers.delete(identities.keyOf(outcome));
      fold.outcome(outcome, { sequence, index, receivedAtMs });
    }
    for (const correction of corrections) fold.correction(correction, receivedAtMs);
    for (const [index, outcome] of outcomes.entries()) {
      if (isNextPiece(index)) await turns.take("urgent");
      fold.counted(outcome);
    }
    this.#sequence = sequence;
    fold.recordDone(outcomes.length);
  }
}

/** Whether a piece ends before this item. The first piece begins at once. */
function isNextPiece(index: number): boolean {
  return index > 0 && index % PIECE_ITEMS === 0;
}

function sizeOf(outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, outcome) => sum + outcomeSize(outcome), 0);
}
