import { isExperimentArm } from "../domain/experiment/experiment.ts";
import { SCORES_MAX, SOURCES_PER_SCORE_MAX } from "../domain/kernel/limits.ts";
import type { Correction } from "../domain/outcome/correction.ts";
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

/**
 * What became of an item; `unknown`: nothing with that name is known; `too_late`: what it was counted with is gone; `too_many`: the
 * target has as many metrics, or one of these as many sources, as are kept.
 */
export type FeedbackVerdict = "accepted" | "duplicate" | "unknown" | "too_late" | "too_many";

/** Scores of a target by metric and source. */
type TargetScores = Record<string, Record<string, number>>;

/** The scores of a unit as a whole, as they are stored. */
export interface UnitScores {
  /** When the decision was made whose token brought the first score: the hour of its cell counts them all. */
  readonly atMs: number;
  readonly scores: TargetScores;
}

/** What an item scores, and where that is counted. */
interface Subject
  extends Pick<Correction, "arm" | "hour" | "assignment" | "standing" | "isFailed"> {
  /** Where its scores are stored. */
  readonly key: string;
  scores: TargetScores;
  readonly stored: (scores: TargetScores) => TargetScores | UnitScores;
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
  readonly #isStored: (outcomeId: string) => boolean;
  readonly #journalled: (units: readonly DecidedUnit[]) => Promise<void>;
  readonly #ready: () => Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: {
    store: Store;
    journal: Journal;
    targets: Targets;
    /** Whether an outcome id is remembered, also where its outcome can be corrected no more. */
    isStored: (outcomeId: string) => boolean;
    /** Waits until the assignments that scores refer to are on disk. */
    journalled: (units: readonly DecidedUnit[]) => Promise<void>;
    /** Waits until targets are loaded and the store takes writes. */
    ready: () => Promise<void>;
  }) {
    this.#store = deps.store;
    this.#journal = deps.journal;
    this.#targets = deps.targets;
    this.#isStored = deps.isStored;
    this.#journalled = deps.journalled;
    this.#ready = deps.ready;
  }

  /**
   * Answers once every accepted score is on disk and counted. Scores take room in the queue of the journal from here on.
   * Errors: those of Journal.append; then nothing of the call counts.
   */
  report(items: readonly FeedbackItem[]): Promise<FeedbackVerdict[]> {
    const scores = items.reduce((sum, item) => sum + Object.keys(item.scores).length, 0);
    return this.#journal.queueing(scores, async () => {
      await this.#journalled(items.flatMap(({ target }) => ("unit" in target ? target.unit : [])));
      return new Promise((resolve, reject) => {
        this.#waiting.push({ items, resolve, reject });
        this.#running ??= this.#run();
      });
    });
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
    const { arm, hour, assignment, standing, isFailed } = subject;
    const corrections: Correction[] = [];
    let { scores } = subject;
    for (const [metric, score] of Object.entries(item.scores)) {
      const bySource = Object.hasOwn(scores, metric) ? (scores[metric] ?? {}) : {};
      if (Object.hasOwn(bySource, item.source) && bySource[item.source] === score) continue;
      if (
        isFull(scores, metric, SCORES_MAX) ||
        isFull(bySource, item.source, SOURCES_PER_SCORE_MAX)
      )
        return "too_many";
      const next = { ...bySource, [item.source]: score };
      scores = { ...scores, [metric]: next };
      const before = meanOf(bySource);
      const after = meanOf(next);
      // A source that agrees with the mean of the others corrects nothing, and still is one of them.
      if (after !== undefined && after !== before)
        corrections.push({ arm, hour, metric, before, after, assignment, standing, isFailed });
    }
    if (scores === subject.scores) return "duplicate";
    subject.scores = scores;
    batch.changed.add(subject);
    batch.corrections.push(...corrections);
    return "accepted";
  }

  async #subjectOf(
    target: FeedbackItem["target"],
    batch: Batch,
  ): Promise<Subject | "unknown" | "too_late"> {
    if ("unit" in target) return this.#unitOf(target.unit, batch);
    const outcome = this.#targets.find(target);
    if (outcome) return this.#outcomeOf(outcome, batch);
    const isKnown = "outcomeId" in target && this.#isStored(target.outcomeId);
    return isKnown ? "too_late" : "unknown";
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
      ...{ key, arm: unit.arm, hour: Math.floor(atMs / HOUR_MS), assignment: unit.assignment },
      scores: stored?.scores ?? {},
      stored: (scores) => ({ atMs, scores }),
    };
    batch.subjects.set(key, subject);
    return subject;
  }

  async #outcomeOf(target: Target, batch: Batch): Promise<Subject | "too_late"> {
    const key = keys.targetScores(target.sequence, target.index);
    const known = batch.subjects.get(key);
    if (known) return known;
    const { live, hour, unit, isFailed } = target;
    // Layout 2 did not store whose outcome it was.
    if (!unit && isExperimentArm(live.arm)) return "too_late";
    const scores = await this.#scoresOf(target, key, batch);
    if (!scores) return "too_late";
    const subject: Subject = {
      ...{ key, arm: live.arm, hour, scores, isFailed, ...unit },
      stored: (newest) => newest,
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

/** Whether a record has as many entries as it may, and none of this name. */
function isFull(of: object, name: string, max: number): boolean {
  return !Object.hasOwn(of, name) && Object.keys(of).length >= max;
}

function meanOf(bySource: Readonly<Record<string, number>>): number | undefined {
  const scores = Object.values(bySource);
  if (scores.length === 0) return undefined;
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
