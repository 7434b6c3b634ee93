import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { nearest } from "../suggest.ts";

/** What a failed call means to the person. */
export interface CallFailure {
  readonly exitCode: number;
  /** For programs: a reason of the API, a status code or a system error. */
  readonly reason: string;
  /** What went wrong and what to do, on one line. */
  readonly message: string;
  /** Every rule that the request broke. */
  readonly violations: readonly string[];
  /** How long the daemon asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** What was called, for the messages. */
export interface CallPlace {
  readonly address: string;
  readonly timeoutSeconds: number;
}

/** A longer list of known names would not help a reader. */
const KNOWN_SHOWN_MAX = 12;

const HINTS: Readonly<Record<string, string>> = {
  ROLE_REQUIRED: "use a --token with that role, or --address unix:<data-dir>/admin.sock",
  CREDENTIALS_INVALID: "check --token or ATTUNED_TOKEN",
  ETAG_STALE: "read it again, merge your change and write again",
  RECOMMENDATION_NOT_FOUND: "see: attuned recommendations",
  STARTING: "try again shortly",
  DRAINING: "try again shortly",
};

/**
 * Reads what a call threw. Undefined for what is not the failure of a call, which is then a bug of ours.
 */
export function readCallFailure(error: unknown, place: CallPlace): CallFailure | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const info = error.findDetails(ErrorInfoSchema)[0];
  if (info !== undefined) return refusal(error, info.reason, info.metadata);
  const systemCode = systemCodeOf(error);
  if (systemCode !== undefined) {
    return bare(EXIT_CODE.unreachable, systemCode, unreachableText(place, systemCode));
  }
  const status = Code[error.code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  if (error.code === Code.Canceled) return bare(EXIT_CODE.failed, "CANCELLED", "interrupted");
  if (error.code === Code.DeadlineExceeded) {
    return bare(
      EXIT_CODE.unreachable,
      status,
      `no answer from ${place.address} within ${place.timeoutSeconds} s; raise it with --timeout`,
    );
  }
  return refusal(error, status, {});
}

/** The system's code of a connection that failed, for example ECONNREFUSED; undefined where the daemon answered. */
export function systemCodeOf(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  for (let at: unknown = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at);
    if (at instanceof AggregateError) {
      const inner = at.errors.map(systemCodeOf).find((code) => code !== undefined);
      if (inner !== undefined) return inner;
    }
    if ("code" in at && typeof at.code === "string" && /^(E[A-Z]|HPE_)/.test(at.code)) {
      return at.code;
    }
  }
  return undefined;
}

function refusal(
  error: ConnectError,
  reason: string,
  metadata: Readonly<Record<string, string>>,
): CallFailure {
  const badRequest = error
    .findDetails(BadRequestSchema)
    .flatMap((detail) =>
      detail.fieldViolations.map(({ field, description }) => `${field}: ${description}`),
    );
  const precondition = error
    .findDetails(PreconditionFailureSchema)
    .flatMap((detail) =>
      detail.violations.map(({ subject, description }) => `${subject}: ${description}`),
    );
  const omittedCount = metadata["violationsOmitted"];
  const omitted = omittedCount === undefined ? [] : [`and ${omittedCount} more`];
  const retry = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  const retryAfterMs = retry === undefined ? undefined : durationMs(retry);
  const violations = [...badRequest, ...precondition, ...omitted];
  const isRepeated = violations.length > 0 && repeatsAll(error.rawMessage, violations);
  const parts = [
    isRepeated && violations.length > 1
      ? `the request breaks ${violations.length} rules`
      : error.rawMessage || "the daemon refused the call",
    suggestion(error.rawMessage, metadata),
    HINTS[reason] ?? "",
    metadata["requestId"] === undefined ? "" : `request id ${metadata["requestId"]}`,
    retryAfterMs === undefined ? "" : `try again in ${Math.ceil(retryAfterMs / 1000)} s`,
  ];
  return {
    exitCode: EXIT_CODE.refused,
    reason,
    message: parts
      .filter((part) => part !== "")
      .map((part) => part.replace(/[.;]$/, ""))
      .join("; "),
    violations: isRepeated && violations.length === 1 ? [] : violations,
    retryAfterMs,
  };
}

/** Whether the message only repeats the violations that are listed below it. */
function repeatsAll(message: string, violations: readonly string[]): boolean {
  return violations.every((line) => {
    const split = line.indexOf(": ");
    return message.includes(line.slice(0, split)) && message.includes(line.slice(split + 2));
  });
}

/** The names that were probably meant and that the message does not mention. */
function suggestion(message: string, metadata: Readonly<Record<string, string>>): string {
  const mentioned = new Set(message.split(/[\s"'`,;?()]+|\.(?=\s|$)/));
  const listed = (text: string | undefined) =>
    (text ?? "").split(",").flatMap((name) => name.trim() || []);
  const known = listed(metadata["known"]);
  const near = nearest(metadata["model"] ?? "", known);
  const meant = [...listed(metadata["suggestions"]), ...(near === undefined ? [] : [near])];
  const unmentioned = meant.filter((name) => !mentioned.has(name));
  if (unmentioned.length > 0) return `did you mean ${unmentioned.join(", ")}?`;
  if (meant.length > 0 || known.length === 0) return "";
  const more = known.length > KNOWN_SHOWN_MAX ? ", …" : "";
  return `known: ${known.slice(0, KNOWN_SHOWN_MAX).join(", ")}${more}`;
}

function bare(exitCode: number, reason: string, message: string): CallFailure {
  return { exitCode, reason, message, violations: [], retryAfterMs: undefined };
}

function unreachableText({ address }: CallPlace, systemCode: string): string {
  if (systemCode.startsWith("HPE_")) {
    return `what answers at ${address} does not speak HTTP; check --address`;
  }
  if (systemCode === "EACCES" || systemCode === "EPERM") {
    return `no permission to use ${address}`;
  }
  if (systemCode === "ECONNRESET" || systemCode === "EPIPE") {
    return `the connection to ${address} broke; is the daemon running? start it with: attuned serve`;
  }
  return `nothing answers at ${address}; is the daemon running? start it with: attuned serve`;
}
