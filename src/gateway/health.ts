import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { Code, ConnectError } from "@connectrpc/connect";
import { Fault } from "../domain/kernel/fault.ts";
import type { HealthCheckRequest } from "../gen/health/v1/health_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../gen/health/v1/health_pb.ts";

/** Watches open at once: above any number of sidecars and balancers, below what would hurt. */
export const HEALTH_WATCHES_MAX = 1_000;

/** What the daemon is doing, as far as callers are concerned. */
export type HealthPhase = "starting" | "serving" | "draining";

/** Whether the daemon serves, told to everyone who asks or watches. */
export interface HealthState {
  phase(): HealthPhase;
  /** Tells every watcher. */
  become(phase: HealthPhase): void;
  /** Answers once the phase is no longer `seen`; rejects with the signal's reason when that aborts first. */
  changedFrom(seen: HealthPhase, signal: AbortSignal): Promise<void>;
}

export function createHealthState(): HealthState {
  let current: HealthPhase = "starting";
  const waiting = new Set<() => void>();
  return {
    phase: () => current,
    become(phase) {
      current = phase;
      for (const wake of [...waiting]) wake();
    },
    changedFrom(seen, signal) {
      return new Promise((resolve, reject) => {
        const wake = () => {
          if (current === seen && !signal.aborted) return;
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          if (signal.aborted) reject(signal.reason);
          else resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
        wake();
      });
    },
  };
}

/** The name whose health is that of the process, not of what it can serve: for probes that restart it. */
const LIVENESS = "liveness";

/**
 * grpc.health.v1. Known names are the empty one, `readiness` and every service of `services`, which serve while the daemon
 * does, and `liveness`, which serves while the process answers.
 */
export function healthRoutes(
  state: HealthState,
  services: readonly string[],
): (router: ConnectRouter) => void {
  const names = ["", LIVENESS, "readiness", ...services];
  const known = new Set(names);
  let watchCount = 0;
  const statusOf = (service: string, phase: HealthPhase): Status => {
    if (!known.has(service)) return Status.SERVICE_UNKNOWN;
    return service === LIVENESS || phase === "serving" ? Status.SERVING : Status.NOT_SERVING;
  };
  async function* watch({ service }: HealthCheckRequest, { signal }: HandlerContext) {
    if (watchCount >= HEALTH_WATCHES_MAX) {
      throw new Fault("QUEUE_FULL", `no more than ${HEALTH_WATCHES_MAX} health watches at once`, {
        retryAfterMs: 10_000,
      });
    }
    watchCount += 1;
    try {
      let told: Status | undefined;
      for (;;) {
        const phase = state.phase();
        const status = statusOf(service, phase);
        if (status !== told) yield { status };
        told = status;
        await state.changedFrom(phase, signal);
      }
    } finally {
      watchCount -= 1;
    }
  }
  return (router) =>
    router.service(Health, {
      check({ service }) {
        const status = statusOf(service, state.phase());
        // The protocol wants NOT_FOUND here, and the status SERVICE_UNKNOWN from a watch.
        if (status === Status.SERVICE_UNKNOWN) throw unknownService(service);
        return { status };
      },
      watch,
      list: () => ({
        statuses: Object.fromEntries(
          names.map((name) => [name, { status: statusOf(name, state.phase()) }]),
        ),
      }),
    });
}

function unknownService(service: string): ConnectError {
  return new ConnectError(`this daemon has no service ${JSON.stringify(service)}`, Code.NotFound);
}
