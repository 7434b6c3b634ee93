import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailed, UsageError } from "../failure.ts";
import { formatDuration } from "../terminal/format.ts";
import type { ProgressState } from "../terminal/progress.ts";
import { unpacked } from "./bytes.ts";
import type { LineReader } from "./foreign-logs.ts";
import type { Line } from "./lines.ts";
import { readLines } from "./lines.ts";
import type { OutcomeLine, RejectedLine } from "./outcome-line.ts";
import { readOutcome } from "./outcome-line.ts";
import { Pool } from "./pool.ts";
import type { SenderOptions } from "./sender.ts";
import { sendBatch } from "./sender.ts";
import type { Source } from "./source.ts";
import { Tally } from "./tally.ts";

/** What the numbers of a file count: its lines, or its records where several may stand in a line or one over many. */
export type ReplayUnit = "line" | "record";

/** What to send, and how. */
export interface ReplayOptions {
  readonly source: Source;
  /** Name of the source, for the messages. */
  readonly path: string;
  /** Outcomes per call. */
  readonly batchSize: number;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** How long a batch is tried after its first failure, in milliseconds. */
  readonly retryForMs: number;
  readonly report: SenderOptions["report"];
  /** Reads the outcome of a line; attuned's own JSON where absent. */
  readonly readLine?: LineReader;
  /** Splits the unpacked source into what `readLine` reads; into lines where absent. */
  readonly split?: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Line>;
  /** What the numbers count, for the messages; lines where absent. */
  readonly unit?: ReplayUnit;
  /** What has a number up to this one was answered before and is not sent. */
  readonly skipThrough?: number;
}

/** A request is sent at this size even if the batch is not full; well below what the daemon reads. */
const BATCH_BYTES_MAX = 1_048_576;

/** One replay of a source: what was read, what was answered, what it waits for. */
export class ReplayRun {
  readonly tally = new Tally();
  readonly #options: ReplayOptions;
  readonly #startMs = performance.now();
  #readBytes = 0;
  #readItems = 0;
  #waiting: string | undefined;
  /** Number of the last that was read. */
  #readThrough: number;
  /** First numbers of the batches that are not answered yet. */
  readonly #openLines = new Set<number>();
  #broken: { readonly error: unknown } | undefined;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#readThrough = options.skipThrough ?? 0;
  }

  /** How far it is. What was read counts by the share of it that was answered, because reading runs ahead. */
  progress(): ProgressState {
    const answered = this.#readItems === 0 ? 0 : this.tally.items / this.#readItems;
    return {
      items: this.tally.items,
      rejected: this.tally.rejected,
      doneBytes: this.#readBytes * answered,
      totalBytes: this.#options.source.totalBytes,
      elapsedMs: performance.now() - this.#startMs,
      waiting: this.#waiting,
    };
  }

  /** The number up to which every one was answered. */
  get answeredThrough(): number {
    return this.#openLines.size === 0 ? this.#readThrough : Math.min(...this.#openLines) - 1;
  }

  /**
   * Sends every line. Undefined when all of them were answered, else what stopped it: the source broke off (what was read before is
   * sent), the daemon could not be reached, or `signal`. Nothing is under way when it returns.
   */
  async send(signal: AbortSignal): Promise<{ readonly error: unknown } | undefined> {
    const pool = new Pool(this.#options.concurrency);
    try {
      await this.#sendBatches(pool, signal);
      await pool.drain();
      return this.#broken;
    } catch (error) {
      await pool.settle();
      return { error };
    }
  }

  async #sendBatches(pool: Pool, signal: AbortSignal): Promise<void> {
    const sender = this.#sender(signal);
    let batch: OutcomeLine[] = [];
    let batchBytes = 0;
    const send = async () => {
      const full = batch;
      batch = [];
      batchBytes = 0;
      await pool.add(async () => {
        const result = await sendBatch(full, sender);
        this.#waiting = undefined;
        this.tally.add(result);
        this.#openLines.delete(full[0]?.line ?? 0);
      });
    };
    const { skipThrough = 0 } = this.#options;
    for await (const line of this.#lines()) {
      if (signal.aborted) throw new CommandFailed("interrupted");
      const read = this.#read(line);
      if (read === undefined || line.number <= skipThrough) {
        if (batch.length === 0) this.#readThrough = Math.max(line.number, skipThrough);
        continue;
      }
      this.#readItems += 1;
      if ("reason" in read) {
        this.tally.reject(read);
        continue;
      }
      if (batch.length > 0 && batchBytes + read.bytes > BATCH_BYTES_MAX) await send();
      if (batch.length === 0) this.#openLines.add(read.line);
      this.#readThrough = line.number;
      batch.push(read);
      batchBytes += read.bytes;
      if (batch.length >= this.#options.batchSize) await send();
    }
    if (signal.aborted) throw new CommandFailed("interrupted");
    if (batch.length > 0) await send();
  }

  /** What a line or record holds. One that its reader cannot cope with is refused, so that it ends no run. */
  #read(line: Line): OutcomeLine | RejectedLine | undefined {
    const { readLine = readOutcome } = this.#options;
    try {
      return readLine(line);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return {
        line: line.number,
        reason: "REQUEST_MALFORMED",
        message: `cannot be read: ${why}`,
      };
    }
  }

  #sender(signal: AbortSignal): SenderOptions {
    return {
      report: this.#options.report,
      retryForMs: this.#options.retryForMs,
      onRetry: (waitMs) => {
        this.#waiting = `waiting for the daemon, next try in ${formatDuration(waitMs / 1000)}`;
      },
      random: Math.random,
      nowMs: () => performance.now(),
      sleep: (waitMs) => sleep(waitMs, undefined, { signal }),
    };
  }

  /** The lines or records as far as they can be read. */
  async *#lines(): AsyncGenerator<Line> {
    let number = 0;
    const { path, split = readLines, unit = "line" } = this.#options;
    try {
      for await (const line of split(unpacked(this.#counted()))) {
        number = line.number;
        yield line;
      }
    } catch (error) {
      if (error instanceof CommandFailed) this.#broken = { error };
      else {
        const why = error instanceof Error ? error.message : String(error);
        this.#broken = {
          error: new CommandFailed(`${path} breaks off after ${unit} ${number}: ${why}`),
        };
      }
    }
  }

  async *#counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#options.source.chunks) {
      this.#readBytes += chunk.length;
      yield chunk;
    }
  }
}
