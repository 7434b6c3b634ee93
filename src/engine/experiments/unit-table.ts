import type { KeyedHash } from "../../domain/experiment/assignment.ts";
import {
  type Experiment,
  isServing,
  metricReleaseAfterMs,
  releaseAfterMs,
} from "../../domain/experiment/experiment.ts";
import type {
  ExperimentTally,
  MetricRelease,
  ReleasedUnit,
} from "../../domain/experiment/tally.ts";
import { withReleased } from "../../domain/experiment/tally.ts";
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

const NOT_RELEASED: MetricRelease = { through: -1, cutMs: 0 };

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
  /** By metric, how many of them, from the first, are final for it. */
  #ahead: number[] = [];

  constructor(salt: string, tally: ExperimentTally) {
    const keyed = hmacSha256Under(Buffer.from(salt, "hex"));
    this.hash = (text) => keyed(Buffer.from(text, "utf8"));
    this.tally = tally;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** When the first unit that is not released was assigned; undefined without one. */
  get pendingFromMs(): number | undefined {
    return this.#pending[0]?.unit.assignedAtMs;
  }

  /** Whether a unit's value of a metric is final: not even a clock that goes back changes it. */
  isFinal({ sequence }: Pick<EnrolledUnit, "sequence">, metric: number): boolean {
    return sequence <= this.#releaseOf(metric).through;
  }

  /** The units, in the order of assignment, that are final for a metric and not released as a whole. */
  ahead(metric: number): EnrolledUnit[] {
    return this.#pending.slice(0, this.#ahead[metric] ?? 0).map(({ unit }) => unit);
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
    if (!held.isReleased) this.#takePending(held);
    const { key } = held.unit;
    if (key === "" || !held.isSticky) return undefined;
    const before = this.#byKey.get(key);
    if (before) before.isSticky = false;
    this.#byKey.delete(key);
    this.#byKey.set(key, held);
    return before;
  }

  /** Whether a unit is due to be released, for a metric or as a whole. */
  isDue(experiment: Experiment, nowMs: number): boolean {
    const [oldest] = this.#pending;
    if (oldest && oldest.unit.assignedAtMs < nowMs - releaseAfterMs(experiment)) return true;
    return experiment.metrics.some((rule, metric) => {
      const first = this.#pending[this.#ahead[metric] ?? 0];
      const afterMs = metricReleaseAfterMs(experiment, rule);
      return first !== undefined && first.unit.assignedAtMs < nowMs - afterMs;
    });
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
    this.#releaseMetrics(experiment, at);
    const released = this.#release(experiment, at);
    for (const held of released.held) touched.add(held);
    return { released: released.units, touched: [...touched] };
  }

  /** Makes units final, metric by metric: each has its own cut, which goes by the clock and by what is on disk. */
  #releaseMetrics(
    experiment: Experiment,
    at: { readonly nowMs: number; readonly through: number },
  ): void {
    const releases = experiment.metrics.map((rule, metric): MetricRelease => {
      const before = this.#releaseOf(metric);
      const cutMs = Math.max(before.cutMs, at.nowMs - metricReleaseAfterMs(experiment, rule));
      let ahead = this.#ahead[metric] ?? 0;
      let { through } = before;
      for (let next = this.#pending[ahead]; next; next = this.#pending[ahead]) {
        const { assignedAtMs, sequence } = next.unit;
        if (assignedAtMs >= cutMs || sequence > at.through) break;
        through = sequence;
        ahead += 1;
      }
      if (through === before.through) return before;
      this.#ahead[metric] = ahead;
      const next = this.#pending[ahead];
      const reached = next ? Math.min(cutMs, next.unit.assignedAtMs) : cutMs;
      return { through, cutMs: Math.max(before.cutMs, reached) };
    });
    if (releases.some((release, metric) => release !== this.#releaseOf(metric)))
      this.tally = { ...this.tally, releases };
  }

  #releaseOf(metric: number): MetricRelease {
    return this.tally.releases[metric] ?? NOT_RELEASED;
  }

  /** Units come in the order of assignment, so that those that are final for a metric are the first ones. */
  #takePending(held: HeldUnit): void {
    this.#pending.push(held);
    for (const metric of held.unit.counts.keys())
      if (this.isFinal(held.unit, metric)) this.#ahead[metric] = (this.#ahead[metric] ?? 0) + 1;
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
    this.#ahead = this.#ahead.map((ahead) => Math.max(0, ahead - count));
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

function isWithinPeriod(
  unit: EnrolledUnit,
  at: { readonly nowMs: number; readonly periodMs: number },
): boolean {
  return at.nowMs < unit.assignedAtMs + at.periodMs;
}
