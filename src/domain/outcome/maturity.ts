import type { Settings } from "../config/settings.ts";
import type { Outcome } from "./outcome.ts";

/** A timeout where the settings name none. */
const TIMEOUT_DEFAULT_SECONDS = 120;
/** For the report itself. */
const REPORT_MARGIN_MS = 30_000;
/** Tokens tell the minute of their decision. */
const TOKEN_RESOLUTION_MS = 60_000;

/** How long a call with these settings may take until it was reported, in milliseconds: every attempt runs out of time, and 30 s. */
export function callMaturityMs(settings: Settings): number {
  const timeoutMs = (settings.timeoutSeconds ?? TIMEOUT_DEFAULT_SECONDS) * 1000;
  return timeoutMs * ((settings.maxRetries ?? 0) + 1) + REPORT_MARGIN_MS;
}

/** Outcomes are held back no longer than this, in milliseconds: slower calls count when they come. */
const HELD_MS_MAX = 60 * 60 * 1000;

/** How long the outcomes of settings are held back until all calls that were decided with them are known, in milliseconds. */
export function cohortHoldMs(settings: Settings): number {
  return Math.min(HELD_MS_MAX, callMaturityMs(settings) + TOKEN_RESOLUTION_MS);
}

/**
 * When the call of an outcome began, as its cohort goes: its decision, or what the caller said where there is none. A token that was
 * kept for longer than a call lasts, as watches keep them, says nothing of when it was used: the end of the call less its latency does.
 */
export function callStartMs({ decidedAtMs, occurredAtMs, latencyMs = 0, arm }: Outcome): number {
  if (decidedAtMs === undefined) return occurredAtMs;
  if (occurredAtMs - decidedAtMs <= cohortHoldMs(arm.settings)) return decidedAtMs;
  return Math.max(decidedAtMs, occurredAtMs - latencyMs);
}

/**
 * Whether an outcome arrived after its decision had matured: it is counted, and kept out of what was decided before. Without a
 * decision nothing is late: old logs may be imported.
 */
export function isLate({ decidedAtMs, arm }: Outcome, receivedAtMs: number): boolean {
  if (decidedAtMs === undefined) return false;
  return receivedAtMs - decidedAtMs > callMaturityMs(arm.settings) + TOKEN_RESOLUTION_MS;
}
