import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Connection } from "./connection.ts";
import type { SeededRandom } from "./random.ts";

const MODEL = "gpt-4";
const PHASE = "PHASE_PLANNING";
const CHALLENGER = 0.21;
/** How long calls of a unit count, and how long after that their scores do. */
const WINDOW_MS = 1_000;
const TTL_MS = 12_000;
/** Nothing is sent so close to a limit: the daemon's clock decides, and this side knows only when it asked and was answered. */
const MARGIN_MS = 2_000;
/** Units that are at hand to go on with, the newest. */
const UNITS_AT_HAND = 30;
/** Steps between two crashes beside those that a crash may cut off, so that slow machines do some too. */
const STEPS_PER_ROUND = 60;
const RELEASED_WITHIN_MS = 60_000;
const SOURCES = ["", "judge", "person"] as const;
/** Few, so that sources often agree with each other, and with what a failed call counts. */
const SCORES = [0, 0, 50, 100] as const;

/** One outcome of a unit. */
interface Reported {
  readonly id: string;
  readonly isCounted: boolean;
  readonly scores: Map<string, number>;
  /** What the unit counts of it, 0 to 100. */
  value: number | undefined;
}

interface Unit {
  /** Empty for a lookup that is its own unit. */
  readonly name: string;
  readonly arm: 0 | 1;
  readonly token: string;
  /** When its first lookup was sent and answered, in milliseconds of this side's clock. */
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly outcomes: Reported[];
  /** Whether nobody can know all that it counts: a crash may have taken its assignment, or an answer came about at its deadline. */
  isVague: boolean;
}

/** A call about a unit, which is sent until it is answered. */
interface Call {
  readonly unit: Unit;
  readonly method: string;
  readonly body: object;
  readonly settle: (counts: { readonly isInTime: boolean; readonly isVague: boolean }) => void;
}

interface WireArm {
  readonly lateOutcomes?: string;
  readonly frozenScores?: string;
  readonly released?: string;
  readonly metrics: readonly { readonly metric: string; readonly mean?: number }[];
}

/** What is certain, and what may come on top. */
interface Range {
  low: number;
  spread: number;
}

/**
 * The independent tally of what units count: scores of several sources that agree, of failed calls, of outcomes that came late, of
 * further reports of a lookup, and after the deadline. Its experiment is over within seconds, so that units are released among the
 * crashes.
 */
