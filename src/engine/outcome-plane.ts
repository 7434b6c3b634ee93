import { Fault } from "../domain/kernel/fault.ts";
import {
  DELTA_BYTES_MAX,
  DIRTY_CELLS_MAX,
  FEEDBACK_TARGETS_MAX,
  IDS_WAIT_MAX_MS,
  KNOWN_PAIRS_MAX,
  LIVE_PAIRS_MAX,
  OUTCOME_IDS_MAX,
  OUTCOMES_PER_CHECKPOINT_MAX,
  OUTCOMES_QUEUED_BYTES_MAX,
  OUTCOMES_QUEUED_MAX,
  PRODUCERS_MAX,
  SCORE_NAMES_MAX,
} from "../domain/kernel/limits.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import type { Platform } from "../platform/platform.ts";
import { Turns } from "../platform/turns.ts";
import { keys } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { Cells, hourOf } from "./cells.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { BoundUse } from "./daemon-status.ts";
import type { Experiments } from "./experiments/experiments.ts";
import { Feedback, type FeedbackItem, type FeedbackVerdict } from "./feedback.ts";
import type { IdSeed } from "./id-window.ts";
import { Identities } from "./identities.ts";
import { type Acceptance, Journal, type JournalMeasures, type JournalPlace } from "./journal.ts";
import { Recovery } from "./recovery.ts";
import { Retention } from "./retention.ts";
import { ScoreNames } from "./score-names.ts";
import { Targets } from "./targets.ts";
import type { TokenKeys } from "./token-keys.ts";

export interface OutcomePlaneDeps {
  readonly store: Store;
  readonly platform: Platform;
  readonly idSeed: IdSeed;
  readonly experiments: Experiments;
  /** Longest time between two checkpoints, in milliseconds. */
  readonly checkpointIntervalMs: number;
  /** Bytes of the journal that are kept on disk. */
  readonly journalBytesMax: number;
  /** Hears of outcomes once they are on disk and counted; at boot of none. */
  readonly onOutcome: (outcome: Outcome) => void;
  /** Called after the store was opened again, before anything is written. */
  readonly onReopened: () => Promise<void>;
}

export interface OutcomePlaneMeasures {
  readonly journal: JournalMeasures;
  readonly queued: number;
  readonly lag: number;
  /** Checkpoints since the start. */
  readonly checkpoints: number;
  /** 0 before the first. */
  readonly checkpointAtMs: number;
  /** Whether the store takes writes. */
  readonly isWritable: boolean;
  /** Times that the store was opened again after a failed write. */
  readonly recoveries: number;
  readonly idWindowMs: number;
  readonly idsLoaded: boolean;
  readonly producersForgotten: number;
  /** What is remembered of outcomes, in bytes of memory by table. */
  readonly tableBytes: Readonly<Record<string, number>>;
}

/**
 * Everything that outcomes go through: who they are, the journal, the cells, the checkpoints that bring both together, and what
 * happens when the disk fails. Lookups need none of it.
 */
export class OutcomePlane {
  readonly cells: Cells;
  readonly identities: Identities;
  readonly targets: Targets;
  readonly scoreNames: ScoreNames;
  readonly journal: Journal;
  /** What outcomes are taken in, a share of each turn of the event loop. */
  readonly turns = new Turns();
  readonly feedback: Feedback;
  readonly checkpoints: Checkpoints;
  readonly recovery: Recovery;
  readonly #deps: OutcomePlaneDeps;
  readonly #retention: Retention;
  #checkpointing: Promise<void> | undefined;
  #loading: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #outcomesSinceCheckpoint = 0;
  #isClosed = false;

