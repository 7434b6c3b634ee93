/** Exit codes of the commands that talk to a daemon. Codes from 10 belong to `serve`. */
export const EXIT_CODE = {
  /** It worked. */
  ok: 0,
  /** It did not: something was rejected, a file could not be read, the daemon is not serving. */
  failed: 1,
  /** The command line itself is wrong; nothing was sent. */
  usage: 2,
  /** No daemon answered. */
  unreachable: 3,
  /** The daemon answered with an error status. */
  refused: 4,
} as const;
