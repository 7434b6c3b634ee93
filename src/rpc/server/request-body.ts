import { constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Timers } from "../../platform/timers.ts";
import type { NodeRequest, NodeResponse } from "./node-http.ts";

export interface RequestBodyOptions {
  readonly timers: Timers;
  /** How long the whole body may take, in milliseconds; undefined for bodies that stream. */
  readonly withinMs: number | undefined;
}

/**
 * The bytes of a request. Unlike Node's own iteration, leaving it early does not destroy the connection under the answer that
 * says why. Over HTTP/2 a body that does not arrive in time cancels the call; HTTP/1.1 has its own clock for that.
 */
export function requestBody(
  request: NodeRequest,
  options: RequestBodyOptions,
): AsyncIterable<Uint8Array<ArrayBuffer>> {
  return { [Symbol.asyncIterator]: () => createIterator(request, options) };
}

function createIterator(
  request: NodeRequest,
  { timers, withinMs }: RequestBodyOptions,
): AsyncIterator<Uint8Array<ArrayBuffer>> {
  const chunks: AsyncIterator<Uint8Array<ArrayBuffer>> = request.iterator({
    destroyOnReturn: false,
  });
  if (withinMs !== undefined && "stream" in request) {
    const { stream } = request;
    const cancelTimer = timers.after(withinMs, () => stream.close(constants.NGHTTP2_CANCEL));
    request.once("end", cancelTimer);
    request.once("close", cancelTimer);
  }
  return {
    async next() {
      try {
        return await chunks.next();
      } catch (failure) {
        throw new ConnectError(
          "the request ended before its body was complete",
          Code.Canceled,
          undefined,
          undefined,
          failure,
        );
      }
    },
    async return(value?: unknown) {
      await chunks.return?.();
      return { done: true, value };
    },
  };
}

/**
 * When the answer is out and the body is not all read: over HTTP/1.1 the rest is read and dropped, so that the connection can
 * take its next request; over HTTP/2 the caller is told to stop sending (RFC 9113, 8.1).
 */
export function discardRest(request: NodeRequest, response: NodeResponse): void {
  response.once("finish", () => {
    if (!("stream" in request)) request.resume();
    else if (!request.complete) request.stream.close(constants.NGHTTP2_NO_ERROR);
  });
}
