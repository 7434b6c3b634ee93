import { ASSIGNMENTS_QUEUED_MAX } from "../../domain/experiment/bounds.ts";
import type { EnrolledUnit } from "../../domain/experiment/unit.ts";
import type { Log } from "../../platform/log.ts";
import { keys } from "../../store/keys.ts";
import type { StoreOp } from "../../store/store.ts";
import { encodeUnit } from "./unit-codec.ts";

export interface AssignmentJournalDeps {
  readonly log: Log;
  /** Writes ops in the next synced batch. Errors: any; nothing of them may be relied on. */
  readonly write: (ops: readonly StoreOp[]) => Promise<void>;
  /** Hears of units once they are on disk, in the order of assignment. */
  readonly onJournalled: (units: readonly EnrolledUnit[]) => void;
}

/**
 * Puts assignments on disk without making lookups wait: all that gathered while one batch syncs go into the next. What is on disk is
 * always a prefix of what was assigned, because a batch that failed is written again before anything after it.
 */
export class AssignmentJournal {
  readonly #deps: AssignmentJournalDeps;
  #queue: EnrolledUnit[] = [];
  #writing: Promise<void> | undefined;
  /** Highest sequence on disk; -1 before the first. */
  #through: number;

  constructor(deps: AssignmentJournalDeps, through: number) {
    this.#deps = deps;
    this.#through = through;
  }

  get through(): number {
    return this.#through;
  }

  get isFull(): boolean {
    return this.#queue.length >= ASSIGNMENTS_QUEUED_MAX;
  }

  push(unit: EnrolledUnit): void {
    this.#queue.push(unit);
    // The drain logs its failure; the next assignment, report or checkpoint tries again.
    this.#begin().catch(() => undefined);
  }

  /** Returns once everything that was assigned so far is on disk. Errors: that of the write. */
  async flush(): Promise<void> {
    const last = this.#queue.at(-1);
    while (last !== undefined && last.sequence > this.#through) await this.#begin();
  }

  #begin(): Promise<void> {
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #drain(): Promise<void> {
    // One turn of the event loop lets lookups that arrived together share the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const units = this.#queue.slice();
      try {
        await this.#deps.write(units.map(opOf));
      } catch (cause) {
        this.#deps.log.error("assignments not stored", { units: units.length, cause });
        throw cause;
      }
      this.#queue.splice(0, units.length);
      this.#through = units.at(-1)?.sequence ?? this.#through;
      this.#deps.onJournalled(units);
    }
  }
}

function opOf(unit: EnrolledUnit): StoreOp {
  return { put: keys.unit(unit.sequence), bytes: encodeUnit({ unit, isReleased: false }) };
}
