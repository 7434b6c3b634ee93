import { isExperimentArm } from "../domain/experiment/experiment.ts";
import type { Correction } from "../domain/outcome/correction.ts";
import type { AssignmentRef } from "../domain/outcome/outcome.ts";
import { decodeJournalRecord, type JournalRecord } from "../store/journal-codec.ts";
import { keys } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import { HOUR_MS } from "./cells.ts";
import type { Journal } from "./journal.ts";
import type { OutcomeName, Target, Targets } from "./targets.ts";
import type { DecidedUnit } from "./token-decision.ts";

/** Scores of one target by one source. */
export interface FeedbackItem {
  readonly target: OutcomeName | { readonly unit: DecidedUnit };
  readonly scores: Readonly<Record<string, number>>;
  readonly source: string;
}

/** What became of an item; `unknown`: nothing with that name is known; `too_late`: what it was counted with is gone. */
export type FeedbackVerdict = "accepted" | "duplicate" | "unknown" | "too_late";

/** Scores of a target by metric and source. */
type TargetScores = Record<string, Record<string, number>>;

/** The scores of a unit as a whole, as they are stored. */
export interface UnitScores {
  /** When the decision was made whose token brought the first score: the hour of its cell counts them all. */
  readonly atMs: number;
  readonly scores: TargetScores;
}

/** What an item scores, and where that is counted. */
interface Subject extends Pick<Correction, "arm" | "hour" | "ofUnit"> {
  /** Where its scores are stored. */
  readonly key: string;
  scores: TargetScores;
  readonly stored: (scores: TargetScores) => TargetScores | UnitScores;
  readonly assignment: () => Promise<AssignmentRef | undefined>;
}

interface Waiting {
  readonly items: readonly FeedbackItem[];
  readonly resolve: (verdicts: FeedbackVerdict[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What one batch of calls knows of the targets that it touches. */
interface Batch {
  readonly subjects: Map<string, Subject>;
  readonly changed: Set<Subject>;
  readonly corrections: Correction[];
  /** Journal records that were read for it. */
  readonly records: Map<number, JournalRecord | undefined>;
}

/** Items of calls that are worked off together. */
const ITEMS_PER_BATCH_MAX = 4_000;
/** Journal records that are kept decoded while a batch is worked off. */
const RECORDS_KEPT_MAX = 8;

/**
 * Takes scores that arrive later than their outcomes, or without any. The last score of a (target, metric, source) counts; several
 * sources count as their mean, so that an outcome or a unit stays one observation. Calls are worked off one batch after the other, because each needs the
 * scores that the one before left; those that wait share one synced write.
 */
export class Feedback {
  readonly #store: Store;
  readonly #journal: Journal;
  readonly #targets: Targets;
  readonly #ready: () => Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: {
    store: Store;
    journal: Journal;
    targets: Targets;
    /** Waits until targets are loaded and the store takes writes. */
    ready: () => Promise<void>;
  }) {
    this.#store = deps.store;
    this.#journal = deps.journal;
    this.#targets = deps.targets;
    this.#ready = deps.ready;
  }

  /** Answers once every accepted score is on disk and counted. Errors: those of Journal.correct; then nothing of the call counts. */
  report(items: readonly FeedbackItem[]): Promise<FeedbackVerdict[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits until no call is being worked off. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const calls = this.#take();
      try {
        const verdicts = await this.#apply(calls.flatMap(({ items }) => items));
        for (const { items, resolve } of calls) resolve(verdicts.splice(0, items.length));
      } catch (error) {
        for (const { reject } of calls) reject(error);
      }
    }
    this.#running = undefined;
  }

  #take(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const { items } of this.#waiting) {
      if (count > 0 && size + items.length > ITEMS_PER_BATCH_MAX) break;
      size += items.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #apply(items: readonly FeedbackItem[]): Promise<FeedbackVerdict[]> {
    await this.#ready();
    const batch: Batch = {
      subjects: new Map(),
      changed: new Set(),
      corrections: [],
      records: new Map(),
    };
    const verdicts: FeedbackVerdict[] = [];
    for (const item of items) verdicts.push(await this.#applyItem(item, batch));
    // A source that agrees with the mean of the others corrects nothing, and still is one of them.
    if (batch.changed.size === 0) return verdicts;
    const ops = [...batch.changed].map(
      ({ key, scores, stored }): StoreOp => ({ put: key, json: stored(scores) }),
    );
    await this.#journal.correct({ corrections: batch.corrections, ops });
    return verdicts;
  }

