import { SCORE_NAMES_MAX } from "../domain/kernel/limits.ts";
import { SCORE_SCALES } from "../domain/outcome/score.ts";
import { keys } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import type { CheckpointPart } from "./checkpoints.ts";

/**
 * The names of scores beside the four known ones, at most SCORE_NAMES_MAX in a store: each has sums of its own in every cell. A name
 * is known from its first acknowledged score on, and for good.
 */
export class ScoreNames implements CheckpointPart {
  readonly #store: Store;
  readonly #names = new Set<string>();
  #saved = 0;
  #saving = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  get size(): number {
    return this.#names.size;
  }

  /** Reads the names of the newest checkpoint, at boot. */
  async load(): Promise<void> {
    const names = (await this.#store.json<string[]>(keys.meta("scoreNames"))) ?? [];
    for (const name of names) this.#names.add(name);
    this.#saved = this.#names.size;
  }

  /** Takes scores over, where there is room for all of their names; else answers the first name that has none. */
  admit(scores: Readonly<Record<string, number>>): string | undefined {
    const fresh = Object.keys(scores).filter(
      (name) => !this.#names.has(name) && !Object.hasOwn(SCORE_SCALES, name),
    );
    if (fresh.length === 0) return undefined;
    const room = SCORE_NAMES_MAX - this.#names.size;
    if (fresh.length > room) return fresh[Math.max(0, room)];
    for (const name of fresh) this.#names.add(name);
    return undefined;
  }

  beginCheckpoint(): StoreOp[] {
    this.#saving = this.#names.size;
    if (this.#saving === this.#saved) return [];
    return [{ put: keys.meta("scoreNames"), json: [...this.#names] }];
  }

  endCheckpoint(result: "written" | "failed"): void {
    if (result === "written") this.#saved = this.#saving;
  }
}
