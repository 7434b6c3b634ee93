import { Fault } from "../../domain/kernel/fault.ts";
import { connectErrorFromFault } from "../errors.ts";
import { DRAIN_RETRY_AFTER_MS } from "./bounds.ts";

/** Whether calls are taken: not before the daemon can serve, and not while it goes down. */
export interface Admission {
  /** Why no call may pass now, or undefined while the daemon serves. */
  readonly closed: () => Fault | undefined;
  /** Aborts with UNAVAILABLE, DRAINING when the daemon goes down. Unary calls may finish; streams end with it. */
  readonly shutdownSignal: AbortSignal;
  /** From now on calls pass. */
  open(): void;
  /** From now on new calls are refused, and streams end. There is no way back. */
  drain(): void;
}

export function createAdmission(): Admission {
  const detail = { retryAfterMs: DRAIN_RETRY_AFTER_MS };
  const shutdown = new AbortController();
  let refusal: Fault | undefined = new Fault(
    "STARTING",
    "the daemon is starting; try again shortly",
    detail,
  );
  return {
    closed: () => refusal,
    shutdownSignal: shutdown.signal,
    open() {
      if (!shutdown.signal.aborted) refusal = undefined;
    },
    drain() {
      refusal = new Fault("DRAINING", "the daemon is going down; try again shortly", detail);
      shutdown.abort(connectErrorFromFault(refusal));
    },
  };
}
