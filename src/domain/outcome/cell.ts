import { addValue, EMPTY_SUMS, mergeSums, type PowerSums } from "../../stats/power-sums.ts";
import { type BinnedSums, foldBinned } from "./binned.ts";
import type { Outcome } from "./outcome.ts";
import { scoreScale } from "./score.ts";
import { type CallEnd, callEndOf, countsForSuccess, type OutcomeStatus } from "./status.ts";

/** Count, sum and sum of squares of a quantity without an upper bound, in its own unit. */
export interface Totals {
  readonly n: number;
  readonly sum: number;
  readonly squares: number;
}

/** Sums of two quantities over the outcomes that have both. */
export interface PairTotals {
  readonly n: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly yy: number;
  readonly xy: number;
}

/**
 * Sufficient statistics of one (scope, arm) in one hour. Cells merge by addition: associative, commutative, with EMPTY_CELL as
 * identity, so that windows, restarts and many daemons are one operation. Sums of cost stay exact below 2^53 nano-dollars.
 */
export interface Cell {
  readonly outcomes: number;
  readonly statuses: Readonly<Partial<Record<OutcomeStatus, number>>>;
  /** Success and scores, scaled to 0..1 by the metric's range. */
  readonly bounded: Readonly<Record<string, PowerSums>>;
  /** Scores that failed calls brought, by metric: the other failed calls have none, which counts as the worst. */
  readonly failedScores: Readonly<Record<string, number>>;
  /** The same of calls that were cancelled or not used. */
  readonly idleScores: Readonly<Record<string, number>>;
  /** What bounded functionals of latency, tokens and cost, and the effect of lower limits, are computed from. */
  readonly binned: BinnedSums;
  /** Tokens (x) with cost in nano-dollars (y). */
  readonly tokensWithCost: PairTotals;
  readonly latencyMs: Totals;
  /** Input and output tokens together. */
  readonly tokens: Totals;
  readonly costNanoUsd: Totals;
  /** Outcomes whose cost was derived from tokens. */
  readonly costDerived: number;
  /** Newest day of the prices that it was derived from, YYYY-MM-DD; empty where none was. */
  readonly priceDate: string;
  /** Outcomes whose answer was cut off at the token limit. */
  readonly truncated: number;
  readonly retries: Totals;
  readonly iterations: Totals;
  /** Outcomes that arrived after their decision had matured. */
  readonly late: number;
  /** Outcomes whose times were not possible as stated. */
  readonly skewed: number;
  /** Redeliveries that were recognised. */
  readonly duplicates: number;
  /** Outcomes of the arm that were refused. */
  readonly rejected: number;
  /** Scores that arrived after their outcome, or took the place of others. */
  readonly corrected: number;
}

const NO_TOTALS: Totals = { n: 0, sum: 0, squares: 0 };

export const NO_PAIRS: PairTotals = { n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 };

export const EMPTY_CELL: Cell = {
  outcomes: 0,
  statuses: {},
  bounded: {},
  failedScores: {},
  idleScores: {},
  binned: {},
  tokensWithCost: NO_PAIRS,
  latencyMs: NO_TOTALS,
  tokens: NO_TOTALS,
  costNanoUsd: NO_TOTALS,
  costDerived: 0,
  priceDate: "",
  truncated: 0,
  retries: NO_TOTALS,
  iterations: NO_TOTALS,
  late: 0,
  skewed: 0,
  duplicates: 0,
  rejected: 0,
  corrected: 0,
};

/** The finish reasons that providers use for an answer cut off at the token limit. */
const TRUNCATED_REASONS = new Set(["length", "max_tokens", "MAX_TOKENS", "model_length"]);

/**
 * A stored cell with the fields that were not there yet when it was written; the empty one where nothing is stored. One from before
 * failed scores were counted knows of none.
 */
export function wholeCell(stored: Partial<Cell> | undefined): Cell {
  return { ...EMPTY_CELL, ...stored };
}

