import { assert } from "../kernel/assert.ts";
import { MILLION } from "./experiment.ts";

/** HMAC-SHA-256 of a UTF-8 text under an experiment's salt. */
export type KeyedHash = (text: string) => Uint8Array;

/** What one unit is drawn from. */
export interface DrawInput {
  /** `unit` for a named unit, `lookup` for a lookup that is a unit of its own. */
  readonly kind: "unit" | "lookup";
  /** Number of the period; 0 for a lookup. */
  readonly period: number;
  /** The unit as the caller named it, or `boot.sequence` of the lookup. */
  readonly unit: string;
}

export interface Allocation {
  /** Shares of the arms, in millionths, adding up to a million. */
  readonly weightsPpm: readonly number[];
  /** Share of the units whose score is requested, in millionths. */
  readonly scoreFractionPpm: number;
}

export interface Draw {
  readonly arm: number;
  /** The chance that the arm had, in millionths. */
  readonly propensityPpm: number;
  readonly scoreRequested: boolean;
}

/** Bytes of a unit's key: two units share one with a chance below 1e-17 among a million. */
const KEY_BYTES = 12;

/**
 * Draws a unit: a pure function of the salt, the unit, the period and the allocation, as docs/assignment.md publishes it.
 *
 * hash = HMAC-SHA-256(salt, "draw/" kind LF period LF unit). Whether a score is requested comes from bytes 4..7 and does not look at
 * the arm; the arm comes from bytes 0..3. Each four bytes, big-endian, become floor(x 10^6 / 2^32), which stays below 2^53.
 */
export function drawUnit(hash: KeyedHash, input: DrawInput, allocation: Allocation): Draw {
  const bytes = hash(`draw/${input.kind}\n${input.period}\n${input.unit}`);
  const scoreRequested = millionthAt(bytes, 4) < allocation.scoreFractionPpm;
  const place = millionthAt(bytes, 0);
  let upTo = 0;
  for (const [arm, propensityPpm] of allocation.weightsPpm.entries()) {
    upTo += propensityPpm;
    if (place < upTo) return { arm, propensityPpm, scoreRequested };
  }
  assert(upTo === MILLION, "the weights add up to a million");
  throw new Error("a draw below a million meets an arm");
}

/** What a unit is remembered by instead of its name. */
export function unitKeyOf(hash: KeyedHash, unit: string): string {
  let hex = "";
  for (const byte of hash(`key\n${unit}`).subarray(0, KEY_BYTES))
    hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/** The number of the period that a time lies in, counted from 1970. Two draws of a unit are a period apart, so they never share one. */
export function periodAt(atMs: number, periodMs: number): number {
  return Math.floor(atMs / periodMs);
}

function millionthAt(bytes: Uint8Array, offset: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(offset, offset + 4);
  const x = a * 0x1000000 + b * 0x10000 + c * 0x100 + d;
  return Math.floor((x * MILLION) / 0x100000000);
}
