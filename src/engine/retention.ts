import {
  DAILY_CELLS_MAX,
  FEEDBACK_TTL_MS,
  HOURLY_CELLS_TTL_MS,
  JOURNAL_BYTES_MAX,
  OUTCOME_ID_TTL_MS,
  UNIT_SCORES_BYTES_MAX,
} from "../domain/kernel/limits.ts";
import { type Cell, EMPTY_CELL, mergeCells } from "../domain/outcome/cell.ts";
import { journalTime } from "../store/journal-codec.ts";
import { hourOfCellKey, type KeyRange, keys, ranges, sequenceOfKey } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import type { LiveArm } from "./arms.ts";
import { type Cells, DAY_HOURS, HOUR_MS } from "./cells.ts";
import type { UnitScores } from "./feedback.ts";
import { trimHistory } from "./history-retention.ts";
import type { Identities } from "./identities.ts";
import type { Targets } from "./targets.ts";

export interface RetentionDeps {
  readonly store: Store;
  readonly cells: Cells;
  readonly identities: Identities;
  readonly targets: Targets;
}

/** Arms whose cells one step looks at: some ten milliseconds. */
const ARMS_PER_STEP = 50;
/** Between two looks at all arms, in milliseconds: what they are looked at for changes by the hour. */
const ROUND_EVERY_MS = HOUR_MS;
/** Journal records that one step looks at and removes. */
const RECORDS_PER_STEP = 500;
/** Between two compactions, in milliseconds: LevelDB does most of it by itself. */
const COMPACT_EVERY_MS = 10 * 60 * 1000;
/** Removed journal records after which their room is given back. */
const COMPACT_AFTER_RECORDS = 1_000;

/**
 * Removes what is older than it is kept. Runs after checkpoints and never beside one, in steps, so that neither the journal nor
 * lookups wait for it: the journal and the ids at each step, the arms a few at a time.
 */
export class Retention {
  readonly #deps: RetentionDeps;
  /** Arms that this round has still to look at. */
  #round: LiveArm[] = [];
  #roundAtMs: number | undefined;
  #removedRecords = 0;
  #compactedAtMs: number | undefined;
  #compacting: Promise<void> | undefined;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  /** Removes a little of what is to be removed. Errors: the database's. */
  async step(nowMs: number): Promise<void> {
    await this.#deps.identities.trim(nowMs);
    await this.#deps.targets.trim(nowMs);
    await this.#trimJournal(nowMs);
    await this.#trimUnitScores(nowMs);
    await this.#stepArms(nowMs);
    this.#compactSoon(nowMs);
  }

