import { unitKeyOf } from "../../domain/experiment/assignment.ts";
import { type Experiment, isServing } from "../../domain/experiment/experiment.ts";
import {
  type ExperimentTally,
  emptyTally,
  withAssigned,
  withOutcome,
} from "../../domain/experiment/tally.ts";
import { type EnrolledUnit, withScore } from "../../domain/experiment/unit.ts";
import type { Correction } from "../../domain/outcome/correction.ts";
import type { AssignmentRef, Outcome } from "../../domain/outcome/outcome.ts";
import { scoreScale } from "../../domain/outcome/score.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { keys, ranges } from "../../store/keys.ts";
import type { Store, StoreOp } from "../../store/store.ts";
import { AssignmentJournal } from "./assignment-journal.ts";
import { drawnUnit } from "./drawn-unit.ts";
import { EnrolmentBounds } from "./enrolment-bounds.ts";
import { Sequences } from "./sequences.ts";
import { decodeUnit, encodeRelease, encodeUnit } from "./unit-codec.ts";
import { type UnitReport, withOutcomeOf } from "./unit-report.ts";
import { type HeldUnit, UnitTable } from "./unit-table.ts";

/** Releases of one experiment in one checkpoint, so that a checkpoint after a long pause does not hold up lookups. */
const RELEASES_PER_CHECKPOINT_MAX = 1_000;

export interface ExperimentsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The experiments of the state in force. */
  readonly definitions: () => ReadonlyMap<string, Experiment>;
  /** Writes ops in the next synced batch. Errors: any. */
  readonly write: (ops: readonly StoreOp[]) => Promise<void>;
}

/** What changed since the last checkpoint. */
interface Unsaved {
  readonly units: Set<HeldUnit>;
  readonly tallies: Set<UnitTable>;
  /** Records of released units. */
  releases: StoreOp[];
}

/**
 * The units of all experiments: who was enrolled, in which arm, and what came of it.
 *
 * Lookups enrol in memory and never wait; assignments go to disk in the next batch. Outcomes are folded from the journal, after the
 * write and at boot alike. A checkpoint writes what changed and releases the units before the common cut, in one batch with the
 * journal's watermark, so that the state after a crash is that of the log.
 */
