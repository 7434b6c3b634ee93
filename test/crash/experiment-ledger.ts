import { ask, type Connection } from "./connection.ts";
import type { SeededRandom } from "./random.ts";

const MODEL = "gpt-4";
const PHASE = "PHASE_EXECUTION";
/** What each arm serves: control as the seed has it, then the challenger. */
const TEMPERATURES = [0.7, 0.2] as const;
/** A month: no period ends within a campaign. */
const PERIOD_SECONDS = 2_592_000;
/** Before assignments of the newest lookups must be counted, in milliseconds. */
const COUNTED_WITHIN_MS = 5_000;

interface Unit {
  readonly name: string;
  readonly temperature: number;
  token: string;
  /** The round in which the token was given out. */
  round: number;
  /** Whether an outcome was acknowledged in the round of its token, so that its assignment must be on disk. */
  isReported: boolean;
  /** Whether any outcome was sent. */
  isSent: boolean;
  /** The score that counts; undefined where none was given, or one was not answered. */
  score?: number | undefined;
}

interface WireResolution {
  readonly reason: string;
  readonly settings: { readonly temperature: number };
  readonly decisionToken: string;
}

interface WireResults {
  readonly arms: readonly { readonly assigned?: string; readonly reported?: string }[];
}

/**
 * The independent tally of one running experiment: which arm each unit was answered, and which outcomes were acknowledged. No unit may
 * ever be answered another arm; every unit is assigned once, whatever was lost in between.
 */
export class ExperimentLedger {
  readonly #random: SeededRandom;
  readonly #units = new Map<string, Unit>();
  #experimentId = "";
  #round = 0;
  #outcomes = 0;
  acknowledgedOutcomes = 0;
  unansweredOutcomes = 0;
  acknowledgedScores = 0;
  lookups = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get unitCount(): number {
    return this.#units.size;
  }

