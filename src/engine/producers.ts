import { PRODUCERS_MAX, SEQUENCES_IN_FLIGHT_MAX } from "../domain/kernel/limits.ts";

/** A number of a producer, which identifies an outcome of it. */
export interface ProducerSequence {
  readonly producerId: string;
  readonly sequence: number;
}

/** What is known of the numbers of one producer. */
export interface ProducerMark {
  /** Highest number seen. */
  readonly high: number;
  /** All numbers from here … */
  readonly first: number;
  /** … to here were seen. */
  readonly through: number;
  /** Which of the newest SEQUENCES_IN_FLIGHT_MAX numbers up to `high` were seen; bit `number % SEQUENCES_IN_FLIGHT_MAX`. */
  readonly bits: readonly number[];
  readonly atMs: number;
}

/**
 * `behind`: so far below the newest number that nobody can tell whether it was seen. It is refused: counting it could count it twice,
 * and calling it a duplicate could lose it.
 */
export type SequenceVerdict = "new" | "duplicate" | "behind";

const WORDS = SEQUENCES_IN_FLIGHT_MAX / 32;

/**
 * The numbers that producers gave their outcomes, in constant memory per producer: the highest, a stretch without gaps, and one bit
 * for each of the newest numbers, so that calls may arrive out of order. Where there are too many producers, the one that reported
 * least recently is forgotten, and its outcomes count at least once should it come back and repeat old ones.
 */
export class Producers {
  /** Least recently seen first. */
  readonly #marks = new Map<string, Mark>();
  readonly #dirty = new Set<string>();
  /** Producers that were forgotten for lack of room, since the start. */
  forgotten = 0;

  get size(): number {
    return this.#marks.size;
  }

  /** Takes over a stored mark, at boot. */
  load(producerId: string, mark: ProducerMark): void {
    this.#marks.set(producerId, new Mark(mark));
  }

  check({ producerId, sequence }: ProducerSequence): SequenceVerdict {
    return this.#marks.get(producerId)?.check(sequence) ?? "new";
  }

  add({ producerId, sequence }: ProducerSequence, atMs: number): void {
    const mark = this.#marks.get(producerId) ?? Mark.startingAt(sequence);
    mark.add(sequence, atMs);
    this.#marks.delete(producerId);
    this.#marks.set(producerId, mark);
    this.#dirty.add(producerId);
    if (this.#marks.size <= PRODUCERS_MAX) return;
    for (const [oldest] of this.#marks) {
      this.#marks.delete(oldest);
      this.#dirty.add(oldest);
      this.forgotten += 1;
      break;
    }
  }

  /** Marks that changed since the last call, as they are now; undefined for a producer that was forgotten. */
  takeChanges(): Map<string, ProducerMark | undefined> {
    const changes = new Map<string, ProducerMark | undefined>();
    for (const id of this.#dirty) changes.set(id, this.#marks.get(id)?.toStored());
    this.#dirty.clear();
    return changes;
  }

  /** Gives changes back that could not be stored. */
  giveBack(changes: ReadonlyMap<string, unknown>): void {
    for (const id of changes.keys()) this.#dirty.add(id);
  }
}

class Mark {
  #high: number;
  #first: number;
  #through: number;
  #atMs: number;
  readonly #bits: Uint32Array;

  constructor(mark: ProducerMark) {
    this.#high = mark.high;
    this.#first = mark.first;
    this.#through = mark.through;
    this.#atMs = mark.atMs;
    this.#bits = Uint32Array.from({ length: WORDS }, (_, index) => mark.bits[index] ?? 0);
  }

  static startingAt(sequence: number): Mark {
    const mark = new Mark({
      high: sequence,
      first: sequence,
      through: sequence,
      bits: [],
      atMs: 0,
    });
    mark.#set(sequence);
    return mark;
  }

  check(sequence: number): SequenceVerdict {
    if (sequence > this.#high) return "new";
    if (sequence >= this.#first && sequence <= this.#through) return "duplicate";
    if (sequence <= this.#high - SEQUENCES_IN_FLIGHT_MAX) return "behind";
    return this.#has(sequence) ? "duplicate" : "new";
  }

  add(sequence: number, atMs: number): void {
    this.#atMs = Math.max(this.#atMs, atMs);
    if (sequence <= this.#high - SEQUENCES_IN_FLIGHT_MAX) return;
    if (sequence > this.#high) {
      if (sequence - this.#high >= SEQUENCES_IN_FLIGHT_MAX) this.#bits.fill(0);
      else for (let skipped = this.#high + 1; skipped < sequence; skipped++) this.#unset(skipped);
      this.#high = sequence;
    }
    this.#set(sequence);
    const lowest = this.#high - SEQUENCES_IN_FLIGHT_MAX;
    while (this.#first - 1 > lowest && this.#first > 0 && this.#has(this.#first - 1))
      this.#first -= 1;
    while (this.#through < this.#high && this.#through >= lowest && this.#has(this.#through + 1))
      this.#through += 1;
  }

  toStored(): ProducerMark {
    return {
      high: this.#high,
      first: this.#first,
      through: this.#through,
      bits: [...this.#bits],
      atMs: this.#atMs,
    };
  }

  #has(sequence: number): boolean {
    const bit = sequence % SEQUENCES_IN_FLIGHT_MAX;
    return (((this.#bits[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  #set(sequence: number): void {
    const bit = sequence % SEQUENCES_IN_FLIGHT_MAX;
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  #unset(sequence: number): void {
    const bit = sequence % SEQUENCES_IN_FLIGHT_MAX;
    this.#bits[bit >>> 5] = (this.#bits[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
  }
}
