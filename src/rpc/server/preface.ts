import type { Socket } from "node:net";
import type { Timers } from "../../platform/timers.ts";

/** How a connection talks. */
export type WireProtocol = "http1" | "http2";

/** The start of every HTTP/2 connection (RFC 9113, 3.4). No HTTP/1.1 method is called PRI, so these bytes are enough. */
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0", "latin1");

/** Names the protocol that a connection starts with, or undefined while the bytes so far fit HTTP/2 but are too few. */
export function protocolOf(head: Buffer): WireProtocol | undefined {
  const length = Math.min(head.length, HTTP2_PREFACE.length);
  if (head.compare(HTTP2_PREFACE, 0, length, 0, length) !== 0) return "http1";
  return length === HTTP2_PREFACE.length ? "http2" : undefined;
}

export interface PrefaceOptions {
  readonly timers: Timers;
  /** How long the connection may take to say what it speaks, in milliseconds. */
  readonly withinMs: number;
  /** Takes the connection with all its bytes unread. */
  readonly decided: (protocol: WireProtocol) => void;
}

/**
 * Waits for the first bytes of a connection, puts them back and says which protocol they start. A connection that ends or
 * stays silent before that is destroyed.
 */
export function awaitPreface(socket: Socket, options: PrefaceOptions): void {
  let head: Buffer = Buffer.alloc(0);
  const cancelTimer = options.timers.after(options.withinMs, () => socket.destroy());
  const stop = () => {
    cancelTimer();
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.off("close", stop);
  };
  const onEnd = () => socket.destroy();
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const protocol = protocolOf(head);
    if (protocol === undefined) return;
    stop();
    socket.unshift(head);
    options.decided(protocol);
  };
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
  socket.on("close", stop);
}
