import { ask, type Connection } from "./connection.ts";
import type { SeededRandom } from "./random.ts";

/** A write as this side made it: a put of a value that no other write has, or a delete. */
interface Write {
  readonly model: string;
  readonly value: number | "deleted";
  /** Undefined where the answer never came. */
  readonly revision: number | undefined;
}

interface WireChange {
  readonly changeId: string;
  readonly model: string;
  readonly parameter: string;
  readonly phase: string;
  readonly oldValue: number;
  readonly newValue: number;
  readonly revision: string;
}

const MODELS = ["config-a", "config-b", "config-c", "config-d", "😀-config"] as const;
const PHASE = "PHASE_EXECUTION";
const PARAMETER = "max_tokens";
/** What the phase has without a stored value, and what a delete goes back to. */
const DEFAULT_VALUE = 2000;

/**
 * Every write of a config that was made. Each changes exactly one parameter to a value of its own, so that the history must be one
 * unbroken chain: each revision once, each old value the new value of the change before.
 */
export class ConfigLedger {
  readonly #random: SeededRandom;
  #nextValue = 10_000;
  readonly #acknowledged = new Map<number, Write>();
  readonly #unanswered = new Map<number, Write>();
  /** What comes after it was written by this ledger alone. */
  #baseRevision = 0;
  #newestRevision = 0;
  #verifiedRevision = 0;
  /** Value per model as of the verified revision. */
  #verifiedValues = new Map<string, number>();
  acknowledgedCount = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Begins after a revision that others wrote, before any write. */
  beginAfter(revision: number): void {
    this.#baseRevision = revision;
    this.#verifiedRevision = revision;
  }

  /** Makes one write; false where no answer came. */
  async write(connection: Connection): Promise<boolean> {
    const model = this.#random.pick(MODELS);
    return this.#random.chance(0.2)
      ? this.#delete(connection, model)
      : this.#put(connection, model);
  }

  async #put(connection: Connection, modelName: string): Promise<boolean> {
    this.#nextValue += 1;
    const value = this.#nextValue;
    const phases = [{ phase: PHASE, settings: { maxTokens: value } }];
    const reply = await connection.post("ModelService/PutModelConfig", {
      config: { modelName, phases },
      reason: `value ${value}`,
    });
    if (reply.status === "answered") {
      this.#acknowledge({ model: modelName, value, revision: Number(reply.body["revision"]) });
      return true;
    }
    this.#unanswered.set(value, { model: modelName, value, revision: undefined });
    return false;
  }

  async #delete(connection: Connection, model: string): Promise<boolean> {
    const reply = await connection.post("ModelService/DeleteModelConfig", { model });
    // Nothing is stored for it at the moment: a right answer, which changes nothing.
    if (reply.status === "not found") return true;
    if (reply.status !== "answered") return false;
    this.#acknowledge({ model, value: "deleted", revision: Number(reply.body["revision"]) });
    return true;
  }

  #acknowledge(write: Write): void {
    const revision = write.revision ?? 0;
    if (this.#acknowledged.has(revision)) throw new Error(`revision ${revision} was given twice`);
    if (revision <= this.#verifiedRevision)
      throw new Error(`revision ${revision} is not above ${this.#verifiedRevision}`);
    this.#acknowledged.set(revision, write);
    this.#newestRevision = Math.max(this.#newestRevision, revision);
    this.acknowledgedCount += 1;
  }

  /** Holds history and lookups against the ledger, from the last verification on, or from the beginning. */
  async verify(connection: Connection, extent: "new" | "all"): Promise<void> {
    if (extent === "all") {
      this.#verifiedRevision = this.#baseRevision;
      this.#verifiedValues = new Map();
    }
    const changes = await this.#readChanges(connection);
    const ids = new Set(changes.map(({ changeId }) => changeId));
    if (ids.size !== changes.length) throw new Error("a change is in the history twice");
    let expected = this.#verifiedRevision;
    for (const change of changes) {
      expected += 1;
      this.#verifyChange(change, expected);
    }
    if (expected < this.#newestRevision)
      throw new Error(`history ends at ${expected}, acknowledged is ${this.#newestRevision}`);
    this.#verifiedRevision = expected;
    for (const model of MODELS) await this.#verifyServed(connection, model);
  }

  /** Changes above the verified revision, oldest first. */
  async #readChanges(connection: Connection): Promise<WireChange[]> {
    const changes: WireChange[] = [];
    let pageToken = "";
    do {
      const page = await ask<{ changes?: WireChange[]; nextPageToken?: string }>(
        connection,
        "HistoryService/GetHistory",
        { pageSize: this.#random.between(50, 1000), pageToken },
      );
      changes.push(...(page.changes ?? []));
      const oldest = Number(changes.at(-1)?.revision ?? 0);
      pageToken = oldest <= this.#verifiedRevision ? "" : (page.nextPageToken ?? "");
    } while (pageToken !== "");
    return changes.filter(({ revision }) => Number(revision) > this.#verifiedRevision).reverse();
  }

  #verifyChange(change: WireChange, expectedRevision: number): void {
    const said = JSON.stringify(change);
    const { model, oldValue, newValue } = change;
    const revision = Number(change.revision);
    if (revision !== expectedRevision)
      throw new Error(`revision ${expectedRevision} is not in the history once, but: ${said}`);
    if (change.parameter !== PARAMETER || change.phase !== PHASE)
      throw new Error(`nobody made this change: ${said}`);
    const before = this.#verifiedValues.get(model) ?? DEFAULT_VALUE;
    if (oldValue !== before) throw new Error(`a change is missing before ${said}: was ${before}`);
    const write = this.#acknowledged.get(revision) ?? this.#unanswered.get(newValue);
    if (write ? write.model !== model : newValue !== DEFAULT_VALUE)
      throw new Error(`nobody made this change: ${said}`);
    const value = !write || write.value === "deleted" ? DEFAULT_VALUE : write.value;
    if (newValue !== value) throw new Error(`acknowledged was ${value}: ${said}`);
    this.#verifiedValues.set(model, newValue);
  }

  async #verifyServed(connection: Connection, model: string): Promise<void> {
    const { settings, revision } = await ask<{ settings: { maxTokens: number }; revision: string }>(
      connection,
      "ConfigService/ResolveConfig",
      { model, phase: PHASE },
    );
    const expected = this.#verifiedValues.get(model) ?? DEFAULT_VALUE;
    if (settings.maxTokens !== expected)
      throw new Error(`${model} serves ${settings.maxTokens}, its history ends with ${expected}`);
    if (Number(revision ?? 0) !== this.#verifiedRevision)
      throw new Error(
        `revision ${revision} is served, the history ends at ${this.#verifiedRevision}`,
      );
  }
}
