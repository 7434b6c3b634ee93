import { UsageError } from "./failure.ts";

/** What the parser found for the options of a command. */
export type ParsedValues = Readonly<
  Record<string, string | boolean | readonly (string | boolean)[] | undefined>
>;

/** The arguments of one command line, typed on access. Every method throws UsageError on a value that does not fit. */
export interface Arguments {
  /** Arguments without a name. */
  readonly positionals: readonly string[];
  has(option: string): boolean;
  flag(option: string): boolean;
  /** Undefined where the option is not given. */
  text(option: string): string | undefined;
  /** Every value of an option that may be repeated. */
  list(option: string): readonly string[];
  /** A finite number within both bounds, or undefined where the option is not given. */
  number(option: string, bounds: NumberBounds): number | undefined;
  /** One instant in milliseconds, written as ISO 8601 or as an age such as 90s, 15m, 2h, 7d. */
  instant(option: string, nowMs: number): number | undefined;
  /** The `key=value` pairs of an option that may be repeated. */
  pairs(option: string): readonly Pair[];
}

export interface NumberBounds {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
}

/** One `key=value`; the key is never empty. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

const AGE_UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Wraps what the parser found. */
export function argumentsOf(positionals: readonly string[], values: ParsedValues): Arguments {
  const list = (option: string): readonly string[] => {
    const value = values[option];
    if (value === undefined || typeof value === "boolean") return [];
    if (typeof value === "string") return [value];
    return value.filter((item) => typeof item === "string");
  };
  const text = (option: string) => list(option).at(-1);
  return {
    positionals,
    has: (option) => values[option] !== undefined,
    flag: (option) => values[option] === true,
    text,
    list,
    number: (option, bounds) => {
      const value = text(option);
      return value === undefined ? undefined : parseNumber(value, `--${option}`, bounds);
    },
    instant: (option, nowMs) => {
      const value = text(option);
      return value === undefined ? undefined : parseInstant(value, `--${option}`, nowMs);
    },
    pairs: (option) => list(option).map((item) => parsePair(item, `--${option}`)),
  };
}

/** Reads a number. `what` names the argument in the error. */
export function parseNumber(value: string, what: string, bounds: NumberBounds): number {
  const number = value.trim() === "" ? Number.NaN : Number(value);
  const fits = Number.isFinite(number) && number >= bounds.min && number <= bounds.max;
  if (fits && (bounds.integer !== true || Number.isInteger(number))) return number;
  const kind = bounds.integer === true ? "a whole number" : "a number";
  throw new UsageError(`${what} takes ${kind} ${rangeText(bounds)}, not "${value}"`);
}

function rangeText({ min, max }: NumberBounds): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return `from ${min} to ${max}`;
  return Number.isFinite(min) ? `from ${min}` : "that is finite";
}

/** Reads an instant: ISO 8601, or an age before `nowMs`. A date without a time zone is local time. */
export function parseInstant(value: string, what: string, nowMs: number): number {
  const age = /^(\d+(?:\.\d+)?)([smhd])$/.exec(value);
  const unitMs = AGE_UNIT_MS[age?.[2] ?? ""];
  if (age !== null && unitMs !== undefined) return nowMs - Number(age[1]) * unitMs;
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(value)
    ? Date.parse(`${value}T00:00:00`)
    : /^\d{4}-\d{2}-\d{2}[T ]/.test(value)
      ? Date.parse(value.replace(" ", "T"))
      : Number.NaN;
  if (!Number.isFinite(instant)) {
    throw new UsageError(
      `${what} takes a time such as 2026-11-01T10:00:00Z or an age such as 2h, not "${value}"`,
    );
  }
  return instant;
}

/** Reads `key=value`; the value may be empty and may hold further `=`. */
export function parsePair(text: string, what: string): Pair {
  const split = text.indexOf("=");
  if (split < 1) throw new UsageError(`${what} takes KEY=VALUE, not "${text}"`);
  return { key: text.slice(0, split), value: text.slice(split + 1) };
}

/** The pairs as a map; a later pair of the same key wins. */
export function mapOf(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => [pair.key, pair.value]));
}

/** The value as JSON where it is JSON, else as the text it is: `0.3`, `true`, `["a"]`, `stop`. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
