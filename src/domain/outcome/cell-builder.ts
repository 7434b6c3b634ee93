import type { PowerSums } from "../../stats/power-sums.ts";
import { eachBinned } from "./binned.ts";
import {
  type Cell,
  EMPTY_CELL,
  eachBounded,
  eachOddScore,
  isTruncated,
  mergeCells,
  type PairTotals,
  type Totals,
  tokensOf,
} from "./cell.ts";
import type { Outcome } from "./outcome.ts";
import type { OutcomeStatus } from "./status.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Events of an arm that are counted and are no outcomes. */
export type CellEvent = "late" | "duplicates" | "rejected";

/**
 * Collects outcomes into a cell, in place: the same sums as folding them one after the other, without a copy of the whole cell for
 * each of them.
 */
export class CellBuilder {
  /** What was merged in, such as corrections; undefined for nothing. */
  #merged: Cell | undefined;
  #outcomes = 0;
  #costDerived = 0;
  #priceDate = "";
  #truncated = 0;
  #skewed = 0;
  readonly #events = { late: 0, duplicates: 0, rejected: 0 };
  readonly #statuses = new Map<OutcomeStatus, number>();
  readonly #bounded = new Sums();
  readonly #binned = new Sums();
  readonly #oddScores = { failed: new Map<string, number>(), idle: new Map<string, number>() };
  readonly #latencyMs = noTotals();
  readonly #tokens = noTotals();
  readonly #costNanoUsd = noTotals();
  readonly #tokensWithCost: Mutable<PairTotals> = { ...EMPTY_CELL.tokensWithCost };
  readonly #retries = noTotals();
  readonly #iterations = noTotals();

  /** Metrics and bins in use: what its memory grows with. */
  get entries(): number {
    return this.#bounded.size + this.#binned.size;
  }

  add(outcome: Outcome): void {
    this.#outcomes += 1;
    this.#statuses.set(outcome.status, (this.#statuses.get(outcome.status) ?? 0) + 1);
    eachBounded(outcome, this.#bounded.add);
    eachOddScore(outcome, (metric, ended) => {
      const counts = this.#oddScores[ended];
      counts.set(metric, (counts.get(metric) ?? 0) + 1);
    });
    eachBinned(outcome, this.#binned.add);
    addTotal(this.#latencyMs, outcome.latencyMs);
    const tokens = tokensOf(outcome);
    addTotal(this.#tokens, tokens);
    addTotal(this.#costNanoUsd, outcome.costNanoUsd);
    addPair(this.#tokensWithCost, tokens, outcome.costNanoUsd);
    addTotal(this.#retries, outcome.retries);
    addTotal(this.#iterations, outcome.iterations);
    if (outcome.costDerived) this.#costDerived += 1;
    if (outcome.priceDate > this.#priceDate) this.#priceDate = outcome.priceDate;
    if (isTruncated(outcome)) this.#truncated += 1;
    if (outcome.clockSkew) this.#skewed += 1;
  }

  count(event: CellEvent): void {
    this.#events[event] += 1;
  }

  merge(cell: Cell): void {
    this.#merged = this.#merged ? mergeCells(this.#merged, cell) : cell;
  }

  /** What was collected so far; later outcomes do not change it. */
  toCell(): Cell {
    const own: Cell = {
      ...EMPTY_CELL,
      ...this.#events,
      outcomes: this.#outcomes,
      statuses: Object.fromEntries(this.#statuses),
      bounded: this.#bounded.toRecord(),
      failedScores: Object.fromEntries(this.#oddScores.failed),
      idleScores: Object.fromEntries(this.#oddScores.idle),
      binned: this.#binned.toRecord(),
      latencyMs: { ...this.#latencyMs },
      tokens: { ...this.#tokens },
      costNanoUsd: { ...this.#costNanoUsd },
      tokensWithCost: { ...this.#tokensWithCost },
      costDerived: this.#costDerived,
      priceDate: this.#priceDate,
      truncated: this.#truncated,
      skewed: this.#skewed,
      retries: { ...this.#retries },
      iterations: { ...this.#iterations },
    };
    return this.#merged ? mergeCells(own, this.#merged) : own;
  }
}

/** Power sums by name that values are added to. */
class Sums {
  readonly #byName = new Map<string, Mutable<PowerSums>>();

  get size(): number {
    return this.#byName.size;
  }

  readonly add = (name: string, value: number): void => {
    let sums = this.#byName.get(name);
    if (!sums) {
      sums = { n: 0, s1: 0, s2: 0, s3: 0, s4: 0 };
      this.#byName.set(name, sums);
    }
    const square = value * value;
    sums.n += 1;
    sums.s1 += value;
    sums.s2 += square;
    sums.s3 += square * value;
    sums.s4 += square * square;
  };

  toRecord(): Record<string, PowerSums> {
    return Object.fromEntries([...this.#byName].map(([name, sums]) => [name, { ...sums }]));
  }
}

function addPair(pairs: Mutable<PairTotals>, x: number | undefined, y: number | undefined): void {
  if (x === undefined || y === undefined) return;
  pairs.n += 1;
  pairs.x += x;
  pairs.y += y;
  pairs.xx += x * x;
  pairs.yy += y * y;
  pairs.xy += x * y;
}

function noTotals(): Mutable<Totals> {
  return { n: 0, sum: 0, squares: 0 };
}

function addTotal(totals: Mutable<Totals>, value: number | undefined): void {
  if (value === undefined) return;
  totals.n += 1;
  totals.sum += value;
  totals.squares += value * value;
}