export class ScoreLedger {
  readonly #random: SeededRandom;
  readonly #units: Unit[] = [];
  readonly #atHand: Unit[] = [];
  #experimentId = "";
  #made = 0;
  /** A call whose answer never came. */
  #open: Call | undefined;
  readonly #late = [noRange(), noRange()];
  readonly #frozen = [noRange(), noRange()];
  acknowledged = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** The first time it starts the experiment, and answers the revision of that. */
  async prepare(connection: Connection): Promise<number | undefined> {
    if (this.#experimentId !== "") return undefined;
    const ttlSeconds = TTL_MS / 1000;
    const { experiment } = await ask<{ experiment: { experimentId: string } }>(
      connection,
      "ExperimentService/CreateExperiment",
      {
        name: "scores",
        ...{ model: MODEL, phase: PHASE },
        arms: [{}, { changes: { temperature: CHALLENGER } }],
        metrics: ["success", "quality"].map((metric) => ({ metric, ttlSeconds })),
        unitWindowSeconds: WINDOW_MS / 1000,
        periodSeconds: 3600,
      },
    );
    this.#experimentId = experiment.experimentId;
    const { experimentId } = experiment;
    const started = await ask<{ experiment: { revision: string } }>(
      connection,
      "ExperimentService/StartExperiment",
      { experimentId },
    );
    return Number(started.experiment.revision);
  }

  /** One unit more, or one call about a unit; what was not answered goes out again first. False where no answer came. */
  async step(connection: Connection): Promise<boolean> {
    if (this.#open) return this.#send(connection, this.#open);
    const unit = this.#atHand[this.#random.between(0, Math.max(0, this.#atHand.length - 1))];
    if (!unit || this.#random.chance(0.2)) return this.#enrol(connection);
    const nowMs = performance.now();
    const isOpen = nowMs + MARGIN_MS < unit.sentMs + lifeMs(unit);
    const isOver = nowMs - MARGIN_MS > unit.answeredMs + lifeMs(unit);
    if (isOpen && this.#random.chance(0.3)) return this.#reportMore(connection, unit, nowMs);
    return isOpen || isOver ? this.#score(connection, unit) : true;
  }

  /** Goes on a little, and then holds what the daemon counts as late and as frozen against the tally. Errors name the arm and the numbers. */
  async verify(connection: Connection): Promise<void> {
    if (this.#experimentId === "") return;
    for (let step = 0; step < STEPS_PER_ROUND; step++)
      if (!(await this.step(connection))) throw new Error("not answered while up");
    const { arms } = await this.#results(connection);
    for (const [index, arm] of arms.entries()) {
      requireWithin(
        `arm ${index}, late outcomes`,
        Number(arm.lateOutcomes ?? 0),
        this.#late[index],
      );
      requireWithin(
        `arm ${index}, frozen scores`,
        Number(arm.frozenScores ?? 0),
        this.#frozen[index],
      );
    }
  }

  /** Waits until every unit is released, and holds the sums of their values against the tally. */
  async verifyReleased(connection: Connection): Promise<void> {
    const until = performance.now() + RELEASED_WITHIN_MS;
    const vague = this.#units.filter(({ isVague }) => isVague).length;
    if (vague > this.#units.length / 4)
      throw new Error(`${vague} of ${this.#units.length} units are vague`);
    let results = await this.#results(connection);
    while (Number(results.pending ?? 0) > 0) {
      if (performance.now() > until) throw new Error(`${results.pending} units wait`);
      await sleep(500);
      results = await this.#results(connection);
    }
    for (const [index, { metrics, released = "0" }] of results.arms.entries()) {
      const { mean = 0 } = metrics.find(({ metric }) => metric === "quality") ?? {};
      const expected = noRange();
      for (const unit of this.#units.filter(({ arm }) => arm === index)) {
        if (unit.isVague) expected.spread += 100;
        else expected.low += qualityOf(unit);
      }
      requireWithin(`arm ${index}, sum of quality`, mean * Number(released), expected, 1e-3);
    }
  }

  #results(connection: Connection) {
    return ask<{ readonly pending?: string; readonly arms: readonly WireArm[] }>(
      connection,
      "ExperimentService/GetExperimentResults",
      { experimentId: this.#experimentId },
    );
  }

  async #lookUp(connection: Connection, unit: string) {
    const request = { model: MODEL, phase: PHASE, unit };
    const reply = await connection.post("ConfigService/ResolveConfig", request);
    if (reply.status !== "answered") return undefined;
    const { reason, settings, decisionToken } = reply.body as unknown as {
      readonly reason: string;
      readonly settings: { readonly temperature: number };
      readonly decisionToken: string;
    };
    const isEnrolled = reason === "RESOLUTION_REASON_EXPERIMENT";
    const arm: 0 | 1 = settings.temperature === CHALLENGER ? 1 : 0;
    return { isEnrolled, arm, token: decisionToken };
  }

  /** A new unit with its first outcome, which is decided with it. */
  async #enrol(connection: Connection): Promise<boolean> {
    this.#made += 1;
    const name = this.#random.chance(0.3) ? "" : `scored-${this.#made}`;
    const sentMs = performance.now();
    const found = await this.#lookUp(connection, name);
    if (!found) return false;
    // More than the daemon enrols in a second are not.
    if (!found.isEnrolled) return true;
    const { arm, token } = found;
    const unit: Unit = {
      ...{ name, arm, token, sentMs, answeredMs: performance.now(), outcomes: [] },
      isVague: true,
    };
    this.#units.push(unit);
    return this.#report(connection, unit, { token, isCounted: true, isFirst: true });
  }

  /** A further outcome: one more of a session, a late one of it, or one more than the one that counts of a lookup. */
  #reportMore(connection: Connection, unit: Unit, nowMs: number): Promise<boolean> {
    if (unit.name === "") {
      const isTaken = unit.outcomes[0]?.value !== undefined;
      return isTaken
        ? this.#report(connection, unit, { token: unit.token, isCounted: false })
        : Promise.resolve(true);
    }
    if (nowMs - MARGIN_MS < unit.answeredMs + WINDOW_MS)
      return this.#report(connection, unit, { token: unit.token, isCounted: true });
    return this.#reportLate(connection, unit);
  }

  async #reportLate(connection: Connection, unit: Unit): Promise<boolean> {
    const found = await this.#lookUp(connection, unit.name);
    if (!found) return false;
    if (!found.isEnrolled || found.arm !== unit.arm)
      throw new Error(`${unit.name} was in arm ${unit.arm}, and is in ${found.arm}`);
    return this.#report(connection, unit, { token: found.token, isCounted: false });
  }

  #report(
    connection: Connection,
    unit: Unit,
    how: { readonly token: string; readonly isCounted: boolean; readonly isFirst?: true },
  ): Promise<boolean> {
    this.#made += 1;
    const id = `scored-outcome-${this.#made}`;
    const isFailed = this.#random.chance(0.3);
    const own = this.#random.chance(0.5) ? this.#random.pick(SCORES) : undefined;
    const outcome = {
      ...{ outcomeId: id, decisionToken: how.token },
      status: isFailed ? "OUTCOME_STATUS_TIMEOUT" : "OUTCOME_STATUS_OK",
      ...(own === undefined ? {} : { scores: { quality: own } }),
    };
    const isSession = unit.name !== "";
    return this.#send(connection, {
      unit,
      method: "OutcomeService/ReportOutcomes",
      body: { outcomes: [outcome] },
      settle: ({ isInTime, isVague }) => {
        const { isCounted } = how;
        const scores = new Map(own === undefined ? [] : [["", own]]);
        const value = isCounted ? (own ?? (isFailed ? 0 : undefined)) : undefined;
        unit.outcomes.push({ id, isCounted, scores, value });
        const range = this.#late[unit.arm] ?? noRange();
        if (isVague) range.spread += 1;
        else if (isSession && !isCounted) range.low += 1;
        // A unit whose first outcome was answered at once is on the disk.
        if (how.isFirst && isInTime && !isVague) {
          unit.isVague = false;
          this.#atHand.push(unit);
          if (this.#atHand.length > UNITS_AT_HAND) this.#atHand.shift();
        }
      },
    });
  }

