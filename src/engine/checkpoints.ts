import { Slices } from "../platform/slices.ts";
import { keys } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";

/** How a checkpoint stands: journal records up to `watermark` are in what the checkpoint wrote. */
export interface Checkpoint {
  readonly watermark: number;
  readonly atMs: number;
}

export const NO_CHECKPOINT: Checkpoint = { watermark: 0, atMs: 0 };

/** Something that collects what the journal holds and writes it with each checkpoint. */
export interface CheckpointPart {
  /** Starts a checkpoint of everything so far, in this very step; what comes later belongs to the next one. Answers the ops of it. */
  beginCheckpoint(watermark: number, atMs: number): StoreOp[] | Promise<StoreOp[]>;
  /** Ends it. One that failed goes back to what is unsaved, and the next one takes it along. */
  endCheckpoint(result: "written" | "failed"): void;
}

/**
 * Writes checkpoints: the changes of all parts and the watermark in one synced batch. A write that fails leaves open whether the
 * batch is on disk, and counting it twice would be wrong: the checkpoint stays open until `settle` has looked.
 */
export class Checkpoints {
  readonly #store: Store;
  readonly #parts: readonly CheckpointPart[];
  #newest = NO_CHECKPOINT;
  #open: Checkpoint | undefined;
  #writing: Promise<void> | undefined;
  /** Checkpoints written since the start. */
  written = 0;

  constructor(store: Store, parts: readonly CheckpointPart[]) {
    this.#store = store;
    this.#parts = parts;
  }

  get newest(): Checkpoint {
    return this.#newest;
  }

  /** Reads which checkpoint is on disk, at boot. */
  async load(): Promise<Checkpoint> {
    this.#newest = (await this.#store.json<Checkpoint>(keys.meta("checkpoint"))) ?? NO_CHECKPOINT;
    return this.#newest;
  }

  /** Writes a checkpoint at a watermark. Errors: the database's; then `settle` comes before the next one. */
  async write(checkpoint: Checkpoint): Promise<void> {
    const writing = this.#write(checkpoint);
    this.#writing = writing.catch(() => undefined);
    await writing;
  }

  /** Ends a checkpoint whose write failed by what is on disk now; one that is still put together fails first. */
  async settle(): Promise<void> {
    await this.#writing;
    if (!this.#open) return;
    const saved = await this.#store.json<Checkpoint>(keys.meta("checkpoint"));
    this.#end((saved?.watermark ?? 0) >= this.#open.watermark ? "written" : "failed");
  }

  async #write(checkpoint: Checkpoint): Promise<void> {
    const { watermark, atMs } = checkpoint;
    this.#open = checkpoint;
    // Begun in one step, so that all parts stand at the watermark.
    const building = this.#parts.map(async (part) => part.beginCheckpoint(watermark, atMs));
    try {
      const ops = (await Promise.all(building)).flat();
      ops.push({ put: keys.meta("checkpoint"), json: checkpoint });
      await this.#store.writeLarge(ops, new Slices());
    } catch (error) {
      await Promise.allSettled(building);
      if (!this.#store.failure) this.#end("failed");
      throw error;
    }
    this.#end("written");
  }

  #end(result: "written" | "failed"): void {
    for (const part of this.#parts) part.endCheckpoint(result);
    if (result === "written" && this.#open) {
      this.#newest = this.#open;
      this.written += 1;
    }
    this.#open = undefined;
  }
}