  constructor(deps: OutcomePlaneDeps) {
    this.#deps = deps;
    const { store, platform } = deps;
    const { clock, log } = platform;
    this.cells = new Cells(store);
    this.identities = new Identities(store, deps.idSeed);
    const print = (text: string) => this.identities.window.fingerprint(text);
    this.targets = new Targets({ store, cells: this.cells, print });
    this.scoreNames = new ScoreNames(store);
    this.checkpoints = new Checkpoints(store, [
      this.cells,
      this.scoreNames,
      this.identities,
      this.targets,
      deps.experiments,
    ]);
    this.#retention = new Retention({
      store,
      cells: this.cells,
      identities: this.identities,
      targets: this.targets,
      journalBytesMax: deps.journalBytesMax,
    });
    this.recovery = new Recovery({ store, clock, log, align: () => this.#align() });
    this.journal = new Journal({
      store,
      turns: this.turns,
      clock,
      log,
      identities: this.identities,
      journalled: (outcomes) => deps.experiments.journalled(outcomes),
      ready: () => this.#ready(),
      makeRoom: () => this.#makeRoom(),
      fold: {
        outcome: (outcome, place) => this.#fold(outcome, place),
        correction: (correction, receivedAtMs) => {
          this.scoreNames.admit({ [correction.metric]: correction.after ?? 0 });
          this.cells.correct(correction, receivedAtMs);
          deps.experiments.foldScore(correction, receivedAtMs);
        },
        counted: deps.onOutcome,
        recordDone: (outcomes) => this.#recordDone(outcomes),
      },
    });
    this.feedback = new Feedback({
      store,
      journal: this.journal,
      targets: this.targets,
      isStored: (outcomeId) => this.identities.knows(outcomeId),
      journalled: (units) => deps.experiments.journalled(units),
      ready: () => this.#ready(),
    });
  }

  /** Reads the newest checkpoint and folds the journal after it. Ids are left to `loadIds`. */
  async load(): Promise<void> {
    await this.cells.load(this.#deps.platform.clock.nowMs());
    const { watermark } = await this.checkpoints.load();
    await this.scoreNames.load();
    await this.#deps.experiments.load();
    await this.journal.refold(watermark);
    this.#armTimer();
  }

  /** Reads the ids of the time before the start, in the background of a daemon that serves. */
  loadIds(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  /** Records that no checkpoint holds yet. */
  get lag(): number {
    return this.journal.sequence - this.checkpoints.newest.watermark;
  }

  /** What the outcome plane measures of itself. */
  measures(): OutcomePlaneMeasures {
    const { store, platform } = this.#deps;
    return {
      journal: this.journal.measures,
      queued: this.journal.queued,
      lag: this.lag,
      checkpoints: this.checkpoints.written,
      checkpointAtMs: this.checkpoints.newest.atMs,
      isWritable: store.failure === undefined && store.refusal === undefined,
      recoveries: this.recovery.recoveries,
      idWindowMs: this.identities.window.lengthMs(platform.clock.nowMs()),
      idsLoaded: this.identities.isLoaded,
      producersForgotten: this.identities.producers.forgotten,
      tableBytes: {
        outcome_ids: this.identities.window.bytes,
        feedback_targets: this.targets.bytes,
        changed_cells: this.cells.dirtyBytes,
      },
    };
  }

  /** Bounds of the outcome plane and how much of each is in use. */
  bounds(): BoundUse[] {
    const { window, producers } = this.identities;
    const { arms } = this.cells;
    const nowMs = this.#deps.platform.clock.nowMs();
    return [
      { name: "live_pairs", used: arms.live(nowMs), max: LIVE_PAIRS_MAX },
      { name: "known_pairs", used: arms.pairs, max: KNOWN_PAIRS_MAX },
      { name: "outcomes_queued", used: this.journal.queued, max: OUTCOMES_QUEUED_MAX },
      {
        name: "outcomes_queued_bytes",
        used: this.journal.queuedBytes,
        max: OUTCOMES_QUEUED_BYTES_MAX,
      },
      { name: "outcome_ids", used: window.size, max: OUTCOME_IDS_MAX },
      { name: "feedback_targets", used: this.targets.size, max: FEEDBACK_TARGETS_MAX },
      { name: "score_names", used: this.scoreNames.size, max: SCORE_NAMES_MAX },
      { name: "producers", used: producers.size, max: PRODUCERS_MAX },
      { name: "changed_cells_bytes", used: this.cells.dirtyBytes, max: 2 * DELTA_BYTES_MAX },
    ];
  }

  /** Stores outcomes. Errors: see Journal.append. */
  async report(outcomes: readonly Outcome[]): Promise<Acceptance[]> {
    if (this.#isClosed) throw draining();
    return this.journal.append(outcomes);
  }

  /** Stores scores that arrive late. Errors: see Feedback.report. */
  async reportFeedback(items: readonly FeedbackItem[]): Promise<FeedbackVerdict[]> {
    if (this.#isClosed) throw draining();
    return this.feedback.report(items);
  }

  /** Writes a checkpoint, or waits for the one under way. Errors: STORE_UNAVAILABLE, and the database's. */
  async checkpoint(): Promise<void> {
    await this.recovery.ensure();
    await this.#checkpointNow();
  }

  /** Finishes what was begun and writes the last checkpoint. Errors: those of `checkpoint`; the journal holds everything then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    await this.#deps.experiments.flush().catch(() => undefined);
    await this.journal.drained();
    await this.#checkpointing?.catch(() => undefined);
    await this.checkpoint();
  }

  async #load(): Promise<void> {
    // The ids last: once they are there, reports are taken, and these add targets.
    await this.targets.load();
    await this.identities.load(this.#deps.platform.clock.nowMs());
  }

  #fold(outcome: Outcome, place: JournalPlace): void {
    this.scoreNames.admit(outcome.scores);
    const live = this.cells.fold(outcome, place.receivedAtMs);
    const unit = this.#deps.experiments.fold(outcome, place.receivedAtMs);
    this.targets.add(outcome, { live, hour: hourOf(outcome), unit }, place);
  }

  #checkpointNow(): Promise<void> {
    this.#checkpointing ??= this.#writeCheckpoint().finally(() => {
      this.#checkpointing = undefined;
    });
    return this.#checkpointing;
  }

  async #writeCheckpoint(): Promise<void> {
    const { clock } = this.#deps.platform;
    if (this.lag > 0) await this.loadIds();
    // Nothing may run between this and the begin of the checkpoint, which holds whole records.
    while (this.journal.folding) await this.journal.folding;
    if (this.lag > 0) {
      this.#outcomesSinceCheckpoint = 0;
      await this.checkpoints.write({ watermark: this.journal.sequence, atMs: clock.nowMs() });
    } else if (this.#deps.experiments.isDue()) await this.#deps.experiments.save();
    if (this.identities.isLoaded) await this.#retention.step(clock.nowMs());
  }

  /** A checkpoint that fails is tried again at the next interval: until then the journal holds everything. */
  #checkpointSoon(): void {
    if (this.#checkpointing || this.#isClosed) return;
    this.checkpoint().catch((cause) =>
      this.#deps.platform.log.error("checkpoint not written", { cause }),
    );
  }

  #armTimer(): void {
    const { platform, checkpointIntervalMs } = this.#deps;
    this.#cancelTimer = platform.timers.after(checkpointIntervalMs, () => {
      this.#checkpointSoon();
      if (!this.#isClosed) this.#armTimer();
    });
  }

  async #ready(): Promise<void> {
    await this.recovery.ensure();
    if (this.identities.isLoaded) return;
    const { timers } = this.#deps.platform;
    let cancel = () => {};
    const tooLate = new Promise<never>((_, reject) => {
      cancel = timers.after(IDS_WAIT_MAX_MS, () => reject(stillReading()));
    });
    try {
      await Promise.race([this.loadIds(), tooLate]);
    } finally {
      cancel();
    }
  }

  /** Waits for a checkpoint where more changes would take too much memory. */
  #makeRoom(): Promise<void> | undefined {
    const { dirtyCells, dirtyBytes } = this.cells;
    const isFull = dirtyCells >= 2 * DIRTY_CELLS_MAX || dirtyBytes >= 2 * DELTA_BYTES_MAX;
    return isFull ? this.#checkpointNow() : undefined;
  }

  #recordDone(outcomes: number): void {
    this.#outcomesSinceCheckpoint += outcomes;
    if (
      this.cells.dirtyCells >= DIRTY_CELLS_MAX ||
      this.cells.dirtyBytes >= DELTA_BYTES_MAX ||
      this.#outcomesSinceCheckpoint >= OUTCOMES_PER_CHECKPOINT_MAX
    ) {
      this.#checkpointSoon();
    }
  }

  /** What a failed write left on disk becomes what memory knows. */
  async #align(): Promise<void> {
    await this.journal.idle();
    await this.checkpoints.settle();
    await this.journal.refold();
    await this.#deps.onReopened();
  }
}

/**
 * What the hash of ids is keyed with. It stays when token keys rotate: with another one every id would look new. A store from
 * before it was written down took it from the first token key.
 */
export async function loadIdSeed(store: Store, [first]: TokenKeys): Promise<IdSeed> {
  const known = await store.json<IdSeed>(keys.meta("idSeed"));
  if (known) return known;
  const bytes = Buffer.from(first.secret.subarray(0, 8));
  const seed = { high: bytes.readUInt32LE(0), low: bytes.readUInt32LE(4) };
  await store.write([{ put: keys.meta("idSeed"), json: seed }], "sync");
  return seed;
}

function draining(): Fault {
  return new Fault("DRAINING", "the daemon is going down; send it to the next one", {
    retryAfterMs: 1000,
  });
}

function stillReading(): Fault {
  return new Fault(
    "STARTING",
    "the daemon still reads the outcome ids of the time before its start; try again shortly",
    { retryAfterMs: 1000 },
  );
}
