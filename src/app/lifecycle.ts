import type { Log } from "../platform/log.ts";
import type { Timers } from "../platform/timers.ts";

interface Stop {
  readonly name: string;
  readonly stop: () => Promise<void> | void;
}

/**
 * The way down: named steps in the opposite order of the way up, each bounded. A step that fails or takes too long is logged and does
 * not keep the others from running.
 */
export class Lifecycle {
  readonly #log: Log;
  readonly #timers: Timers;
  readonly #stops: Stop[] = [];
  #stopping: Promise<Error[]> | undefined;

  constructor(log: Log, timers: Timers) {
    this.#log = log;
    this.#timers = timers;
  }

  onStop(name: string, stop: Stop["stop"]): void {
    this.#stops.push({ name, stop });
  }

  /** Runs the steps, newest first; each may take `stepMs`. Answers what failed. A second call waits for the first. */
  stop(stepMs: number): Promise<Error[]> {
    this.#stopping ??= this.#run(stepMs);
    return this.#stopping;
  }

  async #run(stepMs: number): Promise<Error[]> {
    const failures: Error[] = [];
    for (const { name, stop } of this.#stops.toReversed()) {
      try {
        await this.#bounded(name, stop, stepMs);
      } catch (cause) {
        this.#log.error("step of the way down failed", { step: name, cause });
        failures.push(new Error(`${name} failed`, { cause }));
      }
    }
    return failures;
  }

  #bounded(name: string, stop: Stop["stop"], stepMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#timers.after(stepMs, () =>
        reject(new Error(`${name} took longer than ${stepMs} ms`)),
      );
      Promise.resolve().then(stop).then(resolve, reject).finally(cancel);
    });
  }
}