  /** Begins a round; the first one starts the experiment, and answers the revision of that. */
  async prepare(connection: Connection): Promise<number | undefined> {
    this.#round += 1;
    if (this.#experimentId !== "") return undefined;
    const { experiment } = await ask<{ experiment: { experimentId: string } }>(
      connection,
      "ExperimentService/CreateExperiment",
      {
        name: "crash",
        model: MODEL,
        phase: PHASE,
        arms: [{}, { changes: { temperature: TEMPERATURES[1] } }],
        periodSeconds: PERIOD_SECONDS,
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

  /** One lookup of a new or a known unit, or one outcome of a known one. */
  async step(connection: Connection): Promise<boolean> {
    const known = [...this.#units.values()];
    const unit = known[this.#random.between(0, Math.max(0, known.length - 1))];
    if (!unit || this.#random.chance(0.4))
      return this.#lookUp(connection, `unit-${this.#round}-${this.#random.between(0, 1e9)}`);
    if (this.#random.chance(0.4)) return this.#lookUp(connection, unit.name);
    if (this.#random.chance(0.3)) return this.#score(connection, unit);
    return this.#report(connection, unit);
  }

  /**
   * Looks every unit up again, and then holds the daemon's counts against the tally. Units that a crash took are enrolled again by
   * that, with the same arm, so that every one is assigned exactly once. Errors name what differs.
   */
  async verify(connection: Connection): Promise<void> {
    if (this.#experimentId === "") return;
    for (const name of [...this.#units.keys()])
      if (!(await this.#lookUp(connection, name))) throw new Error("not answered while up");
    const units = [...this.#units.values()];
    const expected = TEMPERATURES.map(
      (temperature) => units.filter((unit) => unit.temperature === temperature).length,
    );
    const arms = await this.#countedArms(connection, expected);
    for (const [arm, temperature] of TEMPERATURES.entries()) {
      const own = units.filter((unit) => unit.temperature === temperature);
      const assigned = Number(arms[arm]?.assigned ?? 0);
      const reported = Number(arms[arm]?.reported ?? 0);
      if (assigned !== own.length)
        throw new Error(`arm ${arm} has ${assigned} units, ${own.length} were answered it`);
      const least = own.filter(({ isReported }) => isReported).length;
      const most = own.filter(({ isSent }) => isSent).length;
      if (reported < least || reported > most)
        throw new Error(`arm ${arm}: ${reported} units reported, expected ${least} to ${most}`);
    }
    await this.#verifyOutcomes(connection);
    await this.#verifyScores(connection);
  }

  /** Assignments reach the disk shortly after their lookups: waits until their number is right, at most a while. */
  async #countedArms(
    connection: Connection,
    expected: readonly number[],
  ): Promise<WireResults["arms"]> {
    const until = Date.now() + COUNTED_WITHIN_MS;
    for (;;) {
      const { arms } = await ask<WireResults>(
        connection,
        "ExperimentService/GetExperimentResults",
        { experimentId: this.#experimentId },
      );
      const isThere = expected.every((count, arm) => Number(arms[arm]?.assigned ?? 0) >= count);
      if (isThere || Date.now() > until) return arms;
    }
  }

  async #verifyOutcomes(connection: Connection): Promise<void> {
    const { metrics = [] } = await ask<{ metrics?: { sampleSize: string }[] }>(
      connection,
      "OutcomeService/GetMetrics",
      { model: MODEL, phase: PHASE, pageSize: 1000 },
    );
    const counted = metrics.reduce((sum, { sampleSize }) => sum + Number(sampleSize), 0);
    const most = this.acknowledgedOutcomes + this.unansweredOutcomes;
    if (counted < this.acknowledgedOutcomes || counted > most)
      throw new Error(`${counted} outcomes of units, acknowledged ${this.acknowledgedOutcomes}`);
  }

  /** A score that was acknowledged is the one that is there: given again it changes nothing. */
  async #verifyScores(connection: Connection): Promise<void> {
    const scored = [...this.#units.values()].filter(({ score }) => score !== undefined);
    if (scored.length === 0) return;
    const { duplicateCount = 0 } = await ask<{ duplicateCount?: number }>(
      connection,
      "OutcomeService/ReportFeedback",
      { feedback: scored.slice(-1000).map(({ token, score }) => feedbackOf(token, score ?? 0)) },
    );
    const expected = Math.min(scored.length, 1000);
    if (duplicateCount !== expected)
      throw new Error(`${duplicateCount} scores of units are there, acknowledged ${expected}`);
  }

  async #lookUp(connection: Connection, name: string): Promise<boolean> {
    const round = this.#round;
    const reply = await connection.post("ConfigService/ResolveConfig", {
      model: MODEL,
      phase: PHASE,
      unit: name,
    });
    if (reply.status !== "answered") return false;
    this.lookups += 1;
    const { reason, settings, decisionToken } = reply.body as unknown as WireResolution;
    const known = this.#units.get(name);
    if (reason !== "RESOLUTION_REASON_EXPERIMENT") {
      // More than the daemon enrols in a second: not enrolled, which a unit that is cannot become.
      if (known && known.round === round) throw new Error(`${name} is no longer enrolled`);
      return true;
    }
    const { temperature } = settings;
    if (known && known.temperature !== temperature)
      throw new Error(`${name} was answered ${known.temperature}, now ${temperature}`);
    if (known) Object.assign(known, { token: decisionToken, round });
    else {
      const unit = { name, temperature, token: decisionToken, round };
      this.#units.set(name, { ...unit, isReported: false, isSent: false });
    }
    return true;
  }

  async #score(connection: Connection, unit: Unit): Promise<boolean> {
    const { round } = unit;
    const score = this.#random.between(0, 100);
    unit.score = undefined;
    const feedback = [feedbackOf(unit.token, score)];
    const reply = await connection.post("OutcomeService/ReportFeedback", { feedback });
    if (reply.status !== "answered") return false;
    const { acceptedCount = 0, duplicateCount = 0 } = reply.body as Record<string, number>;
    if (acceptedCount + duplicateCount !== 1)
      throw new Error(`not accepted: ${JSON.stringify(reply.body)}`);
    this.acknowledgedScores += 1;
    // Of a unit that a crash took the token names what is enrolled no more.
    if (round === this.#round) unit.score = score;
    return true;
  }

  async #report(connection: Connection, unit: Unit): Promise<boolean> {
    this.#outcomes += 1;
    const { round } = unit;
    const outcome = {
      outcomeId: `experiment-${this.#outcomes}`,
      decisionToken: unit.token,
      status: "OUTCOME_STATUS_OK",
    };
    unit.isSent = true;
    const reply = await connection.post("OutcomeService/ReportOutcomes", { outcomes: [outcome] });
    if (reply.status !== "answered") {
      this.unansweredOutcomes += 1;
      return false;
    }
    const { acceptedCount = 0 } = reply.body as { acceptedCount?: number };
    if (acceptedCount !== 1) throw new Error(`not accepted: ${JSON.stringify(reply.body)}`);
    this.acknowledgedOutcomes += 1;
    if (round === this.#round) unit.isReported = true;
    return true;
  }
}

function feedbackOf(decisionToken: string, quality: number) {
  return { decisionToken, scores: { quality }, source: "judge" };
}
