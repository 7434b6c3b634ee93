import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const root = resolve(import.meta.dirname, "../..");

/** How a process ended. A process that a signal killed has no code. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DaemonOptions {
  /** Keeps the store of an earlier daemon; without it a fresh directory that goes away with the daemon. */
  readonly dataDir?: string;
  /** Further flags of `attuned serve`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What runs instead of the command behind `npm start`, for example npm itself. */
  readonly command?: readonly string[];
}

/** A daemon that printed its ready line. Dispose of it with `await using`, or call `kill`. */
export interface Daemon extends AsyncDisposable {
  readonly agentsUrl: string;
  readonly managementUrl: string;
  readonly dataDir: string;
  readonly readyLine: string;
  /** As the daemon measured it, from the start of its process. */
  readonly bootMs: number;
  /** The process that was spawned, which is npm's where npm was. Leader of its own process group. */
  readonly pid: number;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Sends a signal and answers how it ended. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** Sends a signal to the whole process group, as a terminal does, and answers how it ended. */
  stopGroup(signal?: NodeJS.Signals): Promise<Exit>;
  /** Ends it at once, as a crash does, and answers when it is gone. The directory stays. */
  kill(): Promise<Exit>;
  /** Settles when it ends, whyever. */
  readonly exit: Promise<Exit>;
}

const READY =
  /^attuned ready agents=(http:\/\/\S+) management=(http:\/\/\S+) revision=(\d+) boot_ms=(\d+)$/;
const READY_TIMEOUT_MS = 30_000;
const EXIT_TIMEOUT_MS = 45_000;

/** The command that `npm start` runs, with this Node. */
const startCommand: readonly string[] = (() => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const [node, ...words] = String(manifest.scripts.start).split(" ");
  if (node !== "node") throw new Error(`npm start runs ${node}, these tests expect node`);
  return [process.execPath, ...words];
})();

/** Process groups that are still there when the tests end go down with them. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});

/** Starts the daemon on free ports and waits for its ready line. Rejects with its stderr when it ends first. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "attuned-test-"));
  const isOwnDir = options.dataDir === undefined;
  const command = [...(options.command ?? startCommand), ...serveFlags(dataDir, options.args)];
  const { child, exit, output } = launch(command, options.env);
  const readyLine = await untilReady(child, exit);
  const [, agentsUrl = "", managementUrl = "", , bootMs = ""] = READY.exec(readyLine) ?? [];
  if (agentsUrl === "") throw new Error(`not a ready line: ${readyLine}`);
  const end = (deliver: () => void) => {
    if (child.exitCode === null && child.signalCode === null) deliver();
    return bounded(exit, child);
  };
  return {
    agentsUrl,
    managementUrl,
    dataDir,
    readyLine,
    bootMs: Number(bootMs),
    pid: child.pid ?? 0,
    exit,
    stderr: () => output.stderr,
    stop: (signal = "SIGTERM") => end(() => child.kill(signal)),
    stopGroup: (signal = "SIGTERM") => end(() => signalGroup(child, signal)),
    kill: () => end(() => signalGroup(child, "SIGKILL")),
    async [Symbol.asyncDispose]() {
      await end(() => signalGroup(child, "SIGKILL"));
      if (isOwnDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Runs a command of attuned until it ends: one that fails to start, or one of the command line. */
export async function runAttuned(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly node?: string } = {},
): Promise<Exit> {
  const command = [options.node ?? process.execPath, join(root, "bin/attuned.js"), ...args];
  const { child, exit } = launch(command, options.env);
  return bounded(exit, child);
}

/** Flags of a daemon in a directory on free ports. */
export function serveFlags(dataDir: string, more: readonly string[] = []): readonly string[] {
  const ports = ["--listen", "127.0.0.1:0", "--management", "127.0.0.1:0"];
  return [...ports, "--data-dir", dataDir, ...more];
}

/** Resident memory of a process in bytes, as Linux counts it. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

interface Launched {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly output: { stdout: string; stderr: string };
}

function launch(command: readonly string[], env: Readonly<Record<string, string>> = {}): Launched {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inheritedEnv(), ...env },
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const exit = new Promise<Exit>((settle, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      running.delete(child);
      settle({ code, signal, ...output });
    });
  });
  return { child, exit, output };
}

/** The environment of the tests, without what would configure the daemon. */
function inheritedEnv(): Record<string, string | undefined> {
  const isOurs = (name: string) => name.startsWith("ATTUNED_") || name.startsWith("KUBERNETES_");
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
}

async function untilReady(child: ChildProcess, exit: Promise<Exit>): Promise<string> {
  if (!child.stdout) throw new Error("the daemon has no stdout");
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<string>((settle) => {
    lines.on("line", (line) => {
      if (line.startsWith("attuned ready ")) settle(line);
    });
  });
  const ended = exit.then((end) => {
    throw new Error(`the daemon ended with ${end.code ?? end.signal}: ${end.stderr}`);
  });
  try {
    return await within(Promise.race([ready, ended]), READY_TIMEOUT_MS, "the ready line");
  } catch (error) {
    signalGroup(child, "SIGKILL");
    throw error;
  } finally {
    ended.catch(() => undefined);
  }
}

/** A process that does not end in time is killed, and that is an error. */
async function bounded(exit: Promise<Exit>, child: ChildProcess): Promise<Exit> {
  try {
    return await within(exit, EXIT_TIMEOUT_MS, "the end of the process");
  } catch (error) {
    signalGroup(child, "SIGKILL");
    throw error;
  }
}

async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // The group is gone already: what was wanted.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
