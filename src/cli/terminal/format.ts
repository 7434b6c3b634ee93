import type { DescEnum, DescMessage, MessageShape } from "@bufbuild/protobuf";
import { isFieldSet, toJson } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Timestamp, Value } from "@bufbuild/protobuf/wkt";
import { timestampMs, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { Settings } from "../../gen/attuned/v1/settings_pb.ts";
import { SettingsSchema } from "../../gen/attuned/v1/settings_pb.ts";

const ABSENT = "-";
const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Whole numbers as they are, others with `digits` significant digits and without trailing zeros; "-" where absent. */
export function formatNumber(value: number | bigint | undefined, digits = 4): string {
  if (value === undefined) return ABSENT;
  if (typeof value === "bigint" || Number.isInteger(value)) return value.toString();
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude < -6) return value.toExponential(Math.max(0, digits - 2));
  const text = value.toFixed(Math.min(12, Math.max(0, digits - 1 - magnitude)));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A mean with as many decimals as suit its metric's size, so that a column of them lines up; "-" where absent. */
export function formatFixed(value: number | undefined, decimals: number): string {
  if (value === undefined) return ABSENT;
  if (!Number.isFinite(value)) return String(value);
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** A share of 0..1 in percent; "-" where absent. */
export function formatPercent(share: number | undefined, decimals = 1): string {
  return share === undefined ? ABSENT : `${formatFixed(share * 100, decimals)}%`;
}

/** Both ends of an interval; "-" where one is absent. */
export function formatInterval(
  low: number | undefined,
  high: number | undefined,
  decimals: number,
): string {
  if (low === undefined || high === undefined) return ABSENT;
  return `${formatFixed(low, decimals)} to ${formatFixed(high, decimals)}`;
}

/** With its sign, also for gains. */
export function formatSigned(value: number, decimals: number): string {
  const text = formatFixed(value, decimals);
  return text.startsWith("-") || Number(text) === 0 ? text : `+${text}`;
}

/** Decimals that show the differences of values of this size: three significant digits, at least one decimal below 1000. */
export function decimalsFor(values: readonly number[]): number {
  const largest = Math.max(...values.filter(Number.isFinite).map(Math.abs), 0);
  if (largest >= 1000 || largest === 0) return largest === 0 ? 1 : 0;
  if (largest >= 10) return 1;
  return Math.min(9, 2 - Math.floor(Math.log10(largest)));
}

/** Local time as ISO 8601 with its offset, to the second; "-" where absent. */
export function formatInstant(timestamp: Timestamp | undefined): string {
  return timestamp === undefined ? ABSENT : localIso(timestampMs(timestamp));
}

/** Local time as ISO 8601 with its offset, to the second. */
export function localIso(instantMs: number): string {
  const offsetMinutes = -new Date(instantMs).getTimezoneOffset();
  const shifted = new Date(instantMs + offsetMinutes * 60_000).toISOString().slice(0, 19);
  if (offsetMinutes === 0) return `${shifted}Z`;
  const hours = Math.floor(Math.abs(offsetMinutes) / 60);
  const minutes = Math.abs(offsetMinutes) % 60;
  const two = (part: number) => part.toString().padStart(2, "0");
  return `${shifted}${offsetMinutes < 0 ? "-" : "+"}${two(hours)}:${two(minutes)}`;
}

/** A length of time in its two largest units: "850 ms", "4.2 s", "3 min 5 s", "2 h 10 min", "3 d 4 h". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return ABSENT;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${formatNumber(Math.round(seconds * 10) / 10)} s`;
  const whole = Math.round(seconds);
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ] as const;
  const first = units.findIndex(([, size]) => whole >= size);
  const [name, size] = units[first] ?? units[3];
  const next = units[first + 1];
  const head = `${Math.floor(whole / size)} ${name}`;
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1]);
  return rest === 0 || next === undefined ? head : `${head} ${rest} ${next[0]}`;
}

/** Bytes with a decimal unit. */
export function formatBytes(bytes: bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : formatFixed(value, 1)} ${BYTE_UNITS[unit]}`;
}

/** The short name of an enum value: PHASE_ERROR_RECOVERY is "error_recovery". "-" for zero. */
export function formatEnum(schema: DescEnum, value: number): string {
  if (value === 0) return ABSENT;
  const name = schema.value[value]?.name;
  if (name === undefined) return String(value);
  return name.slice(schema.sharedPrefix?.length ?? 0).toLowerCase();
}

/** A JSON value on one line; text stands without quotes. "-" where absent. */
export function formatValue(value: Value | undefined): string {
  if (value === undefined) return ABSENT;
  const json = toJson(ValueSchema, value);
  return typeof json === "string" ? json : JSON.stringify(json);
}

/** The fields of a message that are set, by their proto names. */
export function setFields<T extends DescMessage>(
  schema: T,
  message: MessageShape<T> | undefined,
): readonly (readonly [name: string, text: string])[] {
  if (message === undefined) return [];
  const values = reflect(schema, message);
  return schema.fields.flatMap((field) => {
    if (!isFieldSet(message, field)) return [];
    const value: unknown = field.fieldKind === "list" ? [...values.get(field)] : values.get(field);
    return [[field.name, typeof value === "object" ? JSON.stringify(value) : String(value)]];
  });
}

/** Settings on one line: "temperature=0.7 max_tokens=2000"; "-" where none is set. */
export function formatSettings(settings: Settings | undefined): string {
  const fields = setFields(SettingsSchema, settings);
  return fields.length === 0 ? ABSENT : fields.map(([name, text]) => `${name}=${text}`).join(" ");
}

/** Attributes on one line, in the order of their keys; "-" where there are none. */
export function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  const keys = Object.keys(attributes).sort();
  return keys.length === 0 ? ABSENT : keys.map((key) => `${key}=${attributes[key]}`).join(" ");
}

/** A field name of the API as the settings write it: maxTokens is max_tokens. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