export class Experiments {
  readonly #deps: ExperimentsDeps;
  readonly #sequences: Sequences;
  readonly #tables = new Map<string, UnitTable>();
  /** Units that may still be reported for. */
  readonly #open = new Map<number, HeldUnit>();
  #held = 0;
  #journal: AssignmentJournal;
  #unsaved = noChanges();
  #saving: Unsaved | undefined;
  #lastAssignedAtMs = 0;
  #decisions = 0;
  readonly #bounds: EnrolmentBounds;
  #reserveAgainAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ExperimentsDeps) {
    this.#deps = deps;
    this.#sequences = new Sequences(deps.store);
    this.#bounds = new EnrolmentBounds(deps.definitions, this.#tables);
    this.#journal = this.#journalFrom(-1);
  }

  /** Units in the table. */
  get held(): number {
    return this.#held;
  }

  /** Units of all experiments whose records are kept. */
  get recorded(): number {
    return this.#bounds.records;
  }

  /** Rebuilds the table from the store, at boot, before the journal's tail is folded. */
  async load(): Promise<void> {
    const { store, definitions, log } = this.#deps;
    for (const experiment of definitions().values()) {
      const tally = await store.json<ExperimentTally>(keys.tally(experiment.experimentId));
      if (tally) this.#tableOf(experiment).tally = { ...emptyTally(experiment), ...tally };
    }
    let through = (await store.json<number>(keys.meta("unitsThrough"))) ?? -1;
    for await (const [, bytes] of store.scanBytes({ range: ranges.units })) {
      const { unit, isReleased } = decodeUnit(bytes);
      const experiment = definitions().get(unit.experimentId);
      if (!experiment) continue;
      this.#take({ unit, isReleased, isSticky: unit.key !== "" });
      this.#count(experiment, unit);
      through = Math.max(through, unit.sequence);
    }
    this.#journal = this.#journalFrom(through);
    await this.#sequences.load(through);
    // A disk that takes no writes is no reason not to serve: lookups are not enrolled then.
    if ([...definitions().values()].some(isServing))
      await this.reserve().catch((cause) => log.error("no sequence numbers reserved", { cause }));
  }

  /** Makes sure that units can be numbered: before an experiment starts. Errors: the store's. */
  reserve(): Promise<void> {
    return this.#sequences.reserve();
  }

  /**
   * The unit of a lookup: the one it is in, or a new one. Undefined where it is not enrolled, which is decided before any draw: the
   * experiment takes no units, a bound is full, or the disk does not keep up.
   */
  enrol(
    experiment: Experiment,
    unit: string,
    decidedAtMs: number = this.#deps.clock.nowMs(),
  ): EnrolledUnit | undefined {
    const table = this.#tableOf(experiment);
    const nowMs = Math.max(decidedAtMs, this.#lastAssignedAtMs);
    const key = unit === "" ? "" : unitKeyOf(table.hash, unit);
    const found = table.find(key, { nowMs, periodMs: experiment.periodMs });
    if (found) return found.unit;
    if (experiment.state !== "running" || this.#isFull(table, nowMs)) return undefined;
    const sequence = this.#sequences.take();
    if (this.#sequences.isLow) this.#reserveSoon();
    if (sequence === undefined) return undefined;
    const { boot } = this.#sequences;
    const enrolled = drawnUnit(experiment, table, { unit, key, boot, sequence, nowMs });
    this.#lastAssignedAtMs = nowMs;
    this.#bounds.count();
    this.#take({ unit: enrolled, isReleased: false, isSticky: key !== "" });
    this.#journal.push(enrolled);
    return enrolled;
  }

  /** Forgets an experiment that ended, and none of whose units is left. */
  forget({ experimentId }: Experiment): void {
    this.#tables.delete(experimentId);
  }

  /** A number for a decision, unique in this start of the daemon. */
  nextDecision(): number {
    this.#decisions += 1;
    return this.#decisions;
  }

  /** Whether a crash took the assignment of a unit, so that its outcomes count as observational. */
  isVoid({ boot, sequence }: Pick<AssignmentRef, "boot" | "sequence">): boolean {
    return this.#sequences.isVoid(boot, sequence);
  }

  /** Returns once the assignments that outcomes or scores refer to are on disk. Errors: that of the write. */
  async journalled(referring: readonly Pick<Outcome, "assignment">[]): Promise<void> {
    const { boot } = this.#sequences;
    const isWaiting = referring.some(
      ({ assignment }) => assignment?.boot === boot && assignment.sequence > this.#journal.through,
    );
    if (isWaiting) await this.#journal.flush();
  }

  /**
   * Counts an outcome that is on disk, in the order of the journal. Answers how it stands in its unit; undefined for one of no unit, or
   * of one that a crash took.
   */
  fold(outcome: Outcome, receivedAtMs: number): UnitReport | undefined {
    const { assignment } = outcome;
    const experiment = assignment && this.#deps.definitions().get(assignment.experimentId);
    if (!experiment) return undefined;
    const table = this.#tableOf(experiment);
    this.#unsaved.tallies.add(table);
    const as = (what: "reported" | "lateOutcomes" | "voidOutcomes") => {
      table.tally = withOutcome(table.tally, assignment.arm, what);
    };
    if (this.isVoid(assignment)) {
      as("voidOutcomes");
      return undefined;
    }
    const held = this.#open.get(assignment.sequence);
    const at = { outcome, assignment, receivedAtMs, experiment, table };
    const { unit, report } = withOutcomeOf(held?.unit, at);
    if (!held || !unit || unit === held.unit) {
      as("lateOutcomes");
      return report;
    }
    if (held.unit.reports === 0) as("reported");
    held.unit = unit;
    this.#unsaved.units.add(held);
    return report;
  }

  /**
   * Takes over a score that came or was corrected after its outcome, in the order of the journal. One that changes nothing of its unit
   * is counted as frozen: after the deadline, or of an outcome that does not count.
   */
  foldScore(correction: Correction, receivedAtMs: number): void {
    const { assignment, metric, before, after, standing } = correction;
    const experiment = assignment && this.#deps.definitions().get(assignment.experimentId);
    const index = experiment?.metrics.findIndex((rule) => rule.metric === metric) ?? -1;
    if (!experiment || index < 0) return;
    const table = this.#tableOf(experiment);
    const held = this.#open.get(assignment.sequence);
    const { max } = scoreScale(metric);
    const previous = before === undefined ? undefined : before / max;
    const score = { metric: index, value: after / max, previous, standing, receivedAtMs };
    const isOpen = held !== undefined && !table.isFinal(held.unit, index);
    const scored = isOpen ? withScore(held.unit, score, experiment) : held?.unit;
    if (!held || !scored || scored === held.unit) {
      table.tally = withOutcome(table.tally, assignment.arm, "frozenScores");
      this.#unsaved.tallies.add(table);
      return;
    }
    held.unit = scored;
    this.#unsaved.units.add(held);
  }

  /** What an experiment's units add up to, and how many wait for their deadlines. */
  results(experiment: Experiment): {
    readonly tally: ExperimentTally;
    readonly pending: number;
    /** When the first of these was assigned. */
    readonly pendingFromMs: number | undefined;
  } {
    const table = this.#tables.get(experiment.experimentId);
    const { tally = emptyTally(experiment), pending = 0, pendingFromMs } = table ?? {};
    return { tally, pending, pendingFromMs };
  }

  /** The units, in the order of assignment, that are final for a metric and not released as a whole: they are in no log yet. */
  ahead({ experimentId }: Experiment, metric: number): EnrolledUnit[] {
    return this.#tables.get(experimentId)?.ahead(metric) ?? [];
  }

  /** Whether a checkpoint has something to write although no outcome came. */
  isDue(): boolean {
    const nowMs = this.#deps.clock.nowMs();
    const { units, tallies, releases } = this.#unsaved;
    if (units.size > 0 || tallies.size > 0 || releases.length > 0) return true;
    return [...this.#tables].some(([id, table]) => {
      const experiment = this.#deps.definitions().get(id);
      return experiment !== undefined && table.isDue(experiment, nowMs);
    });
  }

  /** Writes what is due where no checkpoint of the journal is: the watermark stays. Everything it writes may be written again. */
  async save(): Promise<void> {
    const ops = this.beginCheckpoint(0, this.#deps.clock.nowMs());
    try {
      if (ops.length > 0) await this.#deps.store.write(ops, "sync");
    } catch (error) {
      this.endCheckpoint("failed");
      throw error;
    }
    this.endCheckpoint("written");
  }

  /** Starts a checkpoint of everything so far, in this very step: releases what is due and answers the ops. */
  beginCheckpoint(_watermark: number, atMs: number): StoreOp[] {
    for (const [id, table] of this.#tables) {
      const experiment = this.#deps.definitions().get(id);
      if (experiment) this.#sweep(experiment, table, atMs);
    }
    const saving = this.#unsaved;
    this.#saving = saving;
    this.#unsaved = noChanges();
    const ops = saving.releases.slice();
    for (const held of saving.units) {
      const { unit, isReleased } = held;
      if (isGone(held)) ops.push({ delete: keys.unit(unit.sequence) });
      else ops.push({ put: keys.unit(unit.sequence), bytes: encodeUnit({ unit, isReleased }) });
    }
    for (const [id, table] of this.#tables)
      if (saving.tallies.has(table)) ops.push({ put: keys.tally(id), json: table.tally });
    if (ops.length > 0) ops.push({ put: keys.meta("unitsThrough"), json: this.#journal.through });
    return ops;
  }

  /** Ends a checkpoint; what a failed one did not write goes into the next. */
  endCheckpoint(result: "written" | "failed"): void {
    const saving = this.#saving;
    this.#saving = undefined;
    if (!saving || result === "written") return;
    for (const held of saving.units) this.#unsaved.units.add(held);
    for (const table of saving.tallies) this.#unsaved.tallies.add(table);
    this.#unsaved.releases = [...saving.releases, ...this.#unsaved.releases];
  }

  /** Returns once every assignment is on disk. Errors: that of the write. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  #sweep(experiment: Experiment, table: UnitTable, nowMs: number): void {
    const before = table.tally;
    const swept = table.sweep(experiment, {
      nowMs,
      through: this.#journal.through,
      releasesMax: RELEASES_PER_CHECKPOINT_MAX,
    });
    for (const released of swept.released) {
      const { experimentId, sequence } = released.unit;
      this.#unsaved.releases.push({
        put: keys.releasedUnit(experimentId, sequence),
        bytes: encodeRelease(released),
      });
      this.#open.delete(sequence);
    }
    for (const held of swept.touched) this.#touch(held);
    if (table.tally !== before) this.#unsaved.tallies.add(table);
  }

  #isFull({ tally }: UnitTable, nowMs: number): boolean {
    return this.#journal.isFull || this.#bounds.isFull({ nowMs, held: this.#held, tally });
  }

  #tableOf(experiment: Experiment): UnitTable {
    const { experimentId, salt } = experiment;
    let table = this.#tables.get(experimentId);
    if (!table) {
      table = new UnitTable(salt, emptyTally(experiment));
      this.#tables.set(experimentId, table);
    }
    return table;
  }

  #take(held: HeldUnit): void {
    const experiment = this.#deps.definitions().get(held.unit.experimentId);
    if (!experiment) return;
    const replaced = this.#tableOf(experiment).add(held);
    this.#held += 1;
    this.#lastAssignedAtMs = Math.max(this.#lastAssignedAtMs, held.unit.assignedAtMs);
    if (!held.isReleased) this.#open.set(held.unit.sequence, held);
    if (replaced) this.#touch(replaced);
  }

  #count(experiment: Experiment, unit: EnrolledUnit): void {
    const table = this.#tableOf(experiment);
    const counted = withAssigned(table.tally, unit);
    if (counted === table.tally) return;
    table.tally = counted;
    this.#unsaved.tallies.add(table);
  }

  /** Notes that a unit's record changes; one that nothing needs any more leaves the table. */
  #touch(held: HeldUnit): void {
    this.#unsaved.units.add(held);
    if (isGone(held)) this.#held -= 1;
  }

  /** Tries at most once a second: a disk that fails is not asked by every lookup. */
  #reserveSoon(): void {
    const { clock, log } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#reserveAgainAtMs) return;
    this.#reserveAgainAtMs = nowMs + 1000;
    this.reserve().catch((cause) => log.error("no sequence numbers reserved", { cause }));
  }

  #journalFrom(through: number): AssignmentJournal {
    const { log, write, definitions } = this.#deps;
    return new AssignmentJournal(
      {
        log,
        write,
        onJournalled: (units) => {
          for (const unit of units) {
            const experiment = definitions().get(unit.experimentId);
            if (experiment) this.#count(experiment, unit);
          }
        },
      },
      through,
    );
  }
}

/** Whether a unit is released and no lookup finds it any more. */
function isGone(held: HeldUnit): boolean {
  return held.isReleased && !held.isSticky;
}

function noChanges(): Unsaved {
  return { units: new Set(), tallies: new Set(), releases: [] };
}
