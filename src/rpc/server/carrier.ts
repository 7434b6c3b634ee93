import type { IncomingHttpHeaders } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import type { Readable } from "node:stream";
import type { NodeRequest, NodeResponse } from "./node-http.ts";

/** What the lane sends. Headers and trailers are in lower case. */
export interface LaneAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** One request and its answer on either version of HTTP. */
export interface Carrier {
  readonly httpVersion: "1.1" | "2.0";
  readonly headers: IncomingHttpHeaders;
  /** The body. */
  readonly source: Readable;
  /** The stream of HTTP/2, for answers that stream. */
  readonly stream: ServerHttp2Stream | undefined;
  /** Whether the body arrived whole and an answer would find somebody. */
  readonly isWhole: boolean;
  /** Calls back once nothing more can be said, also after an answer. */
  onClose(task: () => void): void;
  /** Does nothing where nobody is there any more. */
  send(answer: LaneAnswer): void;
  /** Sends, and says that what is left of the body is not wanted. */
  sendEarly(answer: LaneAnswer): void;
  /** Ends the exchange without an answer. */
  cancel(): void;
}

export function http2Carrier(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Carrier {
  const send = ({ status, headers: fields, body, trailers }: LaneAnswer, sent = () => {}): void => {
    if (stream.destroyed || stream.closed) return;
    stream.respond({ ...fields, ":status": status }, { waitForTrailers: trailers !== undefined });
    if (trailers === undefined) stream.once("finish", sent);
    else {
      stream.once("wantTrailers", () => {
        if (stream.destroyed || stream.closed) return;
        stream.sendTrailers({ ...trailers });
        // They leave after this turn of the event loop; a reset before that would overtake them.
        setImmediate(sent);
      });
    }
    if (body === undefined) stream.end();
    else stream.end(body);
  };
  return {
    httpVersion: "2.0",
    headers,
    source: stream,
    stream,
    get isWhole() {
      // A reset ends the body as well: what came before it may read like a whole message.
      return !stream.closed && !stream.destroyed && !stream.aborted;
    },
    onClose: (task) => stream.once("close", task),
    send: (answer) => send(answer),
    sendEarly: (answer) => send(answer, () => stream.close(constants.NGHTTP2_NO_ERROR)),
    cancel: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}

export function http1Carrier(request: NodeRequest, response: NodeResponse): Carrier {
  const send = ({ status, headers, body }: LaneAnswer): void => {
    if (response.destroyed) return;
    response.writeHead(status, headers);
    response.end(body ?? new Uint8Array(0));
  };
  return {
    httpVersion: "1.1",
    headers: request.headers,
    source: request,
    stream: undefined,
    get isWhole() {
      return request.complete && !response.destroyed;
    },
    onClose: (task) => response.once("close", task),
    send,
    sendEarly(answer) {
      response.once("finish", () => request.resume());
      send(answer);
    },
    cancel: () => response.destroy(),
  };
}