  /** Records beyond the time or the bytes that the journal may have. Bytes are LevelDB's estimate, which lags behind. */
  async #trimJournal(nowMs: number): Promise<void> {
    const { store } = this.#deps;
    const bytes = await store.approximateBytes(ranges.journal);
    let excessBytes = bytes - JOURNAL_BYTES_MAX;
    let last: number | undefined;
    let count = 0;
    // The newest record stays: the next one's number is one more.
    const newest = await store.keyFromEnd(ranges.journal, 1);
    const range = { gte: ranges.journal.gte, lt: newest ?? ranges.journal.gte };
    for await (const [key, record] of store.scanBytes({ range, limit: RECORDS_PER_STEP })) {
      if (nowMs - journalTime(record) < OUTCOME_ID_TTL_MS && excessBytes <= 0) break;
      excessBytes -= record.byteLength;
      last = sequenceOfKey(key);
      count += 1;
    }
    if (last === undefined) return;
    await store.clear({ gte: ranges.journal.gte, lt: keys.journal(last + 1) });
    this.#removedRecords += count;
  }

  /** Scores of units beyond the time or the bytes that they are kept for: what comes later is counted as a first score. */
  async #trimUnitScores(nowMs: number): Promise<void> {
    const { store } = this.#deps;
    const range = ranges.unitScores;
    let excessBytes = (await store.approximateBytes(range)) - UNIT_SCORES_BYTES_MAX;
    let last: number | undefined;
    for await (const [key, stored] of store.scan<UnitScores>({ range, limit: RECORDS_PER_STEP })) {
      if (nowMs - stored.atMs < FEEDBACK_TTL_MS && excessBytes <= 0) break;
      excessBytes -= JSON.stringify(stored).length;
      last = sequenceOfKey(key);
    }
    if (last !== undefined) await store.clear({ gte: range.gte, lt: keys.unitScores(last + 1) });
  }

  async #stepArms(nowMs: number): Promise<void> {
    if (this.#round.length === 0) {
      if (this.#roundAtMs !== undefined && nowMs - this.#roundAtMs < ROUND_EVERY_MS) return;
      this.#roundAtMs = nowMs;
      await trimHistory(this.#deps.store);
      this.#round = [...this.#deps.cells.arms.all()];
    }
    const gone: LiveArm[] = [];
    for (const live of this.#round.splice(0, ARMS_PER_STEP)) {
      await this.#rollUp(live, nowMs);
      await this.#trimDays(live);
      if (await this.#isGone(live)) gone.push(live);
    }
    const { store, cells } = this.#deps;
    const idle = gone.filter((live) => !cells.isDirty(live));
    if (idle.length > 0) await store.write(cells.forgetArms(idle), "sync");
  }

  /** Merges the hours of days that are over for long into one cell each. */
  async #rollUp({ scopeKey, arm }: LiveArm, nowMs: number): Promise<void> {
    const { store } = this.#deps;
    const untilDay = Math.floor((nowMs - HOURLY_CELLS_TTL_MS) / (DAY_HOURS * HOUR_MS));
    const range: KeyRange = {
      gte: ranges.cellsOfArm(scopeKey, arm.configId).gte,
      lt: keys.cell(scopeKey, arm.configId, Math.max(0, untilDay) * DAY_HOURS),
    };
    const days = new Map<number, Cell>();
    const ops: StoreOp[] = [];
    for await (const [key, cell] of store.scan<Cell>({ range })) {
      const day = Math.floor(hourOfCellKey(key) / DAY_HOURS);
      days.set(day, mergeCells(days.get(day) ?? EMPTY_CELL, { ...EMPTY_CELL, ...cell }));
      ops.push({ delete: key });
    }
    if (ops.length === 0) return;
    const dayKeys = [...days.keys()].map((day) => keys.dailyCell(scopeKey, arm.configId, day));
    const stored = await store.jsonMany<Cell>(dayKeys);
    for (const [index, cell] of [...days.values()].entries()) {
      const merged = mergeCells({ ...EMPTY_CELL, ...stored[index] }, cell);
      ops.push({ put: dayKeys[index] ?? "", json: merged });
    }
    await store.write(ops, "sync");
  }

  /** The newest days stay, however old they are: imported logs too are kept. */
  async #trimDays(live: LiveArm): Promise<void> {
    const { store, cells } = this.#deps;
    const { scopeKey, arm } = live;
    for (const range of [
      ranges.dailyCellsOfArm(scopeKey, arm.configId),
      ranges.distributionsOfArm(scopeKey, arm.configId),
    ]) {
      const firstKept = await store.keyFromEnd(range, DAILY_CELLS_MAX);
      if (firstKept === undefined) continue;
      await store.clear({ gte: range.gte, lt: firstKept });
      cells.forgetTotals(live);
    }
  }

  async #isGone({ scopeKey, arm }: LiveArm): Promise<boolean> {
    const { store } = this.#deps;
    const hourly = await store.firstKey(ranges.cellsOfArm(scopeKey, arm.configId));
    if (hourly !== undefined) return false;
    return (await store.firstKey(ranges.dailyCellsOfArm(scopeKey, arm.configId))) === undefined;
  }

  /** Gives room back to the disk in the background: the journal's, where most is removed. */
  #compactSoon(nowMs: number): void {
    if (this.#compacting || this.#removedRecords < COMPACT_AFTER_RECORDS) return;
    if (this.#compactedAtMs !== undefined && nowMs - this.#compactedAtMs < COMPACT_EVERY_MS) return;
    this.#compactedAtMs = nowMs;
    this.#removedRecords = 0;
    this.#compacting = this.#deps.store
      .compact(ranges.journal)
      .catch(() => undefined)
      .finally(() => {
        this.#compacting = undefined;
      });
  }
}
