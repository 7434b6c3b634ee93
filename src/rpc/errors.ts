import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { Fault } from "../domain/kernel/fault.ts";
import type { FaultReason, FaultStatus } from "../domain/kernel/fault-reason.ts";
import { FAULT_STATUS } from "../domain/kernel/fault-reason.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  PreconditionFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";

/** Domain of every google.rpc.ErrorInfo of the daemon. */
export const ERROR_DOMAIN = "attuned";

/** What a caller is told of a failure that is ours; the log has the rest under the request id of the metadata. */
export const INTERNAL_MESSAGE =
  "the daemon failed to answer; its log has the details under this request id";

/** Longest message of an error, in characters: gRPC sends it in headers, which peers bound, and callers can make it long. */
export const ERROR_MESSAGE_LENGTH_MAX = 2_000;

/** Most violations that one error lists, for the same reason; the metadata says how many more there are. */
export const VIOLATION_COUNT_MAX = 100;

/** Notes a failure that is ours for the operator and answers the id it is found by. */
export type FailureReporter = (failure: unknown) => string;

const CODE_OF = {
  INVALID_ARGUMENT: Code.InvalidArgument,
  RESOURCE_EXHAUSTED: Code.ResourceExhausted,
  NOT_FOUND: Code.NotFound,
  ALREADY_EXISTS: Code.AlreadyExists,
  ABORTED: Code.Aborted,
  OUT_OF_RANGE: Code.OutOfRange,
  FAILED_PRECONDITION: Code.FailedPrecondition,
  PERMISSION_DENIED: Code.PermissionDenied,
  UNAUTHENTICATED: Code.Unauthenticated,
  UNAVAILABLE: Code.Unavailable,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  CANCELLED: Code.Canceled,
  UNIMPLEMENTED: Code.Unimplemented,
  INTERNAL: Code.Internal,
} as const satisfies Record<FaultStatus, Code>;

const STATUS_NAMES: Readonly<Record<Code, string>> = {
  [Code.Canceled]: "CANCELLED",
  [Code.Unknown]: "UNKNOWN",
  [Code.InvalidArgument]: "INVALID_ARGUMENT",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.NotFound]: "NOT_FOUND",
  [Code.AlreadyExists]: "ALREADY_EXISTS",
  [Code.PermissionDenied]: "PERMISSION_DENIED",
  [Code.ResourceExhausted]: "RESOURCE_EXHAUSTED",
  [Code.FailedPrecondition]: "FAILED_PRECONDITION",
  [Code.Aborted]: "ABORTED",
  [Code.OutOfRange]: "OUT_OF_RANGE",
  [Code.Unimplemented]: "UNIMPLEMENTED",
  [Code.Internal]: "INTERNAL",
  [Code.Unavailable]: "UNAVAILABLE",
  [Code.DataLoss]: "DATA_LOSS",
  [Code.Unauthenticated]: "UNAUTHENTICATED",
};

/** Name of a status as gRPC writes it, for example `INVALID_ARGUMENT`. */
export function statusName(code: Code): string {
  return STATUS_NAMES[code];
}

/**
 * The answer to a fault: its status, google.rpc.ErrorInfo, and the standard detail messages that its fields fill. A fault with
 * the reason INTERNAL belongs to `connectErrorFrom`, which hides its message.
 */
export function connectErrorFromFault(fault: Fault): ConnectError {
  const { retryAfterMs, resource, cause } = fault.detail;
  const message = shown(fault.message);
  const violations = (fault.detail.violations ?? []).slice(0, VIOLATION_COUNT_MAX);
  const omitted = (fault.detail.violations ?? []).length - violations.length;
  const metadata = {
    ...fault.detail.metadata,
    ...(omitted > 0 ? { violationsOmitted: String(omitted) } : {}),
  };
  const details = [errorInfo(fault.reason, metadata)];
  if (violations.length > 0) {
    details.push(
      FAULT_STATUS[fault.reason] === "FAILED_PRECONDITION"
        ? outgoing(PreconditionFailureSchema, {
            violations: violations.map((violation) => ({
              type: fault.reason,
              subject: shown(violation.field),
              description: shown(violation.message),
            })),
          })
        : outgoing(BadRequestSchema, {
            fieldViolations: violations.map((violation) => ({
              field: shown(violation.field),
              description: shown(violation.message),
              reason: fault.reason,
            })),
          }),
    );
  }
  if (retryAfterMs !== undefined) details.push(retryInfo(retryAfterMs));
  if (resource !== undefined) {
    const { type, name } = resource;
    details.push(
      outgoing(ResourceInfoSchema, {
        resourceType: type,
        resourceName: shown(name),
        description: message,
      }),
    );
  }
  return new ConnectError(message, CODE_OF[FAULT_STATUS[fault.reason]], undefined, details, cause);
}

