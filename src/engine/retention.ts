import {
  FEEDBACK_TTL_MS,
  OUTCOME_ID_TTL_MS,
  UNIT_SCORES_BYTES_MAX,
} from "../domain/kernel/limits.ts";
import { journalTime } from "../store/journal-codec.ts";
import { keys, ranges } from "../store/keys.ts";
import { decodeJson, type Store } from "../store/store.ts";
import { CellRetention } from "./cell-retention.ts";
import { type Cells, HOUR_MS } from "./cells.ts";
import type { UnitScores } from "./feedback.ts";
import { trimHistory } from "./history-retention.ts";
import type { Identities } from "./identities.ts";
import { OldestFirst } from "./oldest-first.ts";
import { Reclaim } from "./reclaim.ts";
import type { Targets } from "./targets.ts";

export interface RetentionDeps {
  readonly store: Store;
  readonly cells: Cells;
  readonly identities: Identities;
  readonly targets: Targets;
  /** Bytes of the journal that are kept. */
  readonly journalBytesMax: number;
}

/** Between two looks at the history, in milliseconds. */
const HISTORY_EVERY_MS = HOUR_MS;

/**
 * Removes what is older than it is kept. Runs after checkpoints and never beside one, in steps, so that neither the journal nor
 * lookups wait for it: the journal and the ids at each step, the arms a few at a time.
 */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #cells: CellRetention;
  readonly #journal: OldestFirst;
  /** Scores of units: what comes after they were removed is counted as a first score. */
  readonly #unitScores: OldestFirst;
  readonly #reclaim: Reclaim;
  #historyAtMs: number | undefined;

  constructor(deps: RetentionDeps) {
    const { store, journalBytesMax } = deps;
    this.#deps = deps;
    this.#cells = new CellRetention(deps);
    this.#reclaim = new Reclaim(store);
    // The newest record stays, as every newest: the number of the next one is one more.
    this.#journal = new OldestFirst(store, {
      range: ranges.journal,
      keyOf: keys.journal,
      timeOf: journalTime,
      ttlMs: OUTCOME_ID_TTL_MS,
      bytesMax: journalBytesMax,
    });
    this.#unitScores = new OldestFirst(store, {
      range: ranges.unitScores,
      keyOf: keys.unitScores,
      timeOf: (value) => decodeJson<UnitScores>(value).atMs,
      ttlMs: FEEDBACK_TTL_MS,
      bytesMax: UNIT_SCORES_BYTES_MAX,
    });
  }

  /** Removes a little of what is to be removed. Errors: the database's. */
  async step(nowMs: number): Promise<void> {
    await this.#deps.identities.trim(nowMs);
    await this.#deps.targets.trim(nowMs);
    await this.#journal.step(nowMs);
    await this.#unitScores.step(nowMs);
    await this.#trimHistory(nowMs);
    await this.#cells.step(nowMs);
    await this.#reclaim.step();
  }

  async #trimHistory(nowMs: number): Promise<void> {
    if (this.#historyAtMs !== undefined && nowMs - this.#historyAtMs < HISTORY_EVERY_MS) return;
    this.#historyAtMs = nowMs;
    await trimHistory(this.#deps.store);
  }
}
