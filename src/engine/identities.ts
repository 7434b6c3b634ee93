import { assert } from "../domain/kernel/assert.ts";
import { OUTCOME_ID_TTL_MS, OUTCOME_IDS_MAX } from "../domain/kernel/limits.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import { keys, producerOfKey, ranges, sequenceOfKey } from "../store/keys.ts";
import type { Store, StoreOp } from "../store/store.ts";
import { encodeWordChunk, viewWordChunk } from "../store/word-chunk.ts";
import type { CheckpointPart } from "./checkpoints.ts";
import {
  type Fingerprint,
  type IdSeed,
  type IdVerdict,
  IdWindow,
  WORDS_PER_ID,
} from "./id-window.ts";
import {
  type ProducerMark,
  type ProducerSequence,
  Producers,
  type SequenceVerdict,
} from "./producers.ts";
import { WordList } from "./word-list.ts";

/** What is known of an outcome that comes in: new, or stored before. */
export type IdentityVerdict = IdVerdict | SequenceVerdict;

/** Ids that are taken over between two turns of the event loop: a millisecond at most. */
const IDS_PER_SLICE = 4_000;

/** A chunk of ids on disk. */
interface StoredChunk {
  readonly sequence: number;
  readonly atMs: number;
  readonly ids: number;
}

/** All that is kept of an outcome that was stored. */
type Identity =
  | { readonly producer: ProducerSequence; readonly atMs: number }
  | { readonly print: Fingerprint; readonly content: number; readonly atMs: number };

interface Unsaved {
  readonly words: WordList;
  readonly producers: ReadonlyMap<string, ProducerMark | undefined>;
}

/**
 * Tells whether an outcome was stored before, across restarts: by its id within a window, or by producer and sequence number in
 * constant memory. Both are written with every checkpoint; what came after it is in the journal.
 *
 * At boot nothing is read: `load` does that once the daemon serves, and whoever wants to know waits for it.
 */
export class Identities implements CheckpointPart {
  readonly window: IdWindow;
  readonly producers = new Producers();
  readonly #store: Store;
  #chunks: StoredChunk[] = [];
  /** Ids since the last checkpoint. */
  #words = new WordList();
  /** The list of the checkpoint before, whose room the next one uses. */
  #spare = new WordList();
  #saving: Unsaved | undefined;
  #isLoaded = false;
  /** What was added before `load`: the journal's tail. */
  #tail: Identity[] = [];

