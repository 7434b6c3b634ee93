import type { JsonValue } from "@bufbuild/protobuf";

/** Milliseconds since 1970 between which a time of a log must lie: from March 1973 to November 5138. */
const EARLIEST_MS = 1e11;
const LATEST_MS = 1e14;

const NUMBER = /^\d+(\.\d+)?(e[+-]?\d+)?$/i;
/** Day, time of day, zone. */
const TEXT =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))? ?(?:(?:Z|UTC)|([+-]\d\d)(?::?(\d\d))?)?$/i;

/**
 * The time that a log gives, in milliseconds since 1970. A number, also as text, is in the unit in which it lies between 1973 and 5138:
 * from 1e8 on seconds, from 1e11 milliseconds, from 1e14 microseconds, from 1e17 to 1e20 nanoseconds. The spans do not overlap, so no
 * number has two readings. Other text is RFC 3339, also with a blank for the T and with a short zone; without a zone it is UTC.
 * Undefined where there is no time; "impossible" for anything else.
 */
export function timeMs(value: JsonValue | undefined): number | "impossible" | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number") return msOfNumber(value);
  if (typeof value !== "string") return "impossible";
  const text = value.trim();
  if (text === "") return undefined;
  return NUMBER.test(text) ? msOfNumber(Number(text)) : msOfText(text);
}

function msOfNumber(value: number): number | "impossible" {
  return [value * 1e3, value, value / 1e3, value / 1e6].find(isPossible) ?? "impossible";
}

function msOfText(text: string): number | "impossible" {
  const [, day, time = "00:00", hours = "+00", minutes = "00"] = TEXT.exec(text) ?? [];
  const ms = Date.parse(`${day}T${time}${hours}:${minutes}`);
  return isPossible(ms) ? ms : "impossible";
}

function isPossible(ms: number): boolean {
  return ms >= EARLIEST_MS && ms < LATEST_MS;
}
