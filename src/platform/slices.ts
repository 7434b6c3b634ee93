import { performance } from "node:perf_hooks";

/** A computation in steps, as generators are: none of them longer than a slice. */
interface Steps<T> {
  next(): IteratorResult<undefined, T>;
}

/** The longest that one piece of background work holds the event loop, in milliseconds; lookups wait for no more than that. */
const SLICE_MS = 0.5;

export interface SliceTime {
  nowMs(): number;
  /** Turns of the event loop so far. */
  turns(): number;
}

const SYSTEM_TIME: SliceTime = {
  nowMs: () => performance.now(),
  turns: () => performance.nodeTiming.uvMetricsInfo.loopCount,
};

/**
 * Does background work in short slices, with everything else that waits in between. One piece of work has one of these through all of
 * its parts, so that parts which follow each other without a turn of the event loop count together.
 */
export class Slices {
  readonly #time: SliceTime;
  #startedMs: number;
  #longestMs = 0;

  constructor(time: SliceTime = SYSTEM_TIME) {
    this.#time = time;
    this.#startedMs = time.nowMs();
  }

  /** The longest slice so far, in milliseconds, by the clock: a pause of the garbage collector or of the machine within one counts. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** To await between the items of a long loop: gives way once a slice is over, and else costs nothing. */
  giveWay(): Promise<void> {
    return this.#elapsedMs() < SLICE_MS ? DONE : this.#nextTurn();
  }

  /** Runs a computation to its end. Errors: its own. */
  async run<T>(steps: Steps<T>): Promise<T> {
    await this.giveWay();
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return value;
      if (this.#elapsedMs() >= SLICE_MS) await this.#nextTurn();
    }
  }

  /** Waits for what is done elsewhere, such as the store's threads: time spent there belongs to no slice. Errors: those of `work`. */
  async waitFor<T>(work: Promise<T>): Promise<T> {
    this.#elapsedMs();
    const turn = this.#time.turns();
    try {
      return await work;
    } finally {
      // What was done at once after all goes on in the same slice.
      if (this.#time.turns() !== turn) this.#startedMs = this.#time.nowMs();
    }
  }

  /** The items of what is read elsewhere, one slice after the other. Errors: those of `items`. */
  async *over<T>(items: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const iterator = items[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.waitFor(iterator.next());
        if (done === true) return;
        yield value;
        await this.giveWay();
      }
    } finally {
      await iterator.return?.();
    }
  }

  #elapsedMs(): number {
    const elapsedMs = this.#time.nowMs() - this.#startedMs;
    if (elapsedMs > this.#longestMs) this.#longestMs = elapsedMs;
    return elapsedMs;
  }

  async #nextTurn(): Promise<void> {
    await new Promise<void>((resume) => setImmediate(resume));
    this.#startedMs = this.#time.nowMs();
  }
}

const DONE = Promise.resolve();

/** Runs one computation in slices of its own. Errors: its own. */
export function inSlices<T>(steps: Steps<T>): Promise<T> {
  return new Slices().run(steps);
}
