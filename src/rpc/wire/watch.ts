import { create } from "@bufbuild/protobuf";
import { phaseOfNumber } from "../../domain/config/phase.ts";
import { Fault, type Violation } from "../../domain/kernel/fault.ts";
import type { WatchRequest } from "../../engine/watch.ts";
import type { WatchedKey, WatchedState } from "../../engine/watched-states.ts";
import type { WatchUpdate } from "../../engine/watcher.ts";
import {
  type WatchConfigsRequest,
  type WatchConfigsResponse,
  WatchConfigsResponseSchema,
  WatchEvent,
  type WatchState,
  WatchStateSchema,
} from "../../gen/attuned/v1/config_service_pb.ts";
import { phaseToWire } from "./phase.ts";
import { resolutionToWire } from "./resolution.ts";

/** Keys of one watch. */
export const WATCH_KEYS_MAX = 64;
const HEARTBEAT_SECONDS_DEFAULT = 30;
const HEARTBEAT_SECONDS_MAX = 300;

const EVENTS: Readonly<Record<WatchUpdate["event"], WatchEvent>> = {
  current: WatchEvent.CURRENT,
  changed: WatchEvent.CHANGED,
  resync: WatchEvent.RESYNC,
  heartbeat: WatchEvent.HEARTBEAT,
};

/** What to watch, and how often to say that the stream lives. */
export interface WatchCall extends WatchRequest {
  readonly heartbeatMs: number;
}

/** Errors: BATCH_TOO_LARGE, PHASE_REQUIRED, REQUEST_MALFORMED. */
export function watchFromWire(request: WatchConfigsRequest): WatchCall {
  if (request.keys.length > WATCH_KEYS_MAX) {
    throw new Fault(
      "BATCH_TOO_LARGE",
      `a watch has at most ${WATCH_KEYS_MAX} keys, this one ${request.keys.length}; open several, or watch everything`,
      { metadata: { max: String(WATCH_KEYS_MAX) } },
    );
  }
  const violations: Violation[] = [];
  const keys = request.keys.flatMap(({ model, phase, attributes }, index): WatchedKey[] => {
    const known = phaseOfNumber(phase);
    if (known) return [{ model, phase: known, attributes }];
    violations.push({ field: `keys[${index}].phase`, message: "must be one of the six phases" });
    return [];
  });
  if (violations.length > 0) {
    throw new Fault("PHASE_REQUIRED", "every key needs a phase", { violations });
  }
  const { heartbeatSeconds, revision } = request;
  if (heartbeatSeconds < 0 || heartbeatSeconds > HEARTBEAT_SECONDS_MAX) {
    const message = `must be 1 to ${HEARTBEAT_SECONDS_MAX}, or 0 for ${HEARTBEAT_SECONDS_DEFAULT}`;
    violations.push({ field: "heartbeatSeconds", message });
  }
  if (revision < 0n) violations.push({ field: "revision", message: "must not be negative" });
  if (violations.length > 0) {
    const text = violations.map(({ field, message }) => `${field} ${message}`).join("; ");
    throw new Fault("REQUEST_MALFORMED", text, { violations });
  }
  return {
    keys,
    storeId: request.storeId,
    revision: Number(revision),
    heartbeatMs: (heartbeatSeconds || HEARTBEAT_SECONDS_DEFAULT) * 1000,
  };
}

/** Turns updates into messages. The message of a state is made once, however many watches share it. */
export function createUpdateToWire(storeId: string): (update: WatchUpdate) => WatchConfigsResponse {
  const messages = new WeakMap<WatchedState, WatchState>();
  const stateToWire = (state: WatchedState): WatchState => {
    const known = messages.get(state);
    if (known) return known;
    const { key, resolution } = state;
    const message = create(WatchStateSchema, {
      key: { model: key.model, phase: phaseToWire(key.phase), attributes: { ...key.attributes } },
      ...(resolution ? { resolution: resolutionToWire(resolution, storeId) } : {}),
    });
    messages.set(state, message);
    return message;
  };
  return ({ event, states, revision }) =>
    create(WatchConfigsResponseSchema, {
      event: EVENTS[event],
      states: states.map(stateToWire),
      revision: BigInt(revision),
      storeId,
    });
}
