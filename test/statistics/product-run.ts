import { EvidenceFold, emptyEvidence } from "../../src/domain/experiment/evidence.ts";
import { type Experiment, releaseAfterMs } from "../../src/domain/experiment/experiment.ts";
import { experimentOf } from "../../src/domain/experiment/experiment-fixtures.ts";
import { emptyTally } from "../../src/domain/experiment/tally.ts";
import { withReport } from "../../src/domain/experiment/unit.ts";
import { drawnUnit } from "../../src/engine/experiments/drawn-unit.ts";
import { type HeldUnit, UnitTable } from "../../src/engine/experiments/unit-table.ts";
import type { BettingState } from "../../src/stats/betting.ts";
import type { BettingTest } from "../../src/stats/betting-design.ts";

/** Any number at all: all that is assigned counts as being on disk. */
const ON_DISK = Number.MAX_SAFE_INTEGER;

/**
 * One comparison of success between two arms, run by the product's own functions in memory: units are drawn, wait in
 * the table, take reports, are released by the clock and folded. Times are in ms from 0.
 */
export class ProductRun {
  readonly experiment: Experiment;
  readonly #table: UnitTable;
  readonly #fold: EvidenceFold;
  readonly #units: HeldUnit[] = [];
  #evidence;

  /** Runs of one `seed` draw the same arms. `over` is what else of the experiment is other than even shares with a variance of .09. */
  constructor(
    seed: number,
    timing: { readonly unitWindowMs: number; readonly ttlMs: number },
    over: Partial<Pick<Experiment, "arms" | "outcomeVariances" | "outcomeMeans">> = {},
  ) {
    this.experiment = experimentOf({
      salt: seed.toString(16).padStart(64, "0"),
      unitWindowMs: timing.unitWindowMs,
      metrics: [{ metric: "success", missing: "failure", ttlMs: timing.ttlMs }],
      outcomeVariances: [0.09],
      ...over,
    });
    this.#table = new UnitTable(this.experiment.salt, emptyTally(this.experiment));
    this.#fold = new EvidenceFold(this.experiment);
    this.#evidence = emptyEvidence(this.experiment);
  }

  /** The unit of a call: that of its session, drawn with the first call, or one of its own for "". Answers its number and arm. */
  assign(nowMs: number, session = ""): { readonly sequence: number; readonly arm: 0 | 1 } {
    const found = this.#table.find(session, { nowMs, periodMs: this.experiment.periodMs });
    if (found) return drawnOf(found.unit);
    const sequence = this.#units.length;
    const at = { unit: session, key: session, boot: 1, sequence, nowMs };
    const unit = drawnUnit(this.experiment, this.#table, at);
    const held = { unit, isReleased: false, isSticky: session !== "" };
    this.#units.push(held);
    this.#table.add(held);
    return drawnOf(unit);
  }

  /** Takes the outcome of a call of a unit. */
  report(sequence: number, at: { readonly outcome: number; readonly nowMs: number }): void {
    const held = this.#units[sequence];
    // What is released is final: the engine asks for no report of it.
    if (held === undefined || held.isReleased) return;
    const report = { decidedAtMs: at.nowMs, receivedAtMs: at.nowMs, values: [at.outcome] };
    const ofCall = held.unit.key === "" ? { decidedAtMs: held.unit.assignedAtMs } : {};
    held.unit = withReport(held.unit, { ...report, ...ofCall }, this.experiment);
  }

  /** Releases what is due and folds it. */
  release(nowMs: number): void {
    const at = { nowMs, through: ON_DISK, releasesMax: ON_DISK };
    for (const unit of this.#table.sweep(this.experiment, at).released)
      this.#evidence = this.#fold.fold(this.#evidence, unit);
  }

  /** Releases everything. */
  drain(nowMs: number): void {
    this.release(nowMs + releaseAfterMs(this.experiment) + 1);
  }

  get state(): BettingState | undefined {
    return this.#evidence.challengers[0]?.metrics[0]?.state;
  }

  /** The largest log evidence of a test at any unit so far. */
  peak(test: BettingTest): number {
    return this.#evidence.challengers[0]?.metrics[0]?.peaks[test] ?? 0;
  }
}

function drawnOf({ sequence, arm }: HeldUnit["unit"]) {
  return { sequence, arm: arm === 1 ? (1 as const) : (0 as const) };
}