/**
 * The answer to anything that a service threw. Faults and ConnectErrors say themselves what they are; everything else is
 * reported and answered with a fixed text.
 */
export function connectErrorFrom(failure: unknown, report: FailureReporter): ConnectError {
  if (failure instanceof ConnectError) return failure;
  if (failure instanceof Fault && failure.reason !== "INTERNAL") {
    if (failure.detail.cause !== undefined) report(failure);
    return connectErrorFromFault(failure);
  }
  const requestId = report(failure);
  return new ConnectError(INTERNAL_MESSAGE, Code.Internal, undefined, [
    errorInfo("INTERNAL", { requestId }),
  ]);
}

/** True where the error names its reason already. */
export function hasErrorInfo(error: ConnectError): boolean {
  return error.details.some((detail) =>
    "desc" in detail
      ? detail.desc.typeName === ErrorInfoSchema.typeName
      : detail.type === ErrorInfoSchema.typeName,
  );
}

/**
 * Gives an error that Connect itself raised the reason it lacks, in place: Connect serialises the very object it raised. A
 * message in the binary format that cannot be parsed, which Connect takes for its own fault, becomes the caller's.
 */
export function completeConnectError(error: ConnectError): void {
  if (hasErrorInfo(error)) return;
  const unreadable =
    error.code === Code.DataLoss ||
    (error.code === Code.Internal && /^(parse binary|decompress)/.test(error.rawMessage));
  if (unreadable) Object.assign(error, { code: Code.InvalidArgument });
  const reason = reasonFromConnect(error);
  Object.assign(error, { rawMessage: shown(error.rawMessage) });
  if (reason === "REQUEST_TOO_LARGE") {
    // Raised for an answer as well as for a request: a batch or a page that is smaller is the way out of both.
    Object.assign(error, { rawMessage: `${error.rawMessage}; ask for less or send less at once` });
  }
  error.details.push(errorInfo(reason));
  if (reason !== "REQUEST_MALFORMED") return;
  const field = /cannot decode field [\w.]+\.(\w+) from JSON/.exec(error.rawMessage)?.[1];
  if (field === undefined) return;
  error.details.push(
    outgoing(BadRequestSchema, { fieldViolations: [{ field, description: error.rawMessage }] }),
  );
}

function reasonFromConnect(error: ConnectError): FaultReason {
  switch (error.code) {
    case Code.InvalidArgument:
      return "REQUEST_MALFORMED";
    case Code.ResourceExhausted:
      return "REQUEST_TOO_LARGE";
    case Code.DeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code.Canceled:
    case Code.Aborted:
    case Code.Unavailable:
      // Connect raises these three when the caller or its connection went away.
      return "CANCELLED";
    case Code.NotFound:
      return "METHOD_UNKNOWN";
    case Code.Unimplemented:
      // The gRPC specification wants UNIMPLEMENTED also for a compression and for a number of messages that do not fit.
      return /^(unknown compression|protocol error)/.test(error.rawMessage)
        ? "REQUEST_MALFORMED"
        : "METHOD_UNKNOWN";
    default:
      return "INTERNAL";
  }
}

/** A text that is valid Unicode and short enough to send. */
function shown(text: string): string {
  const valid = text.toWellFormed();
  if (valid.length <= ERROR_MESSAGE_LENGTH_MAX) return valid;
  return `${valid.slice(0, ERROR_MESSAGE_LENGTH_MAX).toWellFormed()}…`;
}

type OutgoingDetail = { readonly desc: DescMessage; readonly value: MessageInitShape<DescMessage> };

function outgoing<D extends DescMessage>(desc: D, value: MessageInitShape<D>): OutgoingDetail {
  return { desc, value };
}

function errorInfo(
  reason: FaultReason,
  metadata: Readonly<Record<string, string>> = {},
): OutgoingDetail {
  return outgoing(ErrorInfoSchema, { reason, domain: ERROR_DOMAIN, metadata: { ...metadata } });
}

function retryInfo(delayMs: number): OutgoingDetail {
  const seconds = Math.floor(delayMs / 1000);
  const nanos = Math.round(delayMs - seconds * 1000) * 1_000_000;
  return outgoing(RetryInfoSchema, { retryDelay: { seconds: BigInt(seconds), nanos } });
}