  #score(connection: Connection, unit: Unit): Promise<boolean> {
    const outcome = unit.outcomes[this.#random.between(0, unit.outcomes.length - 1)];
    if (!outcome) return Promise.resolve(true);
    // Mostly one: a batch in which every source agrees with the others must be kept too.
    // No source twice: what came of such a batch is not what comes of it when it is sent again.
    const first = this.#random.between(0, SOURCES.length - 1);
    const given = Array.from({ length: this.#random.pick([1, 1, 1, 3]) }, (_, place) => ({
      source: SOURCES[(first + place) % SOURCES.length] ?? "",
      score: this.#random.pick(SCORES),
    }));
    return this.#send(connection, {
      unit,
      method: "OutcomeService/ReportFeedback",
      body: {
        feedback: given.map(({ source, score }) => ({
          ...{ outcomeId: outcome.id, source },
          scores: { quality: score },
        })),
      },
      settle: ({ isInTime, isVague }) => {
        const range = this.#frozen[unit.arm] ?? noRange();
        for (const { source, score } of given) {
          const before = meanOf([...outcome.scores.values()]);
          outcome.scores.set(source, score);
          const after = meanOf([...outcome.scores.values()]);
          if (before === after) continue;
          if (isVague) range.spread += 1;
          else if (outcome.isCounted && isInTime) outcome.value = after;
          else range.low += 1;
        }
      },
    });
  }

  /** Sends a call until it is answered once; false where this time it was not. */
  async #send(connection: Connection, call: Call): Promise<boolean> {
    const { unit } = call;
    const isAgain = this.#open === call;
    this.#open = call;
    const sentMs = performance.now();
    const reply = await connection.post(call.method, call.body);
    if (reply.status !== "answered") return false;
    this.#open = undefined;
    const {
      acceptedCount = 0,
      duplicateCount = 0,
      rejected = [],
    } = reply.body as {
      readonly acceptedCount?: number;
      readonly duplicateCount?: number;
      readonly rejected?: readonly unknown[];
    };
    if (acceptedCount + duplicateCount === 0 || rejected.length > 0)
      throw new Error(`refused: ${JSON.stringify(reply.body)}`);
    this.acknowledged += 1;
    const nowMs = performance.now();
    const isInTime = nowMs < unit.sentMs + lifeMs(unit);
    const isAfter = sentMs > unit.answeredMs + lifeMs(unit);
    // Between its first sending and its answer the deadline went by, or the crash may have taken the unit.
    const isVague = unit.isVague ? isAgain || !isInTime : !isInTime && (isAgain || !isAfter);
    call.settle({ isInTime, isVague });
    if (isVague) unit.isVague = true;
    return true;
  }
}

/** From its first lookup until nothing of a unit changes. */
function lifeMs({ name }: Unit): number {
  return TTL_MS + (name === "" ? 0 : WINDOW_MS);
}

function qualityOf({ outcomes }: Unit): number {
  return meanOf(outcomes.flatMap(({ value }) => (value === undefined ? [] : [value]))) ?? 0;
}

function meanOf(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function noRange(): Range {
  return { low: 0, spread: 0 };
}

function requireWithin(what: string, actual: number, range = noRange(), tolerance = 0): void {
  const { low, spread } = range;
  if (actual >= low - tolerance && actual <= low + spread + tolerance) return;
  throw new Error(`${what}: ${actual}, expected ${low} to ${low + spread}`);
}
