import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";

/** A request over either version of HTTP. */
export type NodeRequest = Parameters<typeof universalRequestFromNodeRequest>[0];

/** A response over either version of HTTP, with the signatures that both share. */
export type NodeResponse = Parameters<typeof universalResponseToNodeResponse>[1];

/** Answers requests. Answers every one of them, also when it fails. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => void;

/** Takes a request on its HTTP/2 stream, or answers false and leaves it as it found it. */
export type StreamHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/** The part of the request target before the query. */
export function pathOf(request: NodeRequest): string {
  const target = request.url ?? "";
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

/** What the request calls the server: `:authority`, else Host. */
export function authorityOf(request: NodeRequest): string | undefined {
  return "authority" in request ? request.authority : request.headers.host;
}
