import type { ConnectRouter } from "@connectrpc/connect";
import { createRouterTransport } from "@connectrpc/connect";
import { runCli } from "../../src/cli/cli.ts";
import type { CliIo } from "../../src/cli/io.ts";

/** What a command line wrote and how it ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test sets of the world; the rest is a plain pipe without a daemon. */
export interface CliWorld {
  /** The services of the daemon; without them the command connects to its address. */
  readonly daemon?: (router: ConnectRouter) => void;
  readonly env?: CliIo["env"];
  readonly isTty?: boolean;
  readonly columns?: number;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** Runs a command line. A string is split at its spaces. */
export async function cli(
  line: string | readonly string[],
  world: CliWorld = {},
): Promise<CliResult> {
  const written = { stdout: "", stderr: "" };
  const code = await runCli(typeof line === "string" ? words(line) : line, {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    stdin: chunks(world.stdin ?? ""),
    env: world.env ?? { LANG: "en_US.UTF-8" },
    isTty: world.isTty ?? false,
    columns: world.columns ?? 0,
    signal: world.signal ?? new AbortController().signal,
    ...(world.daemon === undefined ? {} : { transport: createRouterTransport(world.daemon) }),
  });
  return { code, ...written };
}

function words(line: string): readonly string[] {
  return line.split(" ").filter((word) => word !== "");
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