/** The cell with one more outcome. */
export function foldOutcome(cell: Cell, outcome: Outcome): Cell {
  const { status } = outcome;
  return {
    ...cell,
    outcomes: cell.outcomes + 1,
    statuses: { ...cell.statuses, [status]: (cell.statuses[status] ?? 0) + 1 },
    bounded: foldBounded(cell.bounded, outcome),
    ...countScores(cell, outcome),
    binned: foldBinned(cell.binned, outcome),
    tokensWithCost: addPair(cell.tokensWithCost, tokensOf(outcome), outcome.costNanoUsd),
    latencyMs: addTotal(cell.latencyMs, outcome.latencyMs),
    tokens: addTotal(cell.tokens, tokensOf(outcome)),
    costNanoUsd: addTotal(cell.costNanoUsd, outcome.costNanoUsd),
    costDerived: cell.costDerived + (outcome.costDerived ? 1 : 0),
    priceDate: laterOf(cell.priceDate, outcome.priceDate),
    truncated: cell.truncated + (TRUNCATED_REASONS.has(outcome.finishReason) ? 1 : 0),
    retries: addTotal(cell.retries, outcome.retries),
    iterations: addTotal(cell.iterations, outcome.iterations),
    skewed: cell.skewed + (outcome.clockSkew ? 1 : 0),
  };
}

/** The cell of both cells' outcomes. */
export function mergeCells(a: Cell, b: Cell): Cell {
  return {
    outcomes: a.outcomes + b.outcomes,
    statuses: mergeRecords(a.statuses, b.statuses, (x, y) => x + y),
    bounded: mergeRecords(a.bounded, b.bounded, mergeSums),
    failedScores: mergeRecords(a.failedScores, b.failedScores, (x, y) => x + y),
    idleScores: mergeRecords(a.idleScores, b.idleScores, (x, y) => x + y),
    binned: mergeRecords(a.binned, b.binned, mergeSums),
    tokensWithCost: mergePairs(a.tokensWithCost, b.tokensWithCost),
    latencyMs: mergeTotals(a.latencyMs, b.latencyMs),
    tokens: mergeTotals(a.tokens, b.tokens),
    costNanoUsd: mergeTotals(a.costNanoUsd, b.costNanoUsd),
    costDerived: a.costDerived + b.costDerived,
    priceDate: laterOf(a.priceDate, b.priceDate),
    truncated: a.truncated + b.truncated,
    retries: mergeTotals(a.retries, b.retries),
    iterations: mergeTotals(a.iterations, b.iterations),
    late: a.late + b.late,
    skewed: a.skewed + b.skewed,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
    corrected: a.corrected + b.corrected,
  };
}

/** Names every bounded value of one outcome, scaled to 0..1. */
export function eachBounded(outcome: Outcome, add: (metric: string, value: number) => void): void {
  if (countsForSuccess(outcome.status)) add("success", outcome.status === "ok" ? 1 : 0);
  for (const [name, score] of Object.entries(outcome.scores))
    add(name, score / scoreScale(name).max);
}

/** Whether an answer was cut off at the token limit. */
export function isTruncated(outcome: Outcome): boolean {
  return TRUNCATED_REASONS.has(outcome.finishReason);
}

/** Input and output tokens together; undefined where neither is known. */
export function tokensOf({ inputTokens, outputTokens }: Outcome): number | undefined {
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  return (inputTokens ?? 0) + (outputTokens ?? 0);
}

/** Names the scores of an outcome that does not count as a success, and how it ended. */
export function eachOddScore(
  { status, scores }: Pick<Outcome, "status" | "scores">,
  add: (metric: string, ended: Exclude<CallEnd, "ok">) => void,
): void {
  const ended = callEndOf(status);
  if (ended === "ok") return;
  for (const name of Object.keys(scores)) add(name, ended);
}

