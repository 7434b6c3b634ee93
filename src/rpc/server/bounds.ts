/** What one listener accepts. All times in milliseconds, all sizes in bytes. */
export interface ListenerBounds {
  /** Open connections; one more is closed at once. Agents share few connections; the bound keeps file descriptors for the store. */
  readonly connectionsMax: number;
  /** From the accept until the protocol of the connection is known. Guards against connections that never say anything. */
  readonly firstBytesMs: number;
  /** For the headers of an HTTP/1.1 request. */
  readonly headersMs: number;
  /** For a whole request, headers and body. Unary bodies are at most 4 MiB, so this is generous on any link. */
  readonly requestMs: number;
  /** How often HTTP/1.1 connections are looked at for the two bounds above. */
  readonly checkEveryMs: number;
  /** How long an HTTP/1.1 connection is kept for its next request: longer than the 60 s that common proxies keep theirs. */
  readonly keepAliveMs: number;
  /** After this long without a frame an HTTP/2 connection is asked to go; a gRPC client opens another when it needs one. */
  readonly idleSessionMs: number;
  /** Size of the headers of a request. Holds a Connect GET with a message of several thousand characters. */
  readonly headerBytesMax: number;
  /** Calls at once on one HTTP/2 connection. A watch is one call. */
  readonly streamsMax: number;
  /** Memory one HTTP/2 connection may hold, in megabytes as Node counts them. */
  readonly sessionMegabytesMax: number;
}

export const LISTENER_BOUNDS: ListenerBounds = {
  connectionsMax: 4_096,
  firstBytesMs: 10_000,
  headersMs: 10_000,
  requestMs: 60_000,
  checkEveryMs: 5_000,
  keepAliveMs: 65_000,
  idleSessionMs: 30 * 60_000,
  headerBytesMax: 16 * 1024,
  streamsMax: 1_000,
  sessionMegabytesMax: 32,
};

/** Largest message that is read, in bytes: four times a full batch of 1000 outcomes, and what gRPC clients allow by default. */
export const REQUEST_BYTES_MAX = 4 * 1024 * 1024;

/** Largest message that is sent, in bytes: above any full page, below what would stall the event loop. */
export const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;

/** Largest timeout a caller may ask for, in milliseconds: one day. Timers of Node overflow at 24.8 days. */
export const CALL_TIMEOUT_MS_MAX = 24 * 60 * 60_000;

/** When a caller that was sent away should come back, in milliseconds: about the time of a restart. */
export const DRAIN_RETRY_AFTER_MS = 1_000;

/** How JSON is read: a field that nobody knows is a mistake of the caller. */
export const JSON_OPTIONS = { ignoreUnknownFields: false } as const;
