import type { ClockSkewKind } from "../domain/outcome/clock-skew.ts";
import type { Outcome } from "../domain/outcome/outcome.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";

/** An outcome whose times cannot be. */
export interface SkewedOutcome {
  /** `refused`: so far ahead that it was not taken. */
  readonly kind: ClockSkewKind | "refused";
  readonly ms: number;
  /** Empty where it named none. */
  readonly producerId: string;
  readonly outcomeId: string;
}

/** Outcomes whose times cannot be, since the start. */
export interface ClockSkewStatus {
  readonly counts: Readonly<Record<SkewedOutcome["kind"], number>>;
  readonly largestMs: number;
  readonly newest: SkewedOutcome & { readonly atMs: number };
}

/** Between two lines of the log, in milliseconds: a producer with a wrong clock reports on and on. */
const LOG_EVERY_MS = 60_000;

/** Counts outcomes whose times cannot be, and tells the operator which producer's clock is wrong. */
export class ClockSkews {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onSkewed: (outcome: SkewedOutcome) => void;
  readonly #counts = { ahead: 0, behind: 0, daemon: 0, refused: 0 };
  #largestMs = 0;
  #newest: ClockSkewStatus["newest"] | undefined;
  #logAgainAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly onSkewed: (outcome: SkewedOutcome) => void;
  }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#onSkewed = deps.onSkewed;
  }

  /** Undefined before the first. */
  get status(): ClockSkewStatus | undefined {
    const newest = this.#newest;
    return newest && { counts: { ...this.#counts }, largestMs: this.#largestMs, newest };
  }

  /** Looks at an outcome that was counted. */
  counted({ clockSkew, producer, outcomeId }: Outcome): void {
    if (clockSkew) this.note({ ...clockSkew, producerId: producer?.producerId ?? "", outcomeId });
  }

  note(outcome: SkewedOutcome): void {
    this.#counts[outcome.kind] += 1;
    this.#largestMs = Math.max(this.#largestMs, outcome.ms);
    this.#newest = { ...outcome, atMs: this.#clock.nowMs() };
    this.#onSkewed(outcome);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#logAgainAtMs) return;
    this.#logAgainAtMs = nowMs + LOG_EVERY_MS;
    this.#log.warn("an outcome has times that cannot be; check the clock of its producer", {
      ...outcome,
    });
  }
}
