import { performance } from "node:perf_hooks";

/** What work that comes in pieces may take of one turn of the event loop, in milliseconds: lookups wait for no more than that. */
const SHARE_MS = 0.5;

/**
 * Time of the event loop, shared by work that comes in many pieces from many callers: all of them together get a short share of each
 * turn, in the order in which they asked, and whatever else waits, such as lookups, gets the rest. One long piece of work alone is a
 * matter of Slices.
 */
export class Turns {
  readonly #nowMs: () => number;
  readonly #urgent: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  /** When the share of this turn began; undefined while nothing was asked for. */
  #startedMs: number | undefined;
  /** Whether a piece was let go and is being done: in its step, or in one that follows at once. */
  #isBusy = false;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * To await before a piece of work: waits until it may be done, and costs little where that is now. An urgent piece, such as one that
   * frees what others hold, comes before those that are not.
   */
  take(urgency: "urgent" | "usual" = "usual"): Promise<void> | undefined {
    if (!this.#isBusy && !this.#isAwaited && this.#hasShare()) {
      this.#isBusy = true;
      // The caller goes on one microtask after it awaits, which it does once this has answered.
      queueMicrotask(() => queueMicrotask(this.#goOn));
      return undefined;
    }
    const queue = urgency === "urgent" ? this.#urgent : this.#waiting;
    return new Promise((resume) => queue.push(resume));
  }

  get #isAwaited(): boolean {
    return this.#urgent.length > 0 || this.#waiting.length > 0;
  }

  #hasShare(): boolean {
    const nowMs = this.#nowMs();
    if (this.#startedMs === undefined) {
      this.#startedMs = nowMs;
      setImmediate(this.#endTurn);
    }
    return nowMs - this.#startedMs < SHARE_MS;
  }

  readonly #endTurn = (): void => {
    this.#startedMs = undefined;
    this.#goOn();
  };

  readonly #goOn = (): void => {
    this.#isBusy = false;
    if (!this.#isAwaited || !this.#hasShare()) return;
    this.#isBusy = true;
    const resume = this.#urgent.shift() ?? this.#waiting.shift();
    resume?.();
    // Runs after the piece of the one that was resumed, which was queued before it.
    queueMicrotask(this.#goOn);
  };
}
