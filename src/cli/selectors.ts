import type { DescEnum } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { GenEnum } from "@bufbuild/protobuf/codegenv2";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Window } from "../gen/attuned/v1/metrics_pb.ts";
import { WindowSchema } from "../gen/attuned/v1/metrics_pb.ts";
import type { Phase } from "../gen/attuned/v1/phase_pb.ts";
import { PhaseSchema } from "../gen/attuned/v1/phase_pb.ts";
import type { Arguments } from "./arguments.ts";
import { mapOf } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";
import { UsageError } from "./failure.ts";
import { didYouMean } from "./suggest.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Options that select values of dimensions. */
export const ATTRIBUTE_OPTION: Readonly<Record<string, OptionSpec>> = {
  attribute: {
    type: "text",
    short: "a",
    value: "KEY=VALUE",
    multiple: true,
    help: "an attribute of the scope, for example environment=production",
  },
};

/** Options that select a range of time. */
export const WINDOW_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  since: { type: "text", value: "TIME", help: "from this time on: ISO 8601, or an age such as 2h" },
  until: { type: "text", value: "TIME", help: "before this time" },
};

/** How many entries of a list to show. */
export const LIMIT_OPTION: Readonly<Record<string, OptionSpec>> = {
  limit: { type: "text", value: "N", help: "show at most so many entries (default 50)" },
};

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 100_000;
/** The API's largest page. */
const PAGE_SIZE_MAX = 1000;

/** The value that a short name such as "error_recovery" stands for. The full name is taken too. UsageError with the known names. */
export function enumValue<T extends number>(schema: GenEnum<T>, text: string, what: string): T {
  const wanted = text.toLowerCase().replaceAll("-", "_");
  const found = schema.values.find(
    ({ name, number }) =>
      number !== 0 && (shortName(schema, name) === wanted || name.toLowerCase() === wanted),
  );
  if (found !== undefined) return found.number as T;
  const known = shortNames(schema);
  throw new UsageError(
    `${what} is one of ${known.join(", ")}, not "${text}"${didYouMean(wanted, known)}`,
  );
}

/** The short names of an enum, without that of zero. */
export function shortNames(schema: DescEnum): readonly string[] {
  return schema.values
    .filter(({ number }) => number !== 0)
    .map(({ name }) => shortName(schema, name));
}

/** The phase of a short name. */
export function phaseOf(text: string): Phase {
  return enumValue(PhaseSchema, text, "PHASE");
}

/** The phase of `--phase`; zero, which selects every phase, where it is not given. */
export function phaseFilter(args: Arguments): Phase {
  const text = args.text("phase");
  return text === undefined ? 0 : enumValue(PhaseSchema, text, "--phase");
}

/** The values of an option that may be repeated. */
export function enumFilter<T extends number>(
  args: Arguments,
  option: string,
  schema: GenEnum<T>,
): T[] {
  return args
    .list(option)
    .flatMap((text) => text.split(","))
    .map((text) => enumValue(schema, text, `--${option}`));
}

/** Model and phase, the first two arguments. */
export function modelAndPhase(args: Arguments): { readonly model: string; readonly phase: Phase } {
  const [model = "", phase = ""] = args.positionals;
  return { model, phase: phaseOf(phase) };
}

/** The attributes of `--attribute`. */
export function attributesOf(args: Arguments): Record<string, string> {
  return mapOf(args.pairs("attribute"));
}

/** Start and end of `--since` and `--until`. */
export function timeRange(args: Arguments): { start?: Timestamp; end?: Timestamp } {
  const nowMs = Date.now();
  const since = args.instant("since", nowMs);
  const until = args.instant("until", nowMs);
  if (since !== undefined && until !== undefined && until <= since) {
    throw new UsageError("--until must be later than --since");
  }
  return {
    ...(since === undefined ? {} : { start: timestampFromMs(since) }),
    ...(until === undefined ? {} : { end: timestampFromMs(until) }),
  };
}

/** The window of `--since` and `--until`; nothing where neither is given. */
export function windowOf(args: Arguments): { window?: Window } {
  const range = timeRange(args);
  return range.start === undefined && range.end === undefined
    ? {}
    : { window: create(WindowSchema, range) };
}

/** The number of `--limit`. */
export function limitOf(args: Arguments): number {
  return args.number("limit", { min: 1, max: LIMIT_MAX, integer: true }) ?? LIMIT_DEFAULT;
}

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** Reads pages until `limit` items are there or the list ends; `nextPageToken` says whether there is more. */
export async function readPages<T>(
  limit: number,
  read: (pageSize: number, pageToken: string) => Promise<Page<T>>,
): Promise<{ items: T[]; nextPageToken: string }> {
  const items: T[] = [];
  let nextPageToken = "";
  do {
    const page = await read(Math.min(limit - items.length, PAGE_SIZE_MAX), nextPageToken);
    items.push(...page.items);
    nextPageToken = page.nextPageToken;
  } while (nextPageToken !== "" && items.length < limit);
  return { items, nextPageToken };
}

function shortName(schema: DescEnum, name: string): string {
  return name.slice(schema.sharedPrefix?.length ?? 0).toLowerCase();
}

/** Says that a list goes on, where it does. */
export function noteMore(nextPageToken: string, terminal: Terminal): void {
  if (nextPageToken !== "") terminal.note("attuned: there are more; raise --limit");
}
