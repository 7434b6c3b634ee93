import type { JsonValue } from "@bufbuild/protobuf";
import { fromJson } from "@bufbuild/protobuf";
import type { Outcome } from "../../gen/attuned/v1/outcome_pb.ts";
import { OutcomeSchema } from "../../gen/attuned/v1/outcome_pb.ts";
import type { Line } from "./lines.ts";

/** An outcome and the line or record that it stood in. */
export interface OutcomeLine {
  /** Number of the line or record. */
  readonly line: number;
  readonly outcome: Outcome;
  /** Size of its text, a bound for the size of a request that carries it. */
  readonly bytes: number;
}

/** A line or record that was refused, here or by the daemon. */
export interface RejectedLine {
  readonly line: number;
  /** One of the API's reasons. */
  readonly reason: string;
  readonly message: string;
}

/** Reads the outcome of a line. Undefined for an empty line. An outcome without an id is refused: a retry could count it twice. */
export function readOutcome(line: Line): OutcomeLine | RejectedLine | undefined {
  if (line.problem !== undefined) return malformed(line.number, line.problem);
  if (line.text.trim() === "") return undefined;
  let json: JsonValue;
  try {
    json = JSON.parse(line.text) as JsonValue;
  } catch (error) {
    return malformed(line.number, `not JSON: ${messageOf(error)}`);
  }
  return outcomeFromJson(json, line.number, line.text.length);
}

/** Reads an outcome from its protobuf JSON. */
export function outcomeFromJson(
  json: JsonValue,
  line: number,
  bytes: number,
): OutcomeLine | RejectedLine {
  let outcome: Outcome;
  try {
    outcome = fromJson(OutcomeSchema, json);
  } catch (error) {
    return malformed(line, messageOf(error));
  }
  if (outcome.outcomeId === "") {
    return {
      line,
      reason: "OUTCOME_INVALID",
      message: "outcomeId is missing: without it a retry could count the outcome twice",
    };
  }
  return { line, outcome, bytes };
}

function malformed(line: number, message: string): RejectedLine {
  return { line, reason: "REQUEST_MALFORMED", message };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
