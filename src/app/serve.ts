import { createLog } from "../platform/log.ts";
import { createPlatform } from "../platform/platform.ts";
import { EndpointError, PortInUseError } from "../rpc/server/listener.ts";
import { StoreOpenError } from "../store/store-error.ts";
import { startApp } from "./app.ts";
import { gatherOptions, parseOptions } from "./options.ts";
import { OptionsError } from "./options-error.ts";

/** Exit codes of the daemon; those below 10 are shared with the other commands. */
export const SERVE_EXIT_CODE = {
  ok: 0,
  failed: 1,
  usage: 2,
  portInUse: 10,
  unreadable: 11,
  damaged: 11,
  locked: 12,
  newer: 13,
} as const;

export interface ServeIo {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  readonly readFile: (path: string) => string;
  readonly exists: (path: string) => boolean;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Called once, after the ready line. */
  readonly onReady: () => void;
  /** Takes what to do whenever the daemon is told to read its files again. */
  readonly onHangup: (reload: () => void) => void;
  /** Settles when the daemon is told to go down. */
  readonly untilTold: () => Promise<string>;
}

/** Runs the daemon until it is told to stop; answers the exit code. What keeps it from starting is one line on stderr. */
export async function serve(io: ServeIo): Promise<number> {
  try {
    const values = await gatherOptions(io);
    const options = parseOptions(values, {
      isTerminal: io.isTerminal,
      env: io.env,
      exists: io.exists,
    });
    const log = createLog({
      level: options.logLevel,
      format: options.logFormat,
      write: io.stderr,
      nowMs: () => Date.now(),
    });
    const told = io.untilTold();
    const app = await startApp(options, createPlatform(log));
    io.onHangup(() => void app.reload());
    const bootMs = Math.round(performance.now());
    io.stdout(
      `attuned ready agents=${app.agentsUrl} management=${app.managementUrl} revision=${app.revision} boot_ms=${bootMs}\n`,
    );
    io.onReady();
    log.info("draining", { signal: await told });
    const failures = await app.stop();
    log.info("stopped", { failures: failures.length });
    return failures.length === 0 ? SERVE_EXIT_CODE.ok : SERVE_EXIT_CODE.failed;
  } catch (error) {
    io.stderr(`attuned: ${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof OptionsError) return SERVE_EXIT_CODE.usage;
  if (error instanceof PortInUseError) return SERVE_EXIT_CODE.portInUse;
  if (error instanceof EndpointError) return SERVE_EXIT_CODE.failed;
  if (error instanceof StoreOpenError) return SERVE_EXIT_CODE[error.problem];
  return SERVE_EXIT_CODE.failed;
}
