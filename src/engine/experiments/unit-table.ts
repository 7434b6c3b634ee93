import { type KeyedHash, periodAt } from "../../domain/experiment/assignment.ts";
import { type Experiment, isServing, releaseAfterMs } from "../../domain/experiment/experiment.ts";
import type { ExperimentTally, ReleasedUnit } from "../../domain/experiment/tally.ts";
import { centreOf, withReleased } from "../../domain/experiment/tally.ts";
import type { EnrolledUnit } from "../../domain/experiment/unit.ts";
import { hmacSha256Under } from "../../platform/digest.ts";

/** A unit in the table. It stays until it is released and its period is over. */
export interface HeldUnit {
  unit: EnrolledUnit;
  isReleased: boolean;
  /** Whether lookups still find it. */
  isSticky: boolean;
}

/** What a pass over a table took out of it. */
export interface TableSweep {
  readonly released: readonly ReleasedUnit[];
  /** Units whose record changes or goes. */
  readonly touched: readonly HeldUnit[];
}

/** The units of one experiment. */
export class UnitTable {
  readonly hash: KeyedHash;
  /** The centres of the newest unit: units share them until they move. */
  centres: readonly number[] = [];
  tally: ExperimentTally;
  /** Sticky units by key, in the order of assignment, which is the order in which their periods end. */
  readonly #byKey = new Map<string, HeldUnit>();
  /** Units that are not released, in the order of assignment. */
  #pending: HeldUnit[] = [];

  constructor(salt: string, tally: ExperimentTally) {
    const keyed = hmacSha256Under(Buffer.from(salt, "hex"));
    this.hash = (text) => keyed(Buffer.from(text, "utf8"));
    this.tally = tally;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** The unit that a key stands for while its period lasts. */
  find(
    key: string,
    at: { readonly nowMs: number; readonly periodMs: number },
  ): HeldUnit | undefined {
    const held = this.#byKey.get(key);
    return held && isWithinPeriod(held.unit, at) ? held : undefined;
  }

  /** Takes in a unit after all that were assigned before it. Answers one that it takes the place of. */
  add(held: HeldUnit): HeldUnit | undefined {
    if (!held.isReleased) this.#pending.push(held);
    const { key } = held.unit;
    if (key === "" || !held.isSticky) return undefined;
    const before = this.#byKey.get(key);
    if (before) before.isSticky = false;
    this.#byKey.delete(key);
    this.#byKey.set(key, held);
    return before;
  }

  /** Whether a unit is due to be released. */
  isDue(experiment: Experiment, nowMs: number): boolean {
    const [first] = this.#pending;
    return first !== undefined && first.unit.assignedAtMs < nowMs - releaseAfterMs(experiment);
  }

  /**
   * Releases, in the order of assignment, the units before the common cut: assigned longer ago than window and deadlines last. The cut
   * goes by the clock alone and never back. Forgets units whose period is over, or all once nothing is served any more.
   */
  sweep(
    experiment: Experiment,
    at: { readonly nowMs: number; readonly through: number; readonly releasesMax: number },
  ): TableSweep {
    const touched = new Set<HeldUnit>();
    const isOver = !isServing(experiment);
    for (const [key, held] of this.#byKey) {
      const { periodMs } = experiment;
      if (!isOver && isWithinPeriod(held.unit, { nowMs: at.nowMs, periodMs })) break;
      held.isSticky = false;
      this.#byKey.delete(key);
      touched.add(held);
    }
    const released = this.#release(experiment, at);
    for (const held of released.held) touched.add(held);
    return { released: released.units, touched: [...touched] };
  }

  #release(
    experiment: Experiment,
    at: { readonly nowMs: number; readonly through: number; readonly releasesMax: number },
  ): { held: readonly HeldUnit[]; units: ReleasedUnit[] } {
    const cutMs = Math.max(this.tally.cutMs, at.nowMs - releaseAfterMs(experiment));
    let count = 0;
    for (const { unit } of this.#pending) {
      const isBefore = unit.assignedAtMs < cutMs && unit.sequence <= at.through;
      if (!isBefore || count === at.releasesMax) break;
      count += 1;
    }
    const held = this.#pending.splice(0, count);
    const units = held.map((each) => {
      const { tally, released } = withReleased(this.tally, each.unit, experiment);
      this.tally = tally;
      each.isReleased = true;
      return released;
    });
    const [first] = this.#pending;
    const reached = first ? Math.min(cutMs, first.unit.assignedAtMs) : cutMs;
    // Moved by releases only, so that what is stored is never behind.
    if (count > 0) this.tally = { ...this.tally, cutMs: Math.max(this.tally.cutMs, reached) };
    return { held, units };
  }
}

/** The period that a unit is drawn in, when it is drawn at a time. */
export function drawPeriod(experiment: Experiment, nowMs: number): number {
  return periodAt(nowMs, experiment.periodMs);
}

const ZEROS: (readonly number[])[] = [];

/** As many zeros: one array for all units that nothing was reported of, because most of the table are such. */
export function zeros(count: number): readonly number[] {
  ZEROS[count] ??= new Array<number>(count).fill(0);
  return ZEROS[count];
}

/** The centres of a unit that is assigned now. */
export function centresNow(table: UnitTable, { metrics }: Experiment): readonly number[] {
  const centres = metrics.map((_rule, index) => centreOf(table.tally, index));
  const isSame =
    centres.length === table.centres.length && centres.every((c, i) => c === table.centres[i]);
  if (!isSame) table.centres = centres;
  return table.centres;
}

function isWithinPeriod(
  unit: EnrolledUnit,
  at: { readonly nowMs: number; readonly periodMs: number },
): boolean {
  return at.nowMs < unit.assignedAtMs + at.periodMs;
}
