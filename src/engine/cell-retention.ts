import { DAILY_CELLS_MAX, HOURLY_CELLS_TTL_MS } from "../domain/kernel/limits.ts";
import { type Cell, EMPTY_CELL, mergeCells, wholeCell } from "../domain/outcome/cell.ts";
import { Slices } from "../platform/slices.ts";
import { hourOfCellKey, type KeyRange, keys, ranges } from "../store/keys.ts";
import { decodeJson, encodeJson, type Store, type StoreOp } from "../store/store.ts";
import { DAY_HOURS, sumOfCells } from "./arm-totals.ts";
import type { LiveArm } from "./arms.ts";
import { type Cells, HOUR_MS } from "./cells.ts";
import type { Targets } from "./targets.ts";

/** Arms whose cells one step looks at: all that may be known in half an hour of steps. */
const ARMS_PER_STEP = 120;
/** Between two looks at all arms, in milliseconds: what they are looked at for changes by the hour. */
const ROUND_EVERY_MS = HOUR_MS;
/** Arms that one step forgets at most: more than can come in between two steps for long. */
const FORGOTTEN_PER_STEP = 200;
/** Days that one batch removes at most. */
const DAYS_PER_BATCH = 2_000;

/**
 * Merges the hours of days that are over for long, removes the oldest days of each arm, and forgets arms where there is no room for new
 * ones. A batch that changes what the cells of an arm add up to rewrites its totals. Runs where no checkpoint does.
 */
export class CellRetention {
  readonly #store: Store;
  readonly #cells: Cells;
  readonly #targets: Pick<Targets, "forget">;
  /** Arms that this round has still to look at. */
  #round: LiveArm[] = [];
  #roundAtMs: number | undefined;

  constructor(deps: {
    readonly store: Store;
    readonly cells: Cells;
    readonly targets: Pick<Targets, "forget">;
  }) {
    this.#store = deps.store;
    this.#cells = deps.cells;
    this.#targets = deps.targets;
  }

