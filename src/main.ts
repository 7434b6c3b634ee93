import { existsSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { OptionSpec } from "./app/option-table.ts";
import { OPTION_NAMES, OPTION_TABLE } from "./app/option-table.ts";
import { VERSION } from "./app/version.ts";

/** After the ready line and the first calls that wait for it, in milliseconds. */
const START_UP_GC_DELAY_MS = 1000;
/** How much the heap may grow between two collections of all of it, in percent of what is alive: by itself V8 lets it double and more. */
const HEAP_GROWTH_PERCENT = 30;
/** Any length does; a seldom one costs nothing. */
const KEEP_ALIVE_MS = 60 * 60 * 1000;

/** The command line: the daemon's own commands here, every other command through the public RPCs. Only this file touches the process. */
export async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  process.exitCode = await run(argv);
}

async function run(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === "--version" || command === "version") {
    process.stdout.write(`attuned ${VERSION} (node ${process.version})\n`);
    return 0;
  }
  if (command === "--warm-up") return warmUp();
  if (command === "serve")
    return rest.some((word) => word === "--help" || word === "-h") ? serveHelp() : runServe(rest);
  if (command === "config" && (rest[0] === "print" || rest[0] === "check"))
    return runConfig(rest[0], rest.slice(1));
  if (command === "store") return runStore(rest);
  if (command === "keys") return runKeys(rest);
  return runCommand(argv);
}

/**
 * Loads the program once after an install, so that the types are stripped and the code is compiled into the cache: the first start
 * is then as quick and as small as every other. Never fails the install.
 */
async function warmUp(): Promise<number> {
  await Promise.all([import("./app/serve.ts"), import("./cli/cli.ts")]).catch(() => undefined);
  return 0;
}

async function runServe(argv: readonly string[]): Promise<number> {
  // Timers of the daemon do not keep the process alive. While it waits for a locked store, or for a step of its way down, there
  // may be nothing else, and Node would end the process with a code of its own.
  setInterval(() => undefined, KEEP_ALIVE_MS);
  // Before the daemon serves there is nothing to read again, and no reason to end either.
  let onHangup = () => {};
  process.on("SIGHUP", () => onHangup());
  const { serve } = await import("./app/serve.ts");
  const code = await serve({
    argv,
    env: process.env,
    isTerminal: process.stderr.isTTY === true,
    readFile: (path) => readFileSync(path, "utf8"),
    stdout: (text) => process.stdout.write(text),
    onReady: () => {
      setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
      returnStartUpMemory();
    },
    stderr: (text) => process.stderr.write(text),
    exists: existsSync,
    onHangup: (reload) => {
      onHangup = reload;
    },
    untilTold: signalled,
  });
  // Connections of callers that do not hang up must not keep a drained daemon alive.
  process.exit(code);
}

/**
 * Collects the garbage of the start once, a moment after it: what loading the program left behind is half of what an idle daemon
 * would otherwise keep.
 */
function returnStartUpMemory(): void {
  setTimeout(() => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    // The last resort gives pages back to the system; an ordinary collection keeps them for the heap to grow into.
    if (typeof collect === "function") collect({ type: "major", flavor: "last-resort" });
  }, START_UP_GC_DELAY_MS).unref();
}

/** Settles with the name of the first signal to go down. A second one ends the process at once. */
function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      let count = 0;
      process.on(signal, () => {
        count += 1;
        // npm and a terminal both pass a signal on, so that it arrives twice at once: only a later one is impatience.
        if (count === 1) resolve(signal);
        else if (count > 2) process.exit(1);
      });
    }
  });
}

async function runConfig(action: "print" | "check", argv: readonly string[]): Promise<number> {
  const { OptionsError } = await import("./app/options-error.ts");
  const { gatherOptions, parseOptions, printOptions } = await import("./app/options.ts");
  try {
    const values = await gatherOptions({
      argv,
      env: process.env,
      readFile: (path) => readFileSync(path, "utf8"),
    });
    const options = parseOptions(values, {
      isTerminal: false,
      env: process.env,
      exists: existsSync,
    });
    if (action === "check") return checkConfig(options.configDir);
    process.stdout.write(printOptions(values));
    return 0;
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    process.stderr.write(`attuned: ${error.message}\n`);
    return 2;
  }
}

async function checkConfig(configDir: string | undefined): Promise<number> {
  process.stdout.write("the options are valid\n");
  if (configDir === undefined) return 0;
  const { checkConfigDir } = await import("./app/config-dir-check.ts");
  const { problems, summary } = await checkConfigDir(configDir);
  if (problems.length === 0) process.stdout.write(`${summary}\n`);
  for (const problem of problems) process.stderr.write(`attuned: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

async function runStore(argv: readonly string[]): Promise<number> {
  const { storeCommand } = await import("./app/store-command.ts");
  // A reader that goes away, such as `head`, ends the command without a trace.
  process.stdout.on("error", () => process.exit(0));
  return storeCommand({
    argv,
    env: process.env,
    stdout: (text) =>
      new Promise((resolve) => {
        if (process.stdout.write(text)) resolve();
        else process.stdout.once("drain", resolve);
      }),
    stderr: (text) => process.stderr.write(text),
  });
}

async function runKeys(argv: readonly string[]): Promise<number> {
  const { keysCommand } = await import("./app/keys-command.ts");
  return keysCommand({
    argv,
    env: process.env,
    nowMs: Date.now(),
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  });
}

async function runCommand(argv: readonly string[]): Promise<number> {
  const { runCli } = await import("./cli/cli.ts");
  const givenUp = new AbortController();
  process.once("SIGINT", () => givenUp.abort());
  // A reader that goes away, such as `head`, ends the command without a trace.
  process.stdout.on("error", () => process.exit(0));
  return runCli(argv, {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env: process.env,
    isTty: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 0,
    signal: givenUp.signal,
  });
}

function serveHelp(): number {
  const rows = OPTION_NAMES.map((name) => {
    const spec: OptionSpec = OPTION_TABLE[name];
    return [
      `--${spec.flag} ${spec.valueName}`,
      spec.summary + (spec.fallback ? ` (default ${spec.fallback})` : ""),
    ] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  process.stdout.write(
    `attuned serve - run the daemon\n\nOptions (each also as a variable, such as ATTUNED_DATA_DIR, and in the --config file):\n${rows
      .map(([flag, summary]) => `  ${flag.padEnd(width)}  ${summary}\n`)
      .join("")}\nExample: attuned serve --listen 127.0.0.1:8713 --data-dir ./data\n`,
  );
  return 0;
}
