import { BOOTS_REMEMBERED_MAX, SEQUENCE_BLOCK } from "../../domain/experiment/bounds.ts";
import { keys } from "../../store/keys.ts";
import type { Store } from "../../store/store.ts";

/** A start of the daemon that is over: units above `through` were assigned by it and lost. */
interface PastBoot {
  readonly boot: number;
  readonly through: number;
}

interface SequenceRecord {
  /** The newest start that assigned anything; 0 before the first. */
  readonly boot: number;
  /** Numbers below it are given out, or lost with a start that had reserved them. */
  readonly reservedUntil: number;
  readonly past: readonly PastBoot[];
}

const NONE: SequenceRecord = { boot: 0, reservedUntil: 0, past: [] };

/**
 * The numbers that units are assigned under, in blocks that are on disk before the first of them is given out: whatever a crash
 * takes, no number is given out twice, and a start of the daemon is told apart from all earlier ones by its own number.
 */
export class Sequences {
  readonly #store: Store;
  #record = NONE;
  /** The number of this start; undefined until it reserved a block. */
  #boot: number | undefined;
  #next = 0;
  #reserving: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Takes over what earlier starts left. `through` is the highest sequence that was journalled, -1 for none. */
  async load(through: number): Promise<void> {
    const record = (await this.#store.json<SequenceRecord>(keys.meta("sequences"))) ?? NONE;
    const ended: PastBoot[] = record.boot === 0 ? [] : [{ boot: record.boot, through }];
    this.#record = { ...record, past: [...record.past, ...ended].slice(-BOOTS_REMEMBERED_MAX) };
  }

  /** The number of this start. 0 before a block was reserved. */
  get boot(): number {
    return this.#boot ?? 0;
  }

  /** Makes sure that numbers can be given out. Errors: the store's. */
  async reserve(): Promise<void> {
    if (this.#left > SEQUENCE_BLOCK / 2) return;
    this.#reserving ??= this.#reserveBlock().finally(() => {
      this.#reserving = undefined;
    });
    await this.#reserving;
  }

  /** The next number; undefined while none is reserved. */
  take(): number | undefined {
    if (this.#left <= 0) return undefined;
    const sequence = this.#next;
    this.#next += 1;
    return sequence;
  }

  /** Whether the next block should be reserved. */
  get isLow(): boolean {
    return this.#left <= SEQUENCE_BLOCK / 2;
  }

  /** Whether a crash took the assignment of a unit: decided by its number alone. */
  isVoid(boot: number, sequence: number): boolean {
    if (boot === this.#boot) return false;
    const past = this.#record.past.find((ended) => ended.boot === boot);
    return past === undefined || sequence > past.through;
  }

  get #left(): number {
    return this.#boot === undefined ? 0 : this.#record.reservedUntil - this.#next;
  }

  async #reserveBlock(): Promise<void> {
    const { boot, reservedUntil, past } = this.#record;
    const record: SequenceRecord = {
      boot: this.#boot ?? boot + 1,
      reservedUntil: reservedUntil + SEQUENCE_BLOCK,
      past,
    };
    await this.#store.write([{ put: keys.meta("sequences"), json: record }], "sync");
    if (this.#boot === undefined) this.#next = reservedUntil;
    this.#boot = record.boot;
    this.#record = record;
  }
}
