import { Fault } from "../domain/kernel/fault.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Store } from "../store/store.ts";

/** After an attempt that failed, in milliseconds: callers are refused at once meanwhile. */
const ATTEMPT_EVERY_MS = 1000;

export interface RecoveryDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Brings what memory knows in line with what is on the disk, once the database is open again and before anything is written. */
  readonly align: () => Promise<void>;
}

/**
 * Takes the store up again after a write that failed, because the disk was full or did not answer: opens the database anew, looks
 * what of the failed write is there, and lets writes begin. Lookups need none of it and go on meanwhile.
 */
export class Recovery {
  readonly #deps: RecoveryDeps;
  #attempt: Promise<void> | undefined;
  #failedAtMs: number | undefined;
  #lastError: unknown;
  /** Times that the store was taken up again, since the start. */
  recoveries = 0;

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  /** Returns once the store can be written. Errors: STORE_UNAVAILABLE where it cannot yet. */
  async ensure(): Promise<void> {
    const { store, clock } = this.#deps;
    if (!store.failure) return;
    if (!this.#attempt) {
      const isTooSoon =
        this.#failedAtMs !== undefined && clock.monotonicMs() - this.#failedAtMs < ATTEMPT_EVERY_MS;
      if (isTooSoon) throw unavailable(this.#lastError);
      this.#attempt = this.#try().finally(() => {
        this.#attempt = undefined;
      });
    }
    await this.#attempt;
  }

  async #try(): Promise<void> {
    const { store, clock, log, align } = this.#deps;
    try {
      await store.reopen();
      await align();
      store.mended();
    } catch (cause) {
      this.#failedAtMs = clock.monotonicMs();
      this.#lastError = cause;
      throw unavailable(cause);
    }
    this.#failedAtMs = undefined;
    this.recoveries += 1;
    log.warn("the store takes writes again", { recoveries: this.recoveries });
  }
}

function unavailable(cause: unknown): Fault {
  return new Fault(
    "STORE_UNAVAILABLE",
    "the disk takes no writes; make room or look at the log, and send it again",
    { retryAfterMs: ATTEMPT_EVERY_MS, cause },
  );
}
