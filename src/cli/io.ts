import type { Transport } from "@connectrpc/connect";

/** Where text goes. A Node stream is one. */
export interface TextSink {
  write(text: string): unknown;
  /** True where a person looks on; progress bars are drawn only there. */
  readonly isTTY?: boolean | undefined;
}

/** Where bytes come from. A Node stream is one. */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  /** Ends a read that waits, for example for a person to type. */
  destroy?(): unknown;
}

/** Everything that a command touches of the world, so that it can be run inside a test. */
export interface CliIo {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: ByteSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether stdout is a terminal. */
  readonly isTty: boolean;
  /** Width of the terminal in characters; 0 where it is not known. */
  readonly columns: number;
  /** Aborted when the person gives up. */
  readonly signal: AbortSignal;
  /** Used instead of a connection to `--address`. */
  readonly transport?: Transport;
}