  async #applyItem(item: FeedbackItem, batch: Batch): Promise<FeedbackVerdict> {
    const subject = await this.#subjectOf(item.target, batch);
    if (typeof subject === "string") return subject;
    let isChanged = false;
    for (const [metric, score] of Object.entries(item.scores)) {
      const bySource = Object.hasOwn(subject.scores, metric) ? (subject.scores[metric] ?? {}) : {};
      if (Object.hasOwn(bySource, item.source) && bySource[item.source] === score) continue;
      const next = { ...bySource, [item.source]: score };
      subject.scores = { ...subject.scores, [metric]: next };
      isChanged = true;
      const before = meanOf(bySource);
      const after = meanOf(next);
      if (after === undefined || after === before) continue;
      const { arm, hour, ofUnit } = subject;
      const assignment = await subject.assignment();
      batch.corrections.push({
        ...{ arm, hour, metric, before, after },
        ...(assignment ? { assignment } : {}),
        ...(ofUnit ? { ofUnit } : {}),
      });
    }
    if (isChanged) batch.changed.add(subject);
    return isChanged ? "accepted" : "duplicate";
  }

  async #subjectOf(
    target: FeedbackItem["target"],
    batch: Batch,
  ): Promise<Subject | "unknown" | "too_late"> {
    if ("unit" in target) return this.#unitOf(target.unit, batch);
    const outcome = this.#targets.find(target);
    return outcome ? this.#outcomeOf(outcome, batch) : "unknown";
  }

  /**
   * What a token of a decision scores. A lookup that is its own unit is the outcome that carried the token, unless its scores came
   * before that outcome did; every other unit is scored as a whole. So the scores of one token always meet those before them.
   */
  async #unitOf(unit: DecidedUnit, batch: Batch): Promise<Subject | "too_late"> {
    const key = keys.unitScores(unit.sequence);
    const known = batch.subjects.get(key);
    if (known) return known;
    const stored = await this.#store.json<UnitScores>(key);
    const outcome = !stored && unit.isLookup ? this.#targets.find({ lookup: unit }) : undefined;
    if (outcome) return this.#outcomeOf(outcome, batch);
    const atMs = stored?.atMs ?? unit.decidedAtMs;
    const subject: Subject = {
      ...{ key, arm: unit.arm, hour: Math.floor(atMs / HOUR_MS), ofUnit: true },
      scores: stored?.scores ?? {},
      stored: (scores) => ({ atMs, scores }),
      assignment: async () => unit.assignment,
    };
    batch.subjects.set(key, subject);
    return subject;
  }

  async #outcomeOf(target: Target, batch: Batch): Promise<Subject | "too_late"> {
    const key = keys.targetScores(target.sequence, target.index);
    const known = batch.subjects.get(key);
    if (known) return known;
    const scores = await this.#scoresOf(target, key, batch);
    if (!scores) return "too_late";
    const subject: Subject = {
      ...{ key, arm: target.live.arm, hour: target.hour, scores },
      stored: (newest) => newest,
      assignment: () => this.#assignmentOf(target, batch),
    };
    batch.subjects.set(key, subject);
    return subject;
  }

  /** Scores that a target has now; undefined where its own are no longer known. */
  async #scoresOf(target: Target, key: string, batch: Batch): Promise<TargetScores | undefined> {
    const corrected = await this.#store.json<TargetScores>(key);
    if (corrected) return corrected;
    if (!target.hasScores) return {};
    const record = await this.#recordOf(target.sequence, batch);
    const own = record?.outcomes[target.index]?.scores;
    return (
      own && Object.fromEntries(Object.entries(own).map(([name, score]) => [name, { "": score }]))
    );
  }

  /** The unit that a target's outcome belongs to, which the outcome alone knows. */
  async #assignmentOf(target: Target, batch: Batch): Promise<AssignmentRef | undefined> {
    if (!isExperimentArm(target.live.arm)) return undefined;
    const record = await this.#recordOf(target.sequence, batch);
    return record?.outcomes[target.index]?.assignment;
  }

  async #recordOf(sequence: number, { records }: Batch): Promise<JournalRecord | undefined> {
    if (records.has(sequence)) return records.get(sequence);
    const bytes = await this.#store.bytes(keys.journal(sequence));
    const record = bytes && decodeJournalRecord(bytes);
    const [oldest] = records.keys();
    if (oldest !== undefined && records.size >= RECORDS_KEPT_MAX) records.delete(oldest);
    records.set(sequence, record);
    return record;
  }
}

function meanOf(bySource: Readonly<Record<string, number>>): number | undefined {
  const scores = Object.values(bySource);
  if (scores.length === 0) return undefined;
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
