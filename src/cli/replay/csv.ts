import type { JsonObject } from "@bufbuild/protobuf";
import { UsageError } from "../failure.ts";
import { cellsOf } from "./csv-cells.ts";
import type { LineReader } from "./foreign-logs.ts";
import { idOfLine } from "./mapped-outcome.ts";
import { outcomeFromJson } from "./outcome-line.ts";

/** Fields of an outcome that a column can fill, and how its text is read. */
const FIELDS: Readonly<Record<string, "text" | "number" | "count" | "status">> = {
  outcomeId: "text",
  decisionToken: "text",
  model: "text",
  phase: "text",
  unit: "text",
  status: "status",
  latencyMs: "number",
  inputTokens: "count",
  outputTokens: "count",
  cachedInputTokens: "count",
  reasoningTokens: "count",
  costUsd: "number",
  finishReason: "text",
  retries: "count",
  iterations: "count",
  occurredAt: "text",
  responseModel: "text",
  externalRef: "text",
};
/** Fields with names of one's own below them, such as scores.quality. */
const MAPS: Readonly<Record<string, "text" | "number">> = {
  settings: "number",
  scores: "number",
  attributes: "text",
  labels: "text",
};

const STATUS_WORDS: Readonly<Record<string, string>> = {
  ok: "OK",
  success: "OK",
  succeeded: "OK",
  true: "OK",
  "1": "OK",
  false: "MODEL_ERROR",
  "0": "MODEL_ERROR",
  error: "MODEL_ERROR",
  failure: "MODEL_ERROR",
  failed: "MODEL_ERROR",
};

export interface CsvOptions {
  /** Column by field, such as latencyMs → duration. Fields that are not named are looked for under their own name. */
  readonly columns: ReadonlyMap<string, string>;
  /** The phase where no column names it. */
  readonly phase: string;
}

/**
 * Reads the records of a CSV file, the first of which names the columns: fields in quotes may hold commas, doubled quotes and line
 * breaks. A row without an id gets one of its place and content, so that it counts once however often it is read. Errors: UsageError for
 * a field that is none.
 */
export function csvReader(options: CsvOptions): LineReader {
  for (const field of options.columns.keys()) kindOf(field);
  let fields: readonly (string | undefined)[] | undefined;
  return (line) => {
    const malformed = (message: string) => ({
      line: line.number,
      reason: "REQUEST_MALFORMED",
      message,
    });
    if (line.problem !== undefined) return malformed(line.problem);
    if (line.text.trim() === "") return undefined;
    const cells = cellsOf(line.text);
    if (!cells) return malformed("a quote is not closed, or not followed by a comma");
    if (!fields) {
      fields = fieldsOf(cells, options.columns);
      return undefined;
    }
    if (cells.length !== fields.length)
      return malformed(`has ${cells.length} columns, the first line has ${fields.length}`);
    const json: JsonObject = { phase: `PHASE_${options.phase.toUpperCase()}` };
    for (const [index, field] of fields.entries()) {
      const problem = field === undefined ? undefined : put(json, field, cells[index] ?? "");
      if (problem !== undefined) return malformed(problem);
    }
    json["outcomeId"] ??= idOfLine(line.number, line.text);
    json["status"] ??= "OUTCOME_STATUS_OK";
    return outcomeFromJson(json, line.number, line.text.length);
  };
}

function fieldsOf(
  names: readonly string[],
  columns: ReadonlyMap<string, string>,
): (string | undefined)[] {
  const byColumn = new Map([...columns].map(([field, column]) => [column, field]));
  for (const [column, field] of byColumn) {
    if (!names.includes(column))
      throw new UsageError(`--map ${field}=${column}: the columns are ${names.join(", ")}`);
  }
  return names.map((name) => byColumn.get(name) ?? (isField(name) ? name : undefined));
}

/** Puts a cell's text into its field; answers what is wrong with it. An empty cell is an absent value. */
function put(json: JsonObject, field: string, text: string): string | undefined {
  if (text === "") return undefined;
  const kind = kindOf(field);
  let value: string | number = text;
  if (kind === "number" || kind === "count") {
    value = kind === "count" ? Math.round(Number(text)) : Number(text);
    if (!Number.isFinite(value)) return `${field}: ${JSON.stringify(text)} is no number`;
  } else if (kind === "status") value = statusOf(text);
  else if (field === "phase") value = `PHASE_${text.toUpperCase().replace(/^PHASE_/, "")}`;
  const [map = "", name] = splitField(field);
  if (name === undefined) json[field] = value;
  else json[map] = { ...(json[map] as JsonObject | undefined), [name]: value };
  return undefined;
}

function statusOf(text: string): string {
  const word = text.toLowerCase();
  const known = Object.hasOwn(STATUS_WORDS, word) ? STATUS_WORDS[word] : undefined;
  return `OUTCOME_STATUS_${known ?? text.toUpperCase().replace(/^OUTCOME_STATUS_/, "")}`;
}

function isField(field: string): boolean {
  const [map = "", name] = splitField(field);
  return name === undefined ? Object.hasOwn(FIELDS, field) : Object.hasOwn(MAPS, map);
}

function kindOf(field: string): "text" | "number" | "count" | "status" {
  const [map = "", name] = splitField(field);
  const kind = name === undefined ? FIELDS[field] : MAPS[map];
  if (isField(field) && kind !== undefined) return kind;
  const known = [...Object.keys(FIELDS), ...Object.keys(MAPS).map((each) => `${each}.NAME`)];
  throw new UsageError(`an outcome has no field ${field}; it has ${known.join(", ")}`);
}

function splitField(field: string): [string, string | undefined] {
  const dot = field.indexOf(".");
  return dot < 0 ? [field, undefined] : [field.slice(0, dot), field.slice(dot + 1)];
}
