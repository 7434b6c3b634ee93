import { ENROLMENTS_PER_SECOND_MAX } from "../../domain/experiment/bounds.ts";

/** Counts the enrolments of each second. */
export class EnrolmentRate {
  #second = 0;
  #count = 0;

  /** Whether the second of a time takes no more. */
  isFull(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    return this.#count >= ENROLMENTS_PER_SECOND_MAX;
  }

  /** Counts one, in the second that was asked for last. */
  count(): void {
    this.#count += 1;
  }
}