  constructor(store: Store, seed: IdSeed) {
    this.#store = store;
    this.window = new IdWindow(seed);
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** A text that two deliveries of the same outcome share. */
  keyOf({ outcomeId, producer }: Outcome): string {
    return producer ? `\u0000${producer.sequence}\u0000${producer.producerId}` : outcomeId;
  }

  check({ outcomeId, producer, content }: Outcome): IdentityVerdict {
    assert(this.#isLoaded, "ids are loaded before they are asked for");
    return producer
      ? this.producers.check(producer)
      : this.window.check(this.window.fingerprint(outcomeId), content);
  }

  /** Whether an outcome with this id was stored within the window. */
  knows(outcomeId: string): boolean {
    assert(this.#isLoaded, "ids are loaded before they are asked for");
    return this.window.check(this.window.fingerprint(outcomeId), 0) !== "new";
  }

  /** Remembers an outcome that is on disk. */
  add(outcome: Outcome, atMs: number): void {
    const identity = this.#identityOf(outcome, atMs);
    if (this.#isLoaded) this.#remember(identity);
    else this.#tail.push(identity);
  }

  /** Reads what the checkpoints wrote, in slices. Called once, while nothing is added. */
  async load(nowMs: number): Promise<void> {
    await this.#readIds();
    await this.#readProducers();
    this.window.forget(nowMs);
    this.#isLoaded = true;
    for (const identity of this.#tail) this.#remember(identity);
    this.#tail = [];
  }

  /** The ops that store what is new. The caller writes them with the watermark and then says how it went. */
  beginCheckpoint(watermark: number, atMs: number): StoreOp[] {
    assert(!this.#saving && this.#isLoaded, "one checkpoint at a time, after the ids are loaded");
    const { words } = this.#words;
    this.#saving = { words: this.#words, producers: this.producers.takeChanges() };
    this.#words = this.#spare;
    const ops: StoreOp[] = [...this.#saving.producers].map(([id, mark]) =>
      mark ? { put: keys.producer(id), json: mark } : { delete: keys.producer(id) },
    );
    if (words.length === 0) return ops;
    const chunk = { sequence: watermark, atMs, ids: words.length / WORDS_PER_ID };
    this.#chunks.push(chunk);
    return [...ops, { put: keys.outcomeIds(watermark), bytes: encodeWordChunk({ atMs, words }) }];
  }

  endCheckpoint(result: "written" | "failed"): void {
    assert(this.#saving, "a checkpoint was begun");
    const { words, producers } = this.#saving;
    this.#saving = undefined;
    if (result === "failed") {
      if (words.length > 0) this.#chunks.pop();
      words.push(this.#words.words);
      this.producers.giveBack(producers);
    }
    // What was begun meanwhile goes on, or has joined what was not written; the other list is there for the next checkpoint.
    const [going, over] = result === "failed" ? [words, this.#words] : [this.#words, words];
    over.clear();
    this.#words = going;
    this.#spare = over;
  }

  /** Removes ids on disk that are outside the window. */
  async trim(nowMs: number): Promise<void> {
    this.window.forget(nowMs);
    let stored = this.#chunks.reduce((sum, { ids }) => sum + ids, 0);
    let end: number | undefined;
    while (this.#chunks[0] && this.#isOutside(this.#chunks[0], stored, nowMs)) {
      const { ids, sequence } = this.#chunks[0];
      stored -= ids;
      end = sequence + 1;
      this.#chunks.shift();
    }
    if (end !== undefined)
      await this.#store.clear({ gte: ranges.outcomeIds.gte, lt: keys.outcomeIds(end) });
  }

  /** More than the window holds stay, so that a restart knows that it was full. */
  #isOutside({ atMs, ids }: StoredChunk, stored: number, nowMs: number): boolean {
    return nowMs - atMs >= OUTCOME_ID_TTL_MS || stored - ids > OUTCOME_IDS_MAX;
  }

  #identityOf({ outcomeId, producer, content }: Outcome, atMs: number): Identity {
    if (producer) return { producer, atMs };
    return { print: this.window.fingerprint(outcomeId), content: content >>> 0, atMs };
  }

  #remember(identity: Identity): void {
    if ("producer" in identity) {
      this.producers.add(identity.producer, identity.atMs);
      return;
    }
    const { print, content, atMs } = identity;
    this.window.add(print, content, atMs);
    this.#words.push([print.high, print.low, content]);
  }

  async #readIds(): Promise<void> {
    let slice = 0;
    this.#chunks = [];
    for await (const [key, bytes] of this.#store.scanBytes({ range: ranges.outcomeIds })) {
      const { atMs, words } = viewWordChunk(bytes);
      const ids = words.length / WORDS_PER_ID;
      this.#chunks.push({ sequence: sequenceOfKey(key), atMs, ids });
      for (let at = 0; at < words.length; at += WORDS_PER_ID) {
        this.window.addWords(words, at, atMs);
        slice += 1;
        if (slice % IDS_PER_SLICE === 0) await nextTurn();
      }
    }
  }

  async #readProducers(): Promise<void> {
    const marks: [id: string, mark: ProducerMark][] = [];
    for await (const [key, mark] of this.#store.scan<ProducerMark>({ range: ranges.producers }))
      marks.push([producerOfKey(key), mark]);
    for (const [id, mark] of marks.sort(([, a], [, b]) => a.atMs - b.atMs))
      this.producers.load(id, mark);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