/**
 * What merging adds to a cell where one of its scores takes the place of another, or of none. Sums of it may be negative. `ended` is how
 * the call ended that is scored.
 */
export function scoreChange(
  metric: string,
  { before, after }: { readonly before?: number | undefined; readonly after: number },
  ended: CallEnd = "ok",
): Cell {
  const { max } = scoreScale(metric);
  const added = addValue(EMPTY_SUMS, after / max);
  if (before === undefined) {
    return {
      ...EMPTY_CELL,
      corrected: 1,
      bounded: { [metric]: added },
      failedScores: ended === "failed" ? { [metric]: 1 } : {},
      idleScores: ended === "idle" ? { [metric]: 1 } : {},
    };
  }
  const taken = addValue(EMPTY_SUMS, before / max);
  const change: PowerSums = {
    n: 0,
    s1: added.s1 - taken.s1,
    s2: added.s2 - taken.s2,
    s3: added.s3 - taken.s3,
    s4: added.s4 - taken.s4,
  };
  return { ...EMPTY_CELL, corrected: 1, bounded: { [metric]: change } };
}

/** Sums of a bounded metric; those of no values where the cell has none. */
export function boundedSums(cell: Pick<Cell, "bounded">, metric: string): PowerSums {
  return Object.hasOwn(cell.bounded, metric) ? (cell.bounded[metric] ?? EMPTY_SUMS) : EMPTY_SUMS;
}

/** Mean of totals; undefined for no values. */
export function totalsMean(totals: Totals): number | undefined {
  return totals.n === 0 ? undefined : totals.sum / totals.n;
}

function countScores({ failedScores, idleScores }: Cell, outcome: Outcome) {
  const counted = { failed: { ...failedScores }, idle: { ...idleScores } };
  eachOddScore(outcome, (metric, ended) => {
    const counts: Record<string, number> = counted[ended];
    counts[metric] = (Object.hasOwn(counts, metric) ? (counts[metric] ?? 0) : 0) + 1;
  });
  return { failedScores: counted.failed, idleScores: counted.idle };
}

function foldBounded(bounded: Cell["bounded"], outcome: Outcome): Record<string, PowerSums> {
  const next: Record<string, PowerSums> = { ...bounded };
  eachBounded(outcome, (metric, value) => {
    const sums = Object.hasOwn(next, metric) ? (next[metric] ?? EMPTY_SUMS) : EMPTY_SUMS;
    next[metric] = addValue(sums, value);
  });
  return next;
}

/** The later of two days written YYYY-MM-DD. */
function laterOf(a: string, b: string): string {
  return a > b ? a : b;
}

function addTotal(totals: Totals, value: number | undefined): Totals {
  if (value === undefined) return totals;
  return { n: totals.n + 1, sum: totals.sum + value, squares: totals.squares + value * value };
}

function addPair(pairs: PairTotals, x: number | undefined, y: number | undefined): PairTotals {
  if (x === undefined || y === undefined) return pairs;
  return mergePairs(pairs, { n: 1, x, y, xx: x * x, yy: y * y, xy: x * y });
}

/** The sums of both. */
export function mergePairs(a: PairTotals, b: PairTotals): PairTotals {
  return {
    n: a.n + b.n,
    x: a.x + b.x,
    y: a.y + b.y,
    xx: a.xx + b.xx,
    yy: a.yy + b.yy,
    xy: a.xy + b.xy,
  };
}

function mergeTotals(a: Totals, b: Totals): Totals {
  return { n: a.n + b.n, sum: a.sum + b.sum, squares: a.squares + b.squares };
}

function mergeRecords<V>(
  a: Readonly<Record<string, V>>,
  b: Readonly<Record<string, V>>,
  merge: (x: V, y: V) => V,
): Record<string, V> {
  const merged: Record<string, V> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const own = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = own === undefined ? value : merge(own, value);
  }
  return merged;
}
