import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GenEnum } from "@bufbuild/protobuf/codegenv2";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Fault } from "../domain/kernel/fault.ts";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "../domain/kernel/limits.ts";
import { type Phase, PhaseSchema } from "../gen/attuned/v1/phase_pb.ts";
import { enumNumber, shortEnumName } from "./seed-json.ts";

/** What a route reads of its request: the query of a GET, the body of a POST. */
export type Input = Readonly<Record<string, JsonValue>>;

/** Refuses names that a route does not have. Errors: REQUEST_MALFORMED with all of them. */
export function checkNames(input: Input, known: readonly string[]): void {
  const violations = Object.keys(input)
    .filter((name) => !known.includes(name))
    .map((field) => ({ field, message: `is not known here; known are ${known.join(", ")}` }));
  if (violations.length === 0) return;
  throw malformed(
    violations.map(({ field, message }) => `${field} ${message}`).join("; "),
    violations,
  );
}

/** A text, empty where the request has none. Errors: REQUEST_MALFORMED. */
export function textOf(input: Input, name: string): string {
  const value = input[name];
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw wrong(name, "must be a text");
}

/** A phase by its short or full name; undefined where the request has none. Errors: PHASE_REQUIRED. */
export function phaseOf(input: Input): Phase | undefined {
  const name = textOf(input, "phase");
  if (name === "") return undefined;
  const number = enumNumber(PhaseSchema, name);
  if (number !== undefined) return number;
  const known = PhaseSchema.values
    .filter(({ number }) => number !== 0)
    .map(({ number }) => shortEnumName(PhaseSchema, number));
  const message = `must be one of ${known.join(", ")}`;
  throw new Fault("PHASE_REQUIRED", `phase ${message}, is ${JSON.stringify(name)}`, {
    violations: [{ field: "phase", message }],
  });
}

/** The attributes of the scope that a request names. */
export function attributesOf(input: Input, prefix = ""): Record<string, string> {
  const named = ["environment", "agent"].map(
    (name) => [name, textOf(input, prefix + name)] as const,
  );
  return Object.fromEntries(named.filter(([, value]) => value !== ""));
}

/** Entries of a page. Errors: REQUEST_MALFORMED for a size that is no whole number from 1. */
export function pageSizeOf(input: Input): number {
  const text = textOf(input, "page_size");
  if (text === "") return PAGE_SIZE_DEFAULT;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1)
    throw wrong("page_size", "must be a whole number from 1");
  return Math.min(size, PAGE_SIZE_MAX);
}

/** Numbers of enum values that a request names, comma-separated; undefined where it names none. Errors: REQUEST_MALFORMED. */
export function enumsOf<T extends number>(
  input: Input,
  name: string,
  schema: GenEnum<T>,
): T[] | undefined {
  const text = textOf(input, name);
  if (text === "") return undefined;
  return text.split(",").map((one) => {
    const number = enumNumber(schema, one.trim());
    if (number !== undefined) return number;
    const known = schema.values.filter(({ number: each }) => each !== 0);
    const names = known.map(({ number: each }) => shortEnumName(schema, each));
    throw wrong(name, `must be of ${names.join(", ")}, is ${JSON.stringify(one)}`);
  });
}

/** Start and end of a time range. Errors: REQUEST_MALFORMED. */
export function rangeOf(input: Input): { start?: Timestamp; end?: Timestamp } {
  const at = (name: "start" | "end") => {
    const text = textOf(input, name);
    if (text === "") return {};
    const date = new Date(text);
    if (Number.isNaN(date.getTime()))
      throw wrong(name, "must be a time such as 2026-01-31T12:00:00Z");
    return { [name]: timestampFromDate(date) };
  };
  return { ...at("start"), ...at("end") };
}

/** An object of a body; undefined where the request has none. Errors: REQUEST_MALFORMED. */
export function objectOf(input: Input, name: string): JsonObject | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object" && !Array.isArray(value)) return value;
  throw wrong(name, "must be an object");
}

export function wrong(field: string, message: string): Fault {
  return malformed(`${field} ${message}`, [{ field, message }]);
}

function malformed(
  message: string,
  violations: readonly { readonly field: string; readonly message: string }[],
): Fault {
  return new Fault("REQUEST_MALFORMED", message, { violations });
}
