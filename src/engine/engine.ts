import type { Drift } from "../domain/drift/drift.ts";
import { Fault } from "../domain/kernel/fault.ts";
import { DIRTY_CELLS_MAX } from "../domain/kernel/limits.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import type { Recommendation } from "../domain/recommendation/recommendation.ts";
import type { Platform } from "../platform/platform.ts";
import { createId } from "../platform/random.ts";
import { decodeJournalRecord } from "../store/journal-codec.ts";
import { keys, ranges } from "../store/keys.ts";
import type { Store } from "../store/store.ts";
import { Cells, type Checkpoint } from "./cells.ts";
import type { Change, Committed } from "./change.ts";
import { type ConfigSources, loadConfigState } from "./config-load.ts";
import { IdWindow } from "./id-window.ts";
import { type Acceptance, Journal } from "./journal.ts";
import { Lookups } from "./lookups.ts";
import { type EngineState, NO_FINDINGS } from "./state.ts";
import { openToken, type SharedDecision } from "./token.ts";
import type { TokenKeys } from "./token-keys.ts";

export interface EngineOptions extends ConfigSources {
  readonly dimensions: readonly string[];
  /** Longest time between two checkpoints, in milliseconds. */
  readonly checkpointIntervalMs: number;
}

export interface EngineDeps {
  readonly store: Store;
  readonly tokenKeys: TokenKeys;
  readonly platform: Platform;
  readonly options: EngineOptions;
}

/**
 * The middle of the daemon: the one writer, and the state that everything reads.
 *
 * Control changes go through `commit` one at a time: check, one synced batch, swap the state. Outcomes go through `report` into the
 * journal. Lookups read the state of the moment and wait for neither.
 */
export class Engine {
  readonly store: Store;
  readonly lookups: Lookups;
  readonly cells: Cells;
  readonly journal: Journal;
  readonly dimensions: readonly string[];
  readonly #platform: Platform;
  readonly #tokenKeys: TokenKeys;
  readonly #options: EngineOptions;
  #state: EngineState;
  #commits: Promise<unknown> = Promise.resolve();
  #checkpointing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  readonly #outcomeListeners: ((outcome: Outcome) => void)[] = [];
  readonly #commitListeners: ((committed: Committed) => void)[] = [];
  #closed = false;

