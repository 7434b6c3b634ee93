import type { FaultReason } from "./fault-reason.ts";

/** One broken rule of a request. `field` is a path in lowerCamelCase, for example `config.phases[0].settings.temperature`. */
export interface Violation {
  readonly field: string;
  readonly message: string;
}

export interface FaultDetail {
  /** For programs: whatever the message mentions that varies. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** All broken rules at once, for a request that is malformed. */
  readonly violations?: readonly Violation[];
  /** When it makes sense to try again, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** What was looked for and not found. */
  readonly resource?: { readonly type: string; readonly name: string };
  /** For the log only: never shown to the caller. */
  readonly cause?: unknown;
}

/**
 * An expected failure that only the outermost edge turns into an answer. `message` is for the caller and says what to do;
 * `cause` is for the log.
 */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly reason: FaultReason;
  readonly detail: FaultDetail;

  constructor(reason: FaultReason, message: string, detail: FaultDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.reason = reason;
    this.detail = detail;
  }
}
