import { ask, type Connection, type Reply } from "./connection.ts";
import type { SeededRandom } from "./random.ts";

/** An outcome as this side sent it. */
interface Sent {
  readonly id: string;
  readonly arm: string;
  readonly latencyMs: number;
  readonly costNanoUsd: number;
  /** The last score of each source; the mean of them counts. The empty source is the outcome itself. */
  readonly scores: Map<string, number>;
  readonly wire: object;
}

/** Scores of one outcome in the order in which they are sent. */
interface Feedback {
  readonly sent: Sent;
  readonly given: readonly { readonly source: string; readonly score: number }[];
}

interface Sums {
  count: number;
  latencyMs: number;
  costNanoUsd: number;
  quality: number;
}

/** An arm by what outcomes of it are sent with. */
interface ArmPlan {
  readonly name: string;
  readonly model: string;
  readonly fields: object;
}

const PHASE = "PHASE_EXECUTION";
const MODELS = ["crash-a", "crash-b"] as const;
const TOKEN_MODEL = "crash-token";
/** Outcomes of this model are never sent again, so that what became of the unanswered ones stays open. */
const ORPHAN_MODEL = "crash-orphan";
const TEMPERATURES = [0, 0.3, 0.7] as const;
/** Spread over so many hours that the changed cells set a checkpoint off every few thousand outcomes. */
const HOURS = 1000;
const HOUR_MS = 3_600_000;
const REMEMBERED_MAX = 5000;
const SOURCES = ["", "judge", "person"] as const;
/** Few, so that sources often agree. With an outcome's own score a multiple of 6, the mean of three sources at most is whole. */
const SCORES = [0, 30, 60, 90] as const;
const OWN_SCORE_STEP = 6;

/**
 * The independent tally: every outcome that was sent, by what its sender knows of it. `acknowledged` must be counted exactly once,
 * `uncertain` (sent, and the answer never came) at most once.
 */
export class OutcomeLedger {
  readonly #random: SeededRandom;
  readonly #runId: string;
  #sent = 0;
  #plans: ArmPlan[] = [];
  readonly #acknowledged = new Map<string, Sums>();
  #uncertain: Sent[] = [];
  readonly #orphans: Sent[] = [];
  /** Some that were acknowledged, to be sent again. */
  readonly #remembered: Sent[] = [];
  /** Some that were acknowledged, to be scored anew: each by one worker at a time. */
  readonly #scorable: Sent[] = [];
  /** Feedback whose answer never came. */
  #openFeedback: Feedback[] = [];
  acknowledgedCount = 0;
  feedbackCount = 0;
  redeliveredCount = 0;
  duplicateCount = 0;

  constructor(random: SeededRandom, runId: string) {
    this.#random = random;
    this.#runId = runId;
  }

  get uncertainCount(): number {
    return this.#uncertain.length;
  }

  get orphanCount(): number {
    return this.#orphans.length;
  }

  /** Learns the token arm from the daemon that runs now. */
  async prepare(connection: Connection): Promise<void> {
    const request = { model: TOKEN_MODEL, phase: PHASE };
    const { decisionToken, settings } = await ask<{ decisionToken: string; settings: object }>(
      connection,
      "ConfigService/ResolveConfig",
      request,
    );
    const direct = [...MODELS, ORPHAN_MODEL].flatMap((model) =>
      TEMPERATURES.map((temperature): ArmPlan => {
        const settings = { temperature };
        const fields = { model, phase: PHASE, settings };
        return { name: armName(model, settings), model, fields };
      }),
    );
    const withToken: ArmPlan = {
      name: armName(TOKEN_MODEL, settings),
      model: TOKEN_MODEL,
      fields: { decisionToken },
    };
    this.#plans = [...direct, withToken];
  }