  private constructor(deps: EngineDeps, state: EngineState) {
    this.store = deps.store;
    this.#platform = deps.platform;
    this.#tokenKeys = deps.tokenKeys;
    this.#options = deps.options;
    this.#state = state;
    this.dimensions = deps.options.dimensions;
    const { clock, log } = deps.platform;
    this.lookups = new Lookups(state.config, {
      clock,
      keys: deps.tokenKeys,
      dimensions: this.dimensions,
    });
    this.cells = new Cells(deps.store);
    const [first] = deps.tokenKeys;
    const seed = Buffer.from(first.secret.subarray(0, 8));
    this.journal = new Journal({
      store: deps.store,
      cells: this.cells,
      clock,
      log,
      ids: new IdWindow({ high: seed.readUInt32LE(0), low: seed.readUInt32LE(4) }),
      onFolded: (outcome) => {
        for (const listener of this.#outcomeListeners) listener(outcome);
        if (this.cells.dirtyCells >= DIRTY_CELLS_MAX) this.#checkpointSoon();
      },
    });
  }

  /** Rebuilds the state from the store: configs, live findings, the newest checkpoint and the journal after it. */
  static async open(deps: EngineDeps): Promise<Engine> {
    const { store, options } = deps;
    const config = await loadConfigState(store, options);
    const engine = new Engine(deps, { config, findings: await loadFindings(store) });
    await engine.cells.load();
    const checkpoint = await store.json<Checkpoint>(keys.meta("checkpoint"));
    await engine.journal.restore(checkpoint ?? { watermark: 0, atMs: 0 });
    const tail = { gt: keys.journal(checkpoint?.watermark ?? 0), lt: ranges.journal.lt };
    for await (const [key, bytes] of store.scanBytes({ range: tail })) {
      const record = decodeJournalRecord(bytes);
      engine.journal.refold(Number(key.slice(-16)), record.outcomes, record.receivedAtMs);
    }
    engine.#armTimer();
    return engine;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Calls back for every outcome once it is on disk and counted, and at boot never. */
  onOutcome(listener: (outcome: Outcome) => void): void {
    this.#outcomeListeners.push(listener);
  }

  /** Calls back after every accepted control change. */
  onCommit(listener: (committed: Committed) => void): void {
    this.#commitListeners.push(listener);
  }

  /**
   * Carries a change out: alone, durable before it answers. A change that plans no ops writes nothing.
   * Errors: those of the change, and STORE_UNAVAILABLE; with either nothing changed.
   */
  commit<R>(change: Change<R>): Promise<R> {
    const turn = this.#commits.then(() => this.#carryOut(change));
    this.#commits = turn.catch(() => undefined);
    return turn;
  }

  /** Stores outcomes. Errors: see Journal.append. */
  report(outcomes: readonly Outcome[]): Promise<Acceptance[]> {
    if (this.#closed)
      throw new Fault("DRAINING", "the daemon is going down; send the outcomes to the next one", {
        retryAfterMs: 1000,
      });
    return this.journal.append(outcomes);
  }

  /** What a token says; undefined for one that this store never gave out. */
  openToken(token: string): SharedDecision | undefined {
    return openToken(token, this.#tokenKeys);
  }

  /** Writes a checkpoint, or waits for the one under way. */
  async checkpoint(): Promise<void> {
    this.#checkpointing ??= this.journal.writeCheckpoint().finally(() => {
      this.#checkpointing = undefined;
    });
    await this.#checkpointing;
  }

  /** Finishes what was begun, writes the last checkpoint and closes the store. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#commits;
    await this.journal.idle();
    try {
      await this.#checkpointing?.catch(() => undefined);
      await this.checkpoint();
    } finally {
      await this.store.close();
    }
  }

  async #carryOut<R>(change: Change<R>): Promise<R> {
    const { clock, random, log } = this.#platform;
    const plan = await change.plan(this.#state, {
      nowMs: clock.nowMs(),
      dimensions: this.dimensions,
      store: this.store,
      createId: (prefix) => createId(random, prefix),
    });
    if (plan.ops.length === 0) return plan.result;
    try {
      await this.store.write(plan.ops, "sync");
    } catch (cause) {
      log.error("change not stored", { change: change.name, cause });
      throw new Fault(
        "STORE_UNAVAILABLE",
        "the change could not be written to disk; nothing changed, try again",
        {
          retryAfterMs: 1000,
          cause,
        },
      );
    }
    this.#state = plan.next;
    this.lookups.swap(plan.next.config, plan.touched);
    log.debug("change committed", { change: change.name, revision: plan.next.config.revision });
    const committed = {
      state: plan.next,
      touched: plan.touched,
      changes: plan.changes ?? [],
      recommendations: plan.recommendations ?? [],
    };
    for (const listener of this.#commitListeners) listener(committed);
    return plan.result;
  }

  #armTimer(): void {
    this.#cancelTimer = this.#platform.timers.after(this.#options.checkpointIntervalMs, () => {
      this.#checkpointSoon();
      if (!this.#closed) this.#armTimer();
    });
  }

  /** A checkpoint that fails is tried again at the next interval: until then the journal holds everything. */
  #checkpointSoon(): void {
    if (this.#checkpointing || this.#closed) return;
    this.checkpoint().catch((cause) =>
      this.#platform.log.error("checkpoint not written", { cause }),
    );
  }
}

async function loadFindings(store: Store): Promise<EngineState["findings"]> {
  const drifts = new Map<string, Drift>(NO_FINDINGS.drifts);
  for await (const [, drift] of store.scan<Drift>({ range: ranges.liveDrifts }))
    drifts.set(drift.driftId, drift);
  const recommendations = new Map<string, Recommendation>(NO_FINDINGS.recommendations);
  for await (const [, live] of store.scan<Recommendation>({ range: ranges.liveRecommendations })) {
    recommendations.set(live.recommendationId, live);
  }
  return { drifts, recommendations };
}
