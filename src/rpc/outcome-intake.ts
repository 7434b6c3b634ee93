import { create, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Fault } from "../domain/kernel/fault.ts";
import {
  BATCH_ITEMS_MAX,
  LIVE_PAIRS_MAX,
  OUTCOME_STREAMS_MAX,
  SCORE_NAMES_MAX,
} from "../domain/kernel/limits.ts";
import { type Arm, cohortTimeMs, type Outcome } from "../domain/outcome/outcome.ts";
import type { Engine } from "../engine/engine.ts";
import type { Acceptance } from "../engine/journal.ts";
import { OutcomeSchema, type Outcome as WireOutcome } from "../gen/attuned/v1/outcome_pb.ts";
import {
  type ReportOutcomesRequest,
  ReportOutcomesRequestSchema,
} from "../gen/attuned/v1/outcome_service_pb.ts";
import type { Clock } from "../platform/clock.ts";
import type { Timers } from "../platform/timers.ts";
import { isRefusal, type OutcomeContext, outcomeFromWire, type Refusal } from "./wire/outcome.ts";

/** What became of the items of a batch, for the measures of the door. */
export interface ReportTally {
  readonly duplicates: number;
  readonly rejectedReasons: readonly string[];
}

/** One refused item of a batch or a stream. */
export interface Rejection {
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

type AheadOutcome = Pick<WireOutcome, "outcomeId" | "producerId">;

export interface Intake {
  readonly acceptedCount: number;
  readonly duplicateCount: number;
  /** By index. */
  readonly rejected: readonly Rejection[];
}

/** What became of a stream. */
export interface StreamIntake extends Intake {
  readonly rejectedCount: number;
}

/** Refused items of a stream that its answer lists. */
const REJECTED_LISTED_MAX = 1_000;
/** Messages of a stream that wait for the disk at once: enough to fill one group while the one before is written. */
const MESSAGES_IN_FLIGHT_MAX = 8;
/** Arms that are kept by their words: twice as many as can have cells of their own. */
const ARMS_KEPT_MAX = 2 * LIVE_PAIRS_MAX;
/** Outcomes that are read or parsed in one piece, some microseconds each. */
const PIECE_OUTCOMES = 32;
const OUTCOMES_FIELD = ReportOutcomesRequestSchema.field.outcomes.number;
/** Before a stream tries again what found the queue full, in milliseconds. */
const QUEUE_FULL_WAIT_MS = 20;

/** Refuses a batch beyond the bound. Errors: BATCH_TOO_LARGE. */
export function checkBatchSize(items: readonly unknown[], what: string): void {
  if (items.length <= BATCH_ITEMS_MAX) return;
  throw new Fault(
    "BATCH_TOO_LARGE",
    `a batch holds at most ${BATCH_ITEMS_MAX} ${what}, this one ${items.length}; send them in parts`,
    { metadata: { max: String(BATCH_ITEMS_MAX) } },
  );
}

/** Why a score under a new name is refused. */
export function tooManyNames(name: string): string {
  return `the store knows ${SCORE_NAMES_MAX} names of scores beside the usual ones, and ${JSON.stringify(name)} is none of them; score under one of those`;
}

/** Takes outcomes in, as batches and as streams. */
export class OutcomeIntake {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onReported: (tally: ReportTally) => void;
  readonly #onTooFarAhead: (outcome: AheadOutcome, aheadMs: number) => void;
  readonly #arms = new Map<string, Arm>();
  #streams = 0;
  /** Outcomes that wait to be parsed. */
  #parsing = 0;

  constructor(deps: {
    engine: Engine;
    clock: Clock;
    timers: Timers;
    /** Hears what became of every batch. */
    onReported: (tally: ReportTally) => void;
    /** Hears of every outcome that was refused because it occurred too far ahead of the daemon's clock. */
    onTooFarAhead: (outcome: AheadOutcome, aheadMs: number) => void;
  }) {
    this.#engine = deps.engine;
    this.#clock = deps.clock;
    this.#timers = deps.timers;
    this.#onReported = deps.onReported;
    this.#onTooFarAhead = deps.onTooFarAhead;
  }

