import type { Server as Http1Server, IncomingMessage, ServerResponse } from "node:http";
import type { Http2Server, Http2Session } from "node:http2";
import type { Socket } from "node:net";

/** Every open connection of a listener, so that a drain can send each one home in the manner of its protocol. */
export interface Connections {
  add(socket: Socket): void;
  /** Notes that a connection turned out to speak HTTP/2. */
  addHttp2(socket: Socket): void;
  count(): number;
  /**
   * Lets calls in flight finish and closes everything else: HTTP/2 gets GOAWAY, HTTP/1.1 closes after its answers, a
   * connection that has asked for nothing closes now.
   */
  drain(): void;
  /** Destroys what is left and answers how many connections that were. */
  destroyAll(): number;
  /** Calls back once no connection is left. */
  whenEmpty(task: () => void): void;
}

export function createConnections(http1: Http1Server, http2: Http2Server): Connections {
  const sockets = new Set<Socket>();
  const sessions = new Set<Http2Session>();
  const sessionSockets = new WeakSet<Socket>();
  const answers = new Map<Socket, Set<ServerResponse>>();
  const waiting: (() => void)[] = [];
  let draining = false;

  http2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    if (draining) session.close();
  });
  // The listener runs before the one that answers, so that an answer during a drain already says that it is the last.
  http1.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const open = answers.get(socket) ?? new Set();
    answers.set(socket, open.add(response));
    if (draining) response.shouldKeepAlive = false;
    response.once("close", () => {
      open.delete(response);
      if (open.size > 0) return;
      answers.delete(socket);
      if (draining) socket.destroySoon();
    });
  });
  return {
    add(socket) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        if (sockets.size === 0) for (const task of waiting.splice(0)) task();
      });
    },
    addHttp2: (socket) => void sessionSockets.add(socket),
    count: () => sockets.size,
    drain() {
      draining = true;
      for (const session of sessions) session.close();
      for (const open of answers.values()) {
        for (const response of open) if (!response.headersSent) response.shouldKeepAlive = false;
      }
      for (const socket of sockets) {
        if (!answers.has(socket) && !sessionSockets.has(socket)) socket.destroySoon();
      }
    },
    destroyAll() {
      const left = [...sockets];
      for (const session of sessions) session.destroy();
      for (const socket of left) socket.destroy();
      return left.length;
    },
    whenEmpty(task) {
      if (sockets.size === 0) task();
      else waiting.push(task);
    },
  };
}
