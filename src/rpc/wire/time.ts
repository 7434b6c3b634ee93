import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema, timestampMs } from "@bufbuild/protobuf/wkt";
import { Fault } from "../../domain/kernel/fault.ts";
import type { HourWindow } from "../../engine/cells.ts";
import { ALL_HOURS, HOUR_MS } from "../../engine/cells.ts";
import type { Window as WireWindow } from "../../gen/attuned/v1/metrics_pb.ts";

export function timestampToWire(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return create(TimestampSchema, {
    seconds: BigInt(seconds),
    nanos: Math.round((ms - seconds * 1000) * 1e6),
  });
}

/** A window of time in milliseconds, open ends at the ends of time. Errors: WINDOW_INVALID. */
export function spanFromWire(
  start: Timestamp | undefined,
  end: Timestamp | undefined,
): { fromMs: number; untilMs: number } {
  const fromMs = start ? timestampMs(start) : 0;
  const untilMs = end ? timestampMs(end) : Number.MAX_SAFE_INTEGER;
  if (untilMs > fromMs) return { fromMs, untilMs };
  throw new Fault("WINDOW_INVALID", "the window must end after it starts", {
    violations: [{ field: "window.end", message: "must be later than the start" }],
  });
}

/**
 * The hours that a window touches: cells know no more of their time than that, so a window is widened to whole hours.
 * Errors: WINDOW_INVALID.
 */
export function hoursFromWire(window: WireWindow | undefined): HourWindow {
  if (!window) return ALL_HOURS;
  const { fromMs, untilMs } = spanFromWire(window.start, window.end);
  return { from: Math.floor(fromMs / HOUR_MS), until: Math.ceil(untilMs / HOUR_MS) };
}