  /** Looks at a few arms. Errors: the database's. */
  async step(nowMs: number): Promise<void> {
    const slices = new Slices();
    await this.#forgetSuperfluous(nowMs, slices);
    if (this.#round.length === 0) {
      if (this.#roundAtMs !== undefined && nowMs - this.#roundAtMs < ROUND_EVERY_MS) return;
      this.#roundAtMs = nowMs;
      this.#round = [...this.#cells.arms.all()].reverse();
    }
    const gone: LiveArm[] = [];
    for (const live of this.#round.splice(-ARMS_PER_STEP).reverse()) {
      await slices.giveWay();
      await this.#rollUp(live, nowMs, slices);
      await this.#trimDays(live, slices);
      await this.#sumUp(live, slices);
      if (await this.#isGone(live)) gone.push(live);
    }
    const idle = gone.filter((live) => !this.#cells.isDirty(live));
    if (idle.length > 0) await this.#store.write(this.#forgetArms(idle), "sync");
  }

  /** Merges the hours of days that are over for long into one cell each, which leaves the totals as they are. */
  async #rollUp({ scopeKey, arm }: LiveArm, nowMs: number, slices: Slices): Promise<void> {
    const untilDay = Math.floor((nowMs - HOURLY_CELLS_TTL_MS) / (DAY_HOURS * HOUR_MS));
    const range: KeyRange = {
      gte: ranges.cellsOfArm(scopeKey, arm.configId).gte,
      lt: keys.cell(scopeKey, arm.configId, Math.max(0, untilDay) * DAY_HOURS),
    };
    const days = new Map<number, Cell>();
    const ops: StoreOp[] = [];
    for await (const [key, bytes] of slices.over(this.#store.scanBytes({ range }))) {
      const day = Math.floor(hourOfCellKey(key) / DAY_HOURS);
      const cell = wholeCell(decodeJson<Cell>(bytes));
      days.set(day, mergeCells(days.get(day) ?? EMPTY_CELL, cell));
      ops.push({ delete: key });
    }
    if (ops.length === 0) return;
    for (const [day, cell] of days) {
      const key = keys.dailyCell(scopeKey, arm.configId, day);
      const stored = await slices.waitFor(this.#store.bytes(key));
      const merged = mergeCells(wholeCell(stored && decodeJson<Cell>(stored)), cell);
      ops.push({ put: key, bytes: encodeJson(merged) });
      await slices.giveWay();
    }
    await this.#store.writeLarge(ops, slices);
  }

  /** The newest days stay, however old they are: imported logs too are kept. */
  async #trimDays(live: LiveArm, slices: Slices): Promise<void> {
    const { scopeKey, arm } = live;
    const days = ranges.dailyCellsOfArm(scopeKey, arm.configId);
    const firstDay = await this.#store.keyFromEnd(days, DAILY_CELLS_MAX);
    if (firstDay !== undefined) {
      const removed = await this.#store.keys({ gte: days.gte, lt: firstDay }, DAYS_PER_BATCH);
      const last = removed.at(-1);
      if (last !== undefined) {
        const rest = { days: { gt: last, lt: days.lt }, slices };
        const total = await sumOfCells(this.#store, live, rest);
        const ops: StoreOp[] = removed.map((key) => ({ delete: key }));
        ops.push({ put: keys.totals(scopeKey, arm.configId), bytes: encodeJson(total) });
        await this.#store.writeLarge(ops, slices);
      }
    }
    const distributions = ranges.distributionsOfArm(scopeKey, arm.configId);
    const firstKept = await this.#store.keyFromEnd(distributions, DAILY_CELLS_MAX);
    if (firstKept !== undefined) await this.#store.clear({ gte: distributions.gte, lt: firstKept });
  }

  /** Gives an arm of a store from before there were totals its own. */
  async #sumUp(live: LiveArm, slices: Slices): Promise<void> {
    const key = keys.totals(live.scopeKey, live.arm.configId);
    if ((await this.#store.bytes(key)) !== undefined) return;
    const total = await sumOfCells(this.#store, live, { slices });
    if (total !== EMPTY_CELL)
      await this.#store.write([{ put: key, bytes: encodeJson(total) }], "buffered");
  }

  async #isGone({ scopeKey, arm }: LiveArm): Promise<boolean> {
    const hourly = await this.#store.firstKey(ranges.cellsOfArm(scopeKey, arm.configId));
    if (hourly !== undefined) return false;
    return (
      (await this.#store.firstKey(ranges.dailyCellsOfArm(scopeKey, arm.configId))) === undefined
    );
  }

  /** Forgets the arms that there is no room for, with everything that is stored of them. */
  async #forgetSuperfluous(nowMs: number, slices: Slices): Promise<void> {
    const found: { readonly live: LiveArm; readonly ops: readonly StoreOp[] }[] = [];
    for (const live of this.#cells.arms.superfluous(nowMs, FORGOTTEN_PER_STEP))
      found.push({ live, ops: await this.#everythingOf(live, slices) });
    // In one step: what is heard from here on is a new pair, and its first checkpoint comes after this.
    const idle = found.filter(({ live }) => !this.#cells.isDirty(live));
    if (idle.length === 0) return;
    const definitions = this.#forgetArms(idle.map(({ live }) => live));
    await this.#store.writeLarge([...idle.flatMap(({ ops }) => ops), ...definitions], slices);
  }

  #forgetArms(gone: readonly LiveArm[]): StoreOp[] {
    for (const live of gone) this.#targets.forget(live);
    return this.#cells.forgetArms(gone);
  }

  async #everythingOf({ scopeKey, arm }: LiveArm, slices: Slices): Promise<StoreOp[]> {
    const ops: StoreOp[] = [];
    for (const range of [
      ranges.cellsOfArm(scopeKey, arm.configId),
      ranges.dailyCellsOfArm(scopeKey, arm.configId),
      ranges.distributionsOfArm(scopeKey, arm.configId),
    ]) {
      const found = await slices.waitFor(this.#store.keys(range));
      ops.push(...found.map((key) => ({ delete: key })));
    }
    return ops;
  }
}
