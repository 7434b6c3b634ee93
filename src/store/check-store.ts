import { totalsProblems } from "./check-totals.ts";
import type { Database } from "./database.ts";
import { decodeJournalRecord } from "./journal-codec.ts";
import { keys, ranges, sequenceOfKey } from "./keys.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { decodeTargetChunk } from "./target-chunk.ts";
import { decodeWordChunk } from "./word-chunk.ts";

/** Something that is wrong with an entry, or with the store as a whole. */
export interface StoreFinding {
  /** Undefined for what is wrong with the whole. */
  readonly key: string | undefined;
  readonly message: string;
}

export interface CheckedStore {
  readonly entries: number;
  readonly bytes: number;
  /** Entries by the first letter of their keys, which is their kind. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly findings: readonly StoreFinding[];
}

/** Findings that are kept; more are counted in the last one. */
const FINDINGS_MAX = 1_000;

const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  j: decodeJournalRecord,
  i: decodeWordChunk,
  F: decodeTargetChunk,
};

/**
 * Reads every entry of a store and says what cannot be read or does not fit together: entries that do not decode, totals of arms that
 * are not the sum of their cells, and gaps in the journal after the checkpoint, which would be outcomes that were acknowledged and
 * are gone. An entry that is named can be removed: totals are then summed again.
 */
export async function checkStore(database: Database): Promise<CheckedStore> {
  const findings: StoreFinding[] = [];
  const kinds = new Map<string, number>();
  let entries = 0;
  let bytes = 0;
  const find = (finding: StoreFinding) => {
    if (findings.length < FINDINGS_MAX) findings.push(finding);
  };
  for await (const [key, value] of database.iterator()) {
    entries += 1;
    bytes += key.length + value.byteLength;
    const kind = key.slice(0, 1);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const problem = problemOf(kind, value);
    if (problem !== undefined) find({ key, message: problem });
  }
  for await (const problem of totalsProblems(database)) find(problem);
  for (const message of await wholeProblems(database)) find({ key: undefined, message });
  return { entries, bytes, kinds, findings };
}

function problemOf(kind: string, value: Uint8Array): string | undefined {
  try {
    const decode = DECODERS[kind];
    if (decode) decode(value);
    else if (!BINARY_KINDS.has(kind)) JSON.parse(new TextDecoder("utf-8", FATAL).decode(value));
    return undefined;
  } catch (error) {
    return `does not decode: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const FATAL = { fatal: true };
/** Kinds that hold messages of experiments, which their own reader checks. */
const BINARY_KINDS = new Set(["U", "Y"]);

async function wholeProblems(database: Database): Promise<string[]> {
  const problems: string[] = [];
  const meta = async (name: Parameters<typeof keys.meta>[0]): Promise<unknown> => {
    const value = await database.get(keys.meta(name));
    try {
      return value === undefined ? undefined : JSON.parse(Buffer.from(value).toString("utf8"));
    } catch {
      return undefined;
    }
  };
  const schema = await meta("schema");
  if (typeof schema !== "number") problems.push("the layout version is missing");
  else if (schema > SCHEMA_VERSION) problems.push(`the layout version ${schema} is newer`);
  if (typeof (await meta("store")) !== "string") problems.push("the store's identity is missing");
  const checkpoint = (await meta("checkpoint")) as { watermark?: unknown } | undefined;
  const watermark = Number(checkpoint?.watermark ?? 0);
  let expected = watermark + 1;
  for await (const key of database.keys({ gt: keys.journal(watermark), lt: ranges.journal.lt })) {
    const sequence = sequenceOfKey(key);
    if (sequence !== expected)
      problems.push(`journal records ${expected} to ${sequence - 1} are missing`);
    expected = sequence + 1;
  }
  return problems;
}
