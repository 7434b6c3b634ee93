import type { ConnectError } from "@connectrpc/connect";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { plainGrpcMessage } from "./grpc-message.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";
import { discardRest } from "./request-body.ts";

/** A status, headers and body that say an error in the caller's own protocol. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Puts an error that no RPC handler serialises into the protocol that the content type names: a response of nothing but
 * headers for gRPC and gRPC-Web, Connect's JSON for everyone else. `httpStatus` replaces the status that Connect maps the
 * code to.
 */
export function createRefusal(
  contentType: string | undefined,
  error: ConnectError,
  httpStatus = codeToHttpStatus(error.code),
): Refusal {
  if (contentType?.startsWith("application/grpc")) {
    const headers: Record<string, string> = { "content-type": contentType };
    const trailer = setTrailerStatus(new Headers(), error);
    plainGrpcMessage(trailer);
    trailer.forEach((value, name) => {
      headers[name] = value;
    });
    return { status: 200, headers, body: new Uint8Array(0) };
  }
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "cache-control": "no-store",
  };
  error.metadata.forEach((value, name) => {
    headers[name] = value;
  });
  return { status: httpStatus, headers, body: errorToJsonBytes(error, undefined) };
}

/** Answers a request with an error instead of handling it. */
export function refuse(
  request: NodeRequest,
  response: NodeResponse,
  error: ConnectError,
  httpStatus?: number,
): void {
  const refusal = createRefusal(request.headers["content-type"], error, httpStatus);
  discardRest(request, response);
  response.statusCode = refusal.status;
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
  // Without a body the headers must end the stream themselves: gRPC clients take them for the trailers only then.
  if (refusal.body.byteLength === 0) response.end();
  else response.end(refusal.body);
}