  /**
   * Reads a request as the generated code does, a piece at a time, or all at once where it holds anything unknown. Errors: those of the
   * generated code.
   */
  async read(bytes: Uint8Array): Promise<ReportOutcomesRequest> {
    const { turns } = this.#engine.outcomes;
    const reader = new BinaryReader(bytes);
    const outcomes: WireOutcome[] = [];
    while (reader.pos < reader.len) {
      if (outcomes.length > 0 && outcomes.length % PIECE_OUTCOMES === 0) await turns.take();
      const [field, type] = reader.tag();
      if (field !== OUTCOMES_FIELD || type !== WireType.LengthDelimited)
        return fromBinary(ReportOutcomesRequestSchema, bytes);
      outcomes.push(fromBinary(OutcomeSchema, reader.bytes()));
    }
    return create(ReportOutcomesRequestSchema, { outcomes });
  }

  /** Takes a batch. Errors: BATCH_TOO_LARGE and those of Journal.append. */
  async batch(outcomes: readonly WireOutcome[]): Promise<Intake> {
    checkBatchSize(outcomes, "outcomes");
    const { accepted, places, rejected, arms } = await this.#parseInTurns(outcomes);
    const acceptances = accepted.length === 0 ? [] : await this.#engine.report(accepted);
    // After the outcomes: the batch may have brought the arm.
    for (const arm of arms) this.#engine.cells.note(arm, this.#clock.nowMs(), "rejected");
    return this.#tally({ accepted, places, rejected, acceptances });
  }

  /**
   * Takes a stream to its end, at the pace of the disk. Errors: BATCH_TOO_LARGE, TOO_MANY_STREAMS, what the stream breaks with, and
   * those of Journal.append except QUEUE_FULL, which makes the producer wait. Then nothing is said of what was taken before.
   */
  async stream(
    messages: AsyncIterable<{ readonly outcomes: readonly WireOutcome[] }>,
  ): Promise<StreamIntake> {
    if (this.#streams >= OUTCOME_STREAMS_MAX) {
      throw new Fault("TOO_MANY_STREAMS", `no more than ${OUTCOME_STREAMS_MAX} streams at once`, {
        retryAfterMs: 10_000,
      });
    }
    this.#streams += 1;
    const total = { acceptedCount: 0, duplicateCount: 0, rejectedCount: 0 };
    const rejected: Rejection[] = [];
    const inFlight = new Set<Promise<void>>();
    const failed: unknown[] = [];
    try {
      let start = 0;
      for await (const { outcomes } of messages) {
        checkBatchSize(outcomes, "outcomes of one message");
        const from = start;
        start += outcomes.length;
        const taking = this.#patiently(outcomes)
          .then((intake) => {
            total.acceptedCount += intake.acceptedCount;
            total.duplicateCount += intake.duplicateCount;
            total.rejectedCount += intake.rejected.length;
            for (const item of intake.rejected.slice(0, REJECTED_LISTED_MAX - rejected.length))
              rejected.push({ ...item, index: item.index + from });
          })
          .catch((error: unknown) => {
            failed.push(error);
          })
          .finally(() => inFlight.delete(taking));
        inFlight.add(taking);
        if (inFlight.size >= MESSAGES_IN_FLIGHT_MAX) await Promise.race(inFlight);
        if (failed.length > 0) throw failed[0];
      }
      await Promise.all(inFlight);
      if (failed.length > 0) throw failed[0];
      return { ...total, rejected: rejected.toSorted((a, b) => a.index - b.index) };
    } finally {
      this.#streams -= 1;
    }
  }

  /** Takes a batch once the queue has room for it: a stream that waits reads nothing more, so that its producer waits too. */
  async #patiently(outcomes: readonly WireOutcome[]): Promise<Intake> {
    for (;;) {
      try {
        return await this.batch(outcomes);
      } catch (error) {
        if (!(error instanceof Fault) || error.reason !== "QUEUE_FULL") throw error;
        await new Promise<void>((resolve) => this.#timers.after(QUEUE_FULL_WAIT_MS, resolve));
      }
    }
  }

