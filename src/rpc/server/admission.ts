import type { ConnectError } from "@connectrpc/connect";
import { Fault } from "../../domain/kernel/fault.ts";
import { connectErrorFromFault } from "../errors.ts";
import { DRAIN_RETRY_AFTER_MS } from "./bounds.ts";

/** Whether calls are taken: not before the daemon can serve, and not while it goes down. */
export interface Admission {
  /** Why no call may pass now, or undefined while the daemon serves. */
  readonly closed: () => Fault | undefined;
  /**
   * Calls `end` with UNAVAILABLE, DRAINING when the daemon goes down: how streams end, while unary calls may finish. Answers what
   * takes it back. A set, not a signal: a signal walks all its listeners for each one that comes or goes, with thousands of streams.
   */
  whenDraining(end: (reason: ConnectError) => void): () => void;
  /** From now on calls pass. */
  open(): void;
  /** From now on new calls are refused, and streams end. There is no way back. */
  drain(): void;
}

export function createAdmission(): Admission {
  const detail = { retryAfterMs: DRAIN_RETRY_AFTER_MS };
  const ends = new Set<(reason: ConnectError) => void>();
  let drained: ConnectError | undefined;
  let refusal: Fault | undefined = new Fault(
    "STARTING",
    "the daemon is starting; try again shortly",
    detail,
  );
  return {
    closed: () => refusal,
    whenDraining(end) {
      if (drained) end(drained);
      else ends.add(end);
      return () => ends.delete(end);
    },
    open() {
      if (!drained) refusal = undefined;
    },
    drain() {
      refusal = new Fault("DRAINING", "the daemon is going down; try again shortly", detail);
      drained = connectErrorFromFault(refusal);
      for (const end of [...ends]) end(drained);
      ends.clear();
    },
  };
}
