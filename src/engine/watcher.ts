import type { Touch, TouchLog } from "./touch-log.ts";
import type { DatedState, WatchedKey, WatchedState, WatchedStates } from "./watched-states.ts";

/** States of one update, so that none grows beyond a few hundred kilobytes. */
const STATES_PER_UPDATE_MAX = 240;
/** After so long a watch repeats its states, in milliseconds: an hour. Tokens tell when a decision was made. */
const REPEAT_AFTER_MS = 60 * 60 * 1000;

/** What a reader is told at once. */
export interface WatchUpdate {
  /** `current` and `resync` are the whole state; a reader forgets what it knew. Nothing comes with `heartbeat`. */
  readonly event: "current" | "changed" | "resync" | "heartbeat";
  readonly states: readonly WatchedState[];
  /** The reader has seen everything up to here once it took this; 0 while more of the same state follows. */
  readonly revision: number;
}

/** What is being told, in parts. */
interface Delivery {
  readonly event: WatchUpdate["event"];
  /** Revision that the reader has seen once all parts are told. */
  readonly until: number;
  /** Only states that became others after this revision. */
  readonly after: number;
  /** What there is to tell: models in every phase, or keys. */
  readonly subjects: readonly (string | WatchedKey)[];
  next: number;
}

export interface WatcherDeps {
  readonly states: WatchedStates;
  readonly log: Pick<TouchLog, "floor" | "since">;
}

/** One reader: what it watches and how far it is. What it is told is computed when it asks, so that it holds nothing meanwhile. */
export class Watcher {
  readonly #states: WatchedStates;
  readonly #log: WatcherDeps["log"];
  readonly #keys: readonly WatchedKey[];
  /** What the names of the keys stand for. */
  #modelKeys: ReadonlySet<string>;
  #revision: number;
  #delivery: Delivery | undefined;
  #wholeAtMs: number;
  #isBehind = false;
  #isTold = false;
  #onWake: (() => void) | undefined;

  /** Without keys everything is watched. `start` is the first update: the whole state, or what changed since a revision. */
  constructor(
    { states, log }: WatcherDeps,
    keys: readonly WatchedKey[],
    start: "current" | "resync" | number,
  ) {
    this.#states = states;
    this.#log = log;
    this.#keys = keys;
    this.#modelKeys = this.#namedModels();
    this.#wholeAtMs = states.nowMs();
    this.#revision = typeof start === "number" ? start : states.revision;
    if (typeof start !== "number") this.#delivery = this.#whole(start);
  }

  /**
   * The next thing to tell; undefined where the reader knows everything. The first one always comes: a heartbeat, where a watch that
   * resumes missed nothing. Errors: ATTRIBUTES_INVALID.
   */
  take(): WatchUpdate | undefined {
    this.#delivery ??= this.#due();
    const update =
      (this.#delivery && this.#part(this.#delivery)) ??
      (this.#isTold ? undefined : this.heartbeat());
    this.#isTold = true;
    return update;
  }

  heartbeat(): WatchUpdate {
    return { event: "heartbeat", states: [], revision: this.#revision };
  }

  /** Calls back once when there may be something to take; undefined takes the callback back. */
  onWake(callback: (() => void) | undefined): void {
    this.#onWake = callback;
  }

  /** Whether somebody waits for something to take. */
  get isWaiting(): boolean {
    return this.#onWake !== undefined;
  }

  wake(): void {
    const callback = this.#onWake;
    this.#onWake = undefined;
    callback?.();
  }

  /** Whether a change may change what this reader watches. */
  isConcerned({ touched, renames }: Pick<Touch, "touched" | "renames">): boolean {
    if (touched === "all") return true;
    if (this.#keys.length === 0) return touched.size > 0;
    if (renames) return true;
    for (const model of touched) if (this.#modelKeys.has(model)) return true;
    return false;
  }

  /** Notes a change that is none for this reader: one that knew everything before still does. */
  pass(from: number, to: number): void {
    if (this.#delivery === undefined && this.#revision === from) this.#revision = to;
  }

  /** Notes that changes up to `floor` are forgotten. Answers true once, when that loses this reader. */
  fallBehind(floor: number): boolean {
    const place = this.#delivery?.until ?? this.#revision;
    if (this.#isBehind || place >= floor) return false;
    this.#isBehind = true;
    return true;
  }

  #due(): Delivery | undefined {
    const states = this.#states;
    const touch = this.#isBehind ? undefined : this.#log.since(this.#revision);
    if (!touch) {
      this.#isBehind = false;
      return this.#whole("resync");
    }
    const isStale = states.nowMs() - this.#wholeAtMs >= REPEAT_AFTER_MS;
    if (isStale || (touch.isWhole && this.#keys.length === 0)) return this.#whole("current");
    if (this.#revision === states.revision) return undefined;
    if (touch.renames) this.#modelKeys = this.#namedModels();
    const subjects =
      this.#keys.length === 0 ? this.#touchedModels(touch) : this.#touchedKeys(touch);
    return { event: "changed", until: states.revision, after: this.#revision, subjects, next: 0 };
  }

  #whole(event: "current" | "resync"): Delivery {
    this.#wholeAtMs = this.#states.nowMs();
    this.#modelKeys = this.#namedModels();
    const subjects = this.#keys.length === 0 ? this.#states.models() : this.#keys;
    return { event, until: this.#states.revision, after: -1, subjects, next: 0 };
  }

  #touchedModels({ touched, removed }: Touch): readonly string[] {
    if (touched !== "all") return [...touched].sort();
    const models = this.#states.models();
    return removed.length === 0 ? models : [...new Set([...models, ...removed])].sort();
  }

  #touchedKeys({ touched, renames }: Touch): readonly WatchedKey[] {
    if (touched === "all" || renames) return this.#keys;
    return this.#keys.filter(({ model }) => touched.has(this.#states.modelKey(model)));
  }

  /** The next part that has something to tell; undefined where a change changed no answer. */
  #part(delivery: Delivery): WatchUpdate | undefined {
    const { event, until, after, subjects } = delivery;
    const states: WatchedState[] = [];
    while (delivery.next < subjects.length && states.length < STATES_PER_UPDATE_MAX) {
      for (const { state, changedRevision } of this.#statesOf(subjects[delivery.next])) {
        if (changedRevision > after) states.push(state);
      }
      delivery.next += 1;
    }
    if (delivery.next < subjects.length) return { event, states, revision: 0 };
    this.#delivery = undefined;
    this.#revision = until;
    if (event === "changed" && states.length === 0) return undefined;
    return { event, states, revision: until };
  }

  #statesOf(subject: string | WatchedKey | undefined): readonly DatedState[] {
    if (subject === undefined) return [];
    return typeof subject === "string"
      ? this.#states.ofModel(subject)
      : [this.#states.ofKey(subject)];
  }

  #namedModels(): ReadonlySet<string> {
    return new Set(this.#keys.map(({ model }) => this.#states.modelKey(model)));
  }
}
