import type { Server as Http1Server } from "node:http";
import { createServer as createHttp1Server } from "node:http";
import type { Http2Server } from "node:http2";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { createServer } from "node:net";
import type { Platform } from "../../platform/platform.ts";
import type { ListenerBounds } from "./bounds.ts";
import { LISTENER_BOUNDS } from "./bounds.ts";
import { createConnections } from "./connections.ts";
import type { NodeHandler, StreamHandler } from "./node-http.ts";
import { awaitPreface } from "./preface.ts";
import {
  removeSocket,
  SOCKET_PATH_BYTES_MAX,
  setSocketMode,
  socketPathUse,
} from "./unix-socket.ts";

/** Port 0 takes a free one. */
export interface TcpEndpoint {
  readonly host: string;
  readonly port: number;
}

/** `mode` is who may connect: 0o600 for the owner alone, 0o660 for its group too. */
export interface UnixEndpoint {
  readonly path: string;
  readonly mode: number;
}

export type Endpoint = TcpEndpoint | UnixEndpoint;

export interface ListenerOptions {
  readonly handler: NodeHandler;
  /** Is asked first about each request over HTTP/2; what it does not take goes to `handler`. */
  readonly streams?: StreamHandler;
  readonly platform: Platform;
  readonly bounds?: Partial<ListenerBounds>;
}

export interface Listener {
  /** `http://127.0.0.1:8713`, with the port that was taken, or `unix:/run/attuned.sock`. */
  readonly url: string;
  /** The endpoint with the port that was taken. */
  readonly endpoint: Endpoint;
  connectionCount(): number;
  /**
   * Stops accepting, sends GOAWAY, lets calls in flight finish, and destroys what is left after `deadlineMs`. Answers how
   * many connections had to be destroyed. Streams end only when something ends them: abort the shutdown signal beside this.
   */
  close(deadlineMs: number): Promise<{ readonly destroyedCount: number }>;
}

/** Somebody else listens there. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
  /** `host:port` or the path of the socket. */
  readonly address: string;

  constructor(address: string) {
    super(`${address} is in use by another process`);
    this.address = address;
  }
}

/** The endpoint cannot be listened on: no such address, no rights, a path that is too long or holds something else. */
export class EndpointError extends Error {
  override readonly name = "EndpointError";
  /** `host:port` or the path of the socket. */
  readonly address: string;

  constructor(address: string, why: string) {
    super(`cannot listen on ${address}: ${why}`);
    this.address = address;
  }
}

/**
 * Listens on one endpoint for HTTP/1.1 and cleartext HTTP/2 with prior knowledge, by looking at the first bytes of each
 * connection. Throws PortInUseError or EndpointError.
 */
export async function listen(endpoint: Endpoint, options: ListenerOptions): Promise<Listener> {
  const bounds = { ...LISTENER_BOUNDS, ...options.bounds };
  const { handler, platform } = options;
  const http1 = createHttp1(bounds, handler);
  const http2 = createHttp2(bounds, handler, options.streams);
  const connections = createConnections(http1, http2);
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true });
  server.maxConnections = bounds.connectionsMax;
  server.on("drop", () => {
    platform.log.warn("connection refused: too many are open", { max: bounds.connectionsMax });
  });
  server.on("connection", (socket) => {
    connections.add(socket);
    // A connection may break before a protocol's server has taken it; its close is all that matters.
    socket.on("error", () => {});
    awaitPreface(socket, {
      timers: platform.timers,
      withinMs: bounds.firstBytesMs,
      decided(protocol) {
        if (protocol === "http2") {
          connections.addHttp2(socket);
          // An HTTP/2 peer that stops sending is gone; only an HTTP/1.1 caller may half-close and read on.
          socket.allowHalfOpen = false;
          http2.emit("connection", socket);
        } else {
          http1.emit("connection", socket);
          socket.resume();
        }
      },
    });
  });
  await bind(server, endpoint);
  server.on("error", (error) => platform.log.error("listener failed", { error }));
  // The bounds on slow requests are watched by a timer that starts with this event and ends with `close`.
  http1.emit("listening");
  const taken = "path" in endpoint ? endpoint : { ...endpoint, port: portOf(server) };
  return {
    url: "path" in taken ? `unix:${taken.path}` : `http://${addressOf(taken)}`,
    endpoint: taken,
    connectionCount: () => connections.count(),
    close: (deadlineMs) =>
      new Promise((resolve) => {
        server.close();
        connections.drain();
        let destroyedCount = 0;
        const cancelTimer = platform.timers.after(deadlineMs, () => {
          destroyedCount = connections.destroyAll();
        });
        connections.whenEmpty(() => {
          cancelTimer();
          http1.close();
          http2.close();
          resolve({ destroyedCount });
        });
      }),
  };
}

function createHttp1(bounds: ListenerBounds, handler: NodeHandler): Http1Server {
  return createHttp1Server(
    {
      maxHeaderSize: bounds.headerBytesMax,
      headersTimeout: bounds.headersMs,
      requestTimeout: bounds.requestMs,
      connectionsCheckingInterval: bounds.checkEveryMs,
      keepAliveTimeout: bounds.keepAliveMs,
      // A caller on a Unix socket may have no name for the daemon; on TCP the host rule refuses it with a reason.
      requireHostHeader: false,
    },
    handler,
  );
}

function createHttp2(
  bounds: ListenerBounds,
  handler: NodeHandler,
  streams: StreamHandler = () => false,
): Http2Server {
  const http2 = createHttp2Server({
    maxSessionMemory: bounds.sessionMegabytesMax,
    settings: {
      maxConcurrentStreams: bounds.streamsMax,
      maxHeaderListSize: bounds.headerBytesMax,
    },
  });
  http2.on("session", (session) => {
    session.setTimeout(bounds.idleSessionMs, () => session.close());
  });
  // Has no connections of its own: it makes the request and response of a stream that it is handed, at a price per call.
  const requests = createHttp2Server(handler);
  http2.on("stream", (stream, headers, ...more) => {
    if (!streams(stream, headers)) requests.emit("stream", stream, headers, ...more);
  });
  return http2;
}

async function bind(server: Server, endpoint: Endpoint): Promise<void> {
  const address = addressOf(endpoint);
  if ("path" in endpoint) {
    if (Buffer.byteLength(endpoint.path) > SOCKET_PATH_BYTES_MAX) {
      throw new EndpointError(address, `the path is longer than ${SOCKET_PATH_BYTES_MAX} bytes`);
    }
    const use = await socketPathUse(endpoint.path);
    if (use === "served") throw new PortInUseError(address);
    if (use === "not-a-socket") throw new EndpointError(address, "it is there and is no socket");
    if (use === "stale") removeSocket(endpoint.path);
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(bindError(address, error)));
    server.once("listening", resolve);
    if ("path" in endpoint) {
      server.listen({ path: endpoint.path });
      if (server.listening) setSocketMode(endpoint.path, endpoint.mode);
    } else {
      server.listen({ host: endpoint.host, port: endpoint.port });
    }
  });
  server.removeAllListeners("error");
}

function bindError(address: string, error: Error): Error {
  const code = "code" in error ? error.code : undefined;
  return code === "EADDRINUSE"
    ? new PortInUseError(address)
    : new EndpointError(address, error.message);
}

function addressOf(endpoint: Endpoint): string {
  if ("path" in endpoint) return endpoint.path;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
