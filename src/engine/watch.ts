import { type ConfigState, hasConfig, modelNames } from "../domain/config/registry.ts";
import { Fault } from "../domain/kernel/fault.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import type { Committed } from "./change.ts";
import type { Lookups } from "./lookups.ts";
import { TOUCH_LOG_MAX, TouchLog } from "./touch-log.ts";
import { type WatchedKey, WatchedStates } from "./watched-states.ts";
import { Watcher } from "./watcher.ts";

/** Watches open at once: what one daemon beside or behind the agents of many pods has to serve. */
export const WATCHERS_MAX = 5_000;
/** Watchers woken in one turn of the event loop, so that lookups pass between them. */
const WAKES_PER_TURN = 64;
/** When a caller that found no room should come back, in milliseconds. */
const FULL_RETRY_AFTER_MS = 5_000;

/** What a caller wants to watch and where it goes on. */
export interface WatchRequest {
  /** Empty watches every registered config in every phase. */
  readonly keys: readonly WatchedKey[];
  readonly storeId: string;
  /** Revision to resume after; 0 starts from the current state. */
  readonly revision: number;
}

export interface WatchHubDeps {
  readonly lookups: Lookups;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly watchersMax?: number;
  readonly logMax?: number;
}

/**
 * Everyone who watches configs. Level-triggered: a watcher holds its place in the log of changes and nothing else; what it is told is
 * computed when it reads, from the state of that moment. A reader that does not read therefore costs what one that does costs, and
 * one whose place the log has left behind gets the whole state again.
 */
export class WatchHub {
  readonly max: number;
  readonly #timers: Timers;
  readonly #states: WatchedStates;
  readonly #log: TouchLog;
  readonly #watchers = new Set<Watcher>();
  readonly #toWake = new Set<Watcher>();
  #config: ConfigState;
  #slowConsumers = 0;
  #isWaking = false;

  constructor({ lookups, clock, timers, watchersMax, logMax }: WatchHubDeps) {
    this.max = watchersMax ?? WATCHERS_MAX;
    this.#timers = timers;
    this.#config = lookups.state;
    this.#states = new WatchedStates(lookups, clock);
    this.#log = new TouchLog(this.#config.revision, logMax ?? TOUCH_LOG_MAX);
  }

  /** Watches open now. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Watches that were resynchronised because they did not keep up, since the start. */
  get slowConsumers(): number {
    return this.#slowConsumers;
  }

  /** Opens a watch; `close` ends it. Errors: QUEUE_FULL, REVISION_COMPACTED, MODEL_NAME_INVALID. */
  open(request: WatchRequest): Watcher {
    if (this.#watchers.size >= this.max) {
      throw new Fault("QUEUE_FULL", `${this.max} watches are open, as many as may be; ask again`, {
        retryAfterMs: FULL_RETRY_AFTER_MS,
      });
    }
    const deps = { states: this.#states, log: this.#log };
    const watcher = new Watcher(deps, request.keys, this.#startOf(request));
    this.#watchers.add(watcher);
    return watcher;
  }

  close(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    this.#toWake.delete(watcher);
  }

  /** Takes every accepted control change, once lookups answer from it. */
  committed({ state, touched }: Pick<Committed, "state" | "touched">): void {
    const before = this.#config;
    const after = state.config;
    this.#config = after;
    const isTouching = touched === "all" || touched.size > 0;
    if (after.revision === before.revision && !isTouching) return;
    const isMember = (model: string) => hasConfig(before, model) !== hasConfig(after, model);
    const renames = touched === "all" || [...touched].some(isMember);
    if (isTouching) {
      const gone = (model: string) => !hasConfig(after, model);
      const removed = touched === "all" ? modelNames(before).filter(gone) : [];
      this.#log.add({ revision: after.revision, touched, renames, removed, isWhole: false });
    }
    for (const watcher of this.#watchers) {
      if (watcher.isConcerned({ touched, renames })) {
        if (watcher.fallBehind(this.#log.floor)) this.#slowConsumers += 1;
        if (watcher.isWaiting) this.#toWake.add(watcher);
      } else watcher.pass(before.revision, after.revision);
    }
    if (!this.#isWaking) this.#wakeSome();
  }

  #startOf({ storeId, revision }: WatchRequest): "current" | "resync" | number {
    if (revision === 0) return "current";
    if (storeId !== this.#config.storeId || revision > this.#config.revision) return "resync";
    const { floor } = this.#log;
    if (revision >= floor) return revision;
    throw new Fault(
      "REVISION_COMPACTED",
      `changes up to revision ${floor} are not kept, and this watch resumes after ${revision}; start it without a revision`,
      { metadata: { revision: String(revision), oldest: String(floor) } },
    );
  }

  #wakeSome(): void {
    let room = WAKES_PER_TURN;
    for (const watcher of this.#toWake) {
      this.#isWaking = room === 0;
      if (this.#isWaking) {
        this.#timers.after(0, () => this.#wakeSome());
        return;
      }
      room -= 1;
      this.#toWake.delete(watcher);
      watcher.wake();
    }
    this.#isWaking = false;
  }
}
