import type { IncomingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import {
  codeToHttpStatus,
  errorToJsonBytes,
  parseTimeout as parseConnectTimeout,
} from "@connectrpc/connect/protocol-connect";
import {
  parseTimeout as parseGrpcTimeout,
  setTrailerStatus,
} from "@connectrpc/connect/protocol-grpc";
import { CALL_TIMEOUT_MS_MAX } from "./bounds.ts";
import type { LaneAnswer } from "./carrier.ts";
import { plainGrpcMessage } from "./grpc-message.ts";
import type { Frame, WireFormat } from "./hot-call.ts";
import { FRAME_PREFIX_BYTES } from "./hot-call.ts";

/** In which protocol and format a request of the fast lane talks. */
export interface LaneForm {
  readonly protocol: "grpc" | "connect";
  readonly format: WireFormat;
  /** How long the caller waits, in milliseconds; undefined where it did not say. */
  readonly timeoutMs: number | undefined;
}

/** Content types of the lane. Connect takes more spellings of them. */
const FORMS: ReadonlyMap<string, Omit<LaneForm, "timeoutMs">> = new Map([
  ["application/grpc", { protocol: "grpc", format: "proto" }],
  ["application/grpc+proto", { protocol: "grpc", format: "proto" }],
  ["application/proto", { protocol: "connect", format: "proto" }],
  ["application/json", { protocol: "connect", format: "json" }],
]);

/** Headers of every answer in gRPC. */
export const GRPC_HEADERS = { "content-type": "application/grpc+proto" };
const GRPC_OK = { "grpc-status": "0" };
const CONTENT_TYPES = { proto: "application/proto", json: "application/json" } as const;

/**
 * The form of a request that has nothing in its headers but what the lane understands; undefined for every other, and for one that
 * Connect refuses: it says why better. An answer is never compressed, which every caller takes.
 */
export function plainForm(headers: IncomingHttpHeaders): LaneForm | undefined {
  const form = FORMS.get(headers["content-type"] ?? "");
  if (form === undefined || headers.expect !== undefined) return undefined;
  if (isEncoded(headers["grpc-encoding"]) || isEncoded(headers["content-encoding"]))
    return undefined;
  const isGrpc = form.protocol === "grpc";
  const text = headers[isGrpc ? "grpc-timeout" : "connect-timeout-ms"];
  if (text === undefined) return { ...form, timeoutMs: undefined };
  const parse = isGrpc ? parseGrpcTimeout : parseConnectTimeout;
  const { timeoutMs, error } = parse(String(text), CALL_TIMEOUT_MS_MAX);
  return error === undefined ? { ...form, timeoutMs } : undefined;
}

function isEncoded(encoding: string | readonly string[] | undefined): boolean {
  return encoding !== undefined && encoding !== "identity";
}

/** The one message of a whole body; undefined where the body is anything else than one uncompressed message. */
export function messageOf({ protocol }: LaneForm, body: Buffer): Buffer | undefined {
  if (protocol === "connect") return body;
  const isOne =
    body.length >= FRAME_PREFIX_BYTES &&
    body[0] === 0 &&
    body.readUInt32BE(1) === body.length - FRAME_PREFIX_BYTES;
  return isOne ? body.subarray(FRAME_PREFIX_BYTES) : undefined;
}

/** How long a body says that it is, in bytes, as far as its first bytes tell. */
export function declaredBytes({ protocol }: LaneForm, start: Buffer): number {
  const isTold = protocol === "grpc" && start.length >= FRAME_PREFIX_BYTES;
  return isTold ? FRAME_PREFIX_BYTES + start.readUInt32BE(1) : start.length;
}

/** Most bytes of a body whose message is within a bound. */
export function bodyBytesMax({ protocol }: LaneForm, messageBytesMax: number): number {
  return protocol === "grpc" ? messageBytesMax + FRAME_PREFIX_BYTES : messageBytesMax;
}

export function successAnswer({ protocol, format }: LaneForm, frame: Frame): LaneAnswer {
  if (protocol === "grpc")
    return { status: 200, headers: GRPC_HEADERS, body: frame, trailers: GRPC_OK };
  const body = frame.subarray(FRAME_PREFIX_BYTES);
  const headers = { "content-type": CONTENT_TYPES[format], "content-length": String(body.length) };
  return { status: 200, headers, body };
}

export function errorAnswer({ protocol }: LaneForm, error: ConnectError): LaneAnswer {
  if (protocol === "grpc") {
    const trailer = setTrailerStatus(new Headers(), error);
    plainGrpcMessage(trailer);
    const trailers = Object.fromEntries(trailer);
    return { status: 200, headers: GRPC_HEADERS, body: undefined, trailers };
  }
  const body = errorToJsonBytes(error, undefined);
  const headers = {
    ...Object.fromEntries(error.metadata),
    "content-type": CONTENT_TYPES.json,
    "content-length": String(body.length),
  };
  return { status: codeToHttpStatus(error.code), headers, body };
}