  /** Sends one batch: new outcomes, unanswered ones again, or acknowledged ones again, in any mixture of the first two. */
  async report(connection: Connection): Promise<boolean> {
    if (this.#remembered.length > 0 && this.#random.chance(0.1)) return this.#repeat(connection);
    const size = this.#random.between(1, 50);
    const again = this.#random.chance(0.3) ? this.#random.take(this.#uncertain, size) : [];
    const fresh = Array.from({ length: Math.max(size - again.length, 1) }, () => this.#create());
    const batch = [...again, ...fresh];
    this.redeliveredCount += again.length;
    // Some batches go out twice at once.
    // Some go out as a stream of two messages, some twice at once.
    const replies = this.#random.chance(0.2)
      ? [await sendStream(connection, batch)]
      : await Promise.all(
          (this.#random.chance(0.1) ? [batch, batch] : [batch]).map((each) =>
            send(connection, each),
          ),
        );
    return this.#settle(batch, again.length, replies);
  }

  /** Scores some acknowledged outcomes anew; feedback that was not answered goes out again first. */
  async giveFeedback(connection: Connection): Promise<boolean> {
    const size = this.#random.between(1, 20);
    const open = this.#random.take(this.#openFeedback, size);
    const fresh = this.#random.take(this.#scorable, size).map((sent) => this.#scoresOf(sent));
    const all = [...open, ...fresh];
    if (all.length === 0) return this.report(connection);
    const feedback = all.flatMap(({ sent, given }) =>
      given.map(({ source, score }) => ({
        outcomeId: sent.id,
        scores: { quality: score },
        source,
      })),
    );
    const reply = await connection.post("OutcomeService/ReportFeedback", { feedback });
    if (reply.status !== "answered") {
      this.#openFeedback.push(...all);
      return false;
    }
    const { acceptedCount, duplicateCount, rejected } = countsOf(reply.body);
    if (acceptedCount + duplicateCount !== feedback.length || rejected > 0)
      throw new Error(`feedback was refused: ${JSON.stringify(reply.body)}`);
    this.feedbackCount += feedback.length;
    let changes = 0;
    for (const { sent, given } of all) {
      const sums = this.#acknowledged.get(sent.arm);
      if (!sums) throw new Error(`${sent.arm} has no acknowledged outcome`);
      const before = meanOf(sent.scores);
      for (const { source, score } of given) {
        if (sent.scores.get(source) !== score) changes += 1;
        sent.scores.set(source, score);
      }
      sums.quality += meanOf(sent.scores) - before;
      this.#scorable.push(sent);
    }
    // Whoever scores as before brings a duplicate, and nobody else. What was not answered may have counted the first time.
    if (open.length === 0 && acceptedCount !== changes)
      throw new Error(`${acceptedCount} scores were taken as new, ${changes} were`);
    return true;
  }

  /** Sends every unanswered outcome again until all are answered; orphans excepted. */
  async settleAll(connection: Connection): Promise<void> {
    while (this.#uncertain.length > 0) {
      const batch = this.#random.take(this.#uncertain, this.#random.between(1, 1000));
      this.redeliveredCount += batch.length;
      const reply = await send(connection, batch);
      if (!this.#settle(batch, batch.length, [reply])) throw new Error("not answered while up");
    }
    while (this.#openFeedback.length > 0) {
      if (!(await this.giveFeedback(connection))) throw new Error("not answered while up");
    }
  }

  /** Holds what the daemon counts against the tally. Errors name the arm and the two numbers. */
  async verify(connection: Connection): Promise<void> {
    const counted = new Map<string, Sums>();
    for (const model of [...MODELS, ORPHAN_MODEL, TOKEN_MODEL]) {
      const { metrics = [] } = await ask<{ metrics?: WireMetrics[] }>(
        connection,
        "OutcomeService/GetMetrics",
        { model, phase: PHASE, pageSize: 1000 },
      );
      for (const item of metrics) counted.set(armName(model, item.settings), sumsOf(item));
    }
    const open = new Map<string, Sums>();
    const lowered = new Map<string, number>();
    for (const sent of [...this.#uncertain, ...this.#orphans]) add(open, sent);
    // The low end of what feedback without an answer may have changed, and the range above it.
    for (const { sent, given } of this.#openFeedback) {
      const scored = new Map(sent.scores);
      for (const { source, score } of given) scored.set(source, score);
      const change = meanOf(scored) - meanOf(sent.scores);
      const sums = open.get(sent.arm) ?? noSums();
      const low = lowered.get(sent.arm) ?? 0;
      lowered.set(sent.arm, low + Math.min(0, change));
      sums.quality += Math.abs(change);
      open.set(sent.arm, sums);
    }
    for (const name of new Set([...counted.keys(), ...this.#acknowledged.keys()])) {
      const least = this.#acknowledged.get(name) ?? noSums();
      const maybe = open.get(name) ?? noSums();
      const actual = counted.get(name) ?? noSums();
      for (const key of ["count", "latencyMs", "costNanoUsd", "quality"] as const) {
        const low = least[key] + (key === "quality" ? (lowered.get(name) ?? 0) : 0);
        if (actual[key] >= low && actual[key] <= low + maybe[key]) continue;
        throw new Error(
          `${name}: ${key} is ${actual[key]}, acknowledged ${least[key]}, unanswered ${maybe[key]}`,
        );
      }
    }
  }

  /** Some scores of an outcome, those of one source among them that come twice. */
  #scoresOf(sent: Sent): Feedback {
    const given = Array.from({ length: this.#random.between(1, 4) }, () => ({
      source: this.#random.pick(SOURCES),
      score: this.#random.pick(SCORES),
    }));
    return { sent, given };
  }

  async #repeat(connection: Connection): Promise<boolean> {
    const batch = this.#random.take(this.#remembered, this.#random.between(1, 50));
    const reply = await send(connection, batch);
    if (reply.status !== "answered") return false;
    const { duplicateCount } = countsOf(reply.body);
    if (duplicateCount !== batch.length) {
      throw new Error(`${batch.length - duplicateCount} acknowledged outcomes were not duplicates`);
    }
    this.duplicateCount += batch.length;
    this.#remembered.push(...batch);
    return true;
  }

  #settle(batch: readonly Sent[], again: number, replies: readonly Reply[]): boolean {
    const answered = replies.flatMap((reply) =>
      reply.status === "answered" ? [countsOf(reply.body)] : [],
    );
    let accepted = 0;
    for (const counts of answered) {
      accepted += counts.acceptedCount;
      if (counts.acceptedCount + counts.duplicateCount !== batch.length || counts.rejected > 0)
        throw new Error(`an answer does not add up: ${JSON.stringify(counts)}`);
    }
    if (accepted > batch.length) throw new Error("an outcome was accepted twice");
    if (answered.length === replies.length && accepted < batch.length - again)
      throw new Error(`${batch.length - again - accepted} new outcomes were taken for duplicates`);
    for (const sent of batch) this.#file(sent, answered.length > 0);
    return answered.length === replies.length;
  }

  #file(sent: Sent, isAcknowledged: boolean): void {
    if (isAcknowledged) {
      add(this.#acknowledged, sent);
      this.acknowledgedCount += 1;
      if (this.#random.chance(0.2)) {
        if (this.#scorable.length < REMEMBERED_MAX) this.#scorable.push(sent);
      } else if (this.#remembered.length < REMEMBERED_MAX) this.#remembered.push(sent);
    } else if (sent.arm.startsWith(ORPHAN_MODEL)) this.#orphans.push(sent);
    else this.#uncertain.push(sent);
  }

  #create(): Sent {
    const random = this.#random;
    const plan = this.#plans[random.between(0, this.#plans.length - 1)];
    if (!plan) throw new Error("no arm is planned");
    this.#sent += 1;
    const id = `${this.#runId}-${this.#sent}`;
    const latencyMs = random.between(1, 5000);
    const costNanoUsd = random.between(1, 1_000_000);
    const quality = random.between(0, 16) * OWN_SCORE_STEP;
    const wire = {
      ...plan.fields,
      outcomeId: id,
      status: "OUTCOME_STATUS_OK",
      latencyMs,
      costUsd: costNanoUsd / 1e9,
      scores: { quality },
      occurredAt: new Date(Date.now() - random.between(0, HOURS) * HOUR_MS).toISOString(),
    };
    const scores = new Map([["", quality]]);
    return { id, arm: plan.name, latencyMs, costNanoUsd, scores, wire };
  }
}

interface WireMetrics {
  readonly settings: object;
  readonly sampleSize: string;
  readonly avgLatency: number;
  readonly costPerRequest: number;
  readonly avgQuality: number;
}

function send(connection: Connection, batch: readonly Sent[]): Promise<Reply> {
  const outcomes = batch.map(({ wire }) => wire);
  return connection.post("OutcomeService/ReportOutcomes", { outcomes });
}

function sendStream(connection: Connection, batch: readonly Sent[]): Promise<Reply> {
  const outcomes = batch.map(({ wire }) => wire);
  const middle = Math.ceil(outcomes.length / 2);
  const messages = [outcomes.slice(0, middle), outcomes.slice(middle)];
  return connection.stream(
    "OutcomeService/StreamOutcomes",
    messages.map((part) => ({ outcomes: part })),
  );
}

function armName(model: string, settings: object): string {
  return `${model} ${JSON.stringify(Object.entries(settings).sort())}`;
}

function countsOf(body: Record<string, unknown>) {
  return {
    acceptedCount: Number(body["acceptedCount"] ?? 0),
    duplicateCount: Number(body["duplicateCount"] ?? 0),
    rejected: ((body["rejected"] ?? []) as unknown[]).length,
  };
}

/** The sums behind the means. They are whole numbers, so that rounding brings them back exactly. */
function sumsOf(item: WireMetrics): Sums {
  const count = Number(item.sampleSize);
  return {
    count,
    latencyMs: Math.round(item.avgLatency * count),
    costNanoUsd: Math.round(item.costPerRequest * count * 1e9),
    quality: Math.round(item.avgQuality * count),
  };
}

function noSums(): Sums {
  return { count: 0, latencyMs: 0, costNanoUsd: 0, quality: 0 };
}

function add(into: Map<string, Sums>, sent: Sent): void {
  const sums = into.get(sent.arm) ?? noSums();
  sums.count += 1;
  sums.latencyMs += sent.latencyMs;
  sums.costNanoUsd += sent.costNanoUsd;
  sums.quality += meanOf(sent.scores);
  into.set(sent.arm, sums);
}

function meanOf(scores: ReadonlyMap<string, number>): number {
  return [...scores.values()].reduce((sum, score) => sum + score, 0) / scores.size;
}