  /** Outcomes wait for their turn to be parsed, so that those who look up do not; they are in the queue already. */
  async #parseInTurns(outcomes: readonly WireOutcome[]) {
    const { journal } = this.#engine.outcomes;
    journal.checkRoom(this.#parsing + outcomes.length);
    this.#parsing += outcomes.length;
    try {
      return await this.#parse(outcomes);
    } finally {
      this.#parsing -= outcomes.length;
    }
  }

  async #parse(outcomes: readonly WireOutcome[]) {
    const { turns } = this.#engine.outcomes;
    const context = this.#context();
    const rejected: Rejection[] = [];
    const accepted: Outcome[] = [];
    const places: number[] = [];
    /** Of refused items, as far as they could be read. */
    const arms: Arm[] = [];
    for (const [index, wire] of outcomes.entries()) {
      if (index % PIECE_OUTCOMES === 0) await turns.take();
      const parsed = this.#admitted(outcomeFromWire(wire, context));
      if (!isRefusal(parsed)) {
        accepted.push(parsed);
        places.push(index);
        continue;
      }
      rejected.push({ index, reason: parsed.refused, message: parsed.message });
      if (parsed.arm) arms.push(parsed.arm);
      if ((parsed.aheadMs ?? 0) > 0) this.#onTooFarAhead(wire, parsed.aheadMs ?? 0);
    }
    return { accepted, places, rejected, arms };
  }

  /** The outcome, where there is room for the names of its scores. */
  #admitted(parsed: Outcome | Refusal): Outcome | Refusal {
    if (isRefusal(parsed)) return parsed;
    const name = this.#engine.outcomes.scoreNames.admit(parsed.scores);
    if (name === undefined) return parsed;
    return { refused: "TOO_MANY_SCORE_NAMES", message: tooManyNames(name), arm: parsed.arm };
  }

  #tally(batch: {
    readonly accepted: readonly Outcome[];
    readonly places: readonly number[];
    readonly rejected: Rejection[];
    readonly acceptances: readonly Acceptance[];
  }): Intake {
    const { accepted, places, rejected, acceptances } = batch;
    const { cells } = this.#engine;
    let acceptedCount = 0;
    let duplicateCount = 0;
    for (const [place, acceptance] of acceptances.entries()) {
      const outcome = accepted[place];
      if (acceptance === "accepted") acceptedCount += 1;
      else if (acceptance === "duplicate") {
        duplicateCount += 1;
        if (outcome) cells.note(outcome.arm, cohortTimeMs(outcome), "duplicates");
      } else {
        rejected.push({ index: places[place] ?? 0, ...REJECTION_OF[acceptance] });
        if (outcome) cells.note(outcome.arm, cohortTimeMs(outcome), "rejected");
      }
    }
    this.#onReported({
      duplicates: duplicateCount,
      rejectedReasons: rejected.map(({ reason }) => reason),
    });
    return {
      acceptedCount,
      duplicateCount,
      rejected: rejected.toSorted((a, b) => a.index - b.index),
    };
  }

  #context(): OutcomeContext {
    const engine = this.#engine;
    const nowMs = this.#clock.nowMs();
    if (this.#arms.size > ARMS_KEPT_MAX) this.#arms.clear();
    return {
      nowMs,
      dimensions: engine.dimensions,
      modelKey: (name) => engine.lookups.modelKey(name),
      arms: this.#arms,
      openToken: (token) => engine.openToken(token),
      idWindowMs: engine.outcomes.identities.window.lengthMs(nowMs),
      costOf: (model, usage) => engine.prices.costOf(model, usage),
    };
  }
}

const REJECTION_OF = {
  reused: {
    reason: "OUTCOME_ID_REUSED",
    message:
      "this outcome id was stored before with other content; give every outcome an id of its own",
  },
  behind: {
    reason: "SEQUENCE_BEHIND",
    message:
      "the number lies so far below the newest of this producer that it may have been counted; send numbers in about their order",
  },
} as const;
